import type { Effect } from "#core/effect.ts";
import { canonicalJson } from "#core/json.ts";

/** The visit number lets a loop repeat an unchanged effect; the rest makes two effects that differ differ. */
export function effectKey(of: { runId: string; nodeId: string; effect: Effect; visitNumber: number }): string {
  const text = canonicalJson({
    effect_payload: of.effect.payload,
    effect_type: of.effect.type,
    node_id: of.nodeId,
    run_id: of.runId,
    visit: of.visitNumber,
  });
  return Bun.SHA256.hash(text, "hex").slice(0, 32);
}
