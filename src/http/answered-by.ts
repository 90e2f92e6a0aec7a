import { type JsonObject, isObject } from "#core/value.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

/** How many records after a wait its answer is looked for in. */
const maxRecords = 50;

/** Who answered a wait, in words, as its resume record tells; null when there is none, or when nobody gave it by a command. */
export async function answererOf(
  ledger: ScopedLedger,
  { runId, waitKey, headSeq }: { runId: string; waitKey: string; headSeq: number },
): Promise<string | null> {
  const records = await ledger.readRecords(runId, headSeq, { limit: maxRecords });
  for (const { json } of records) {
    const { effect, result } = JSON.parse(json) as { effect: JsonObject | null; result: JsonObject | null };
    const payload = effect?.["type"] === "resume" ? effect["payload"] : undefined;
    if (!isObject(payload) || payload["wait_key"] !== waitKey) continue;
    const by = result?.["by"];
    if (!isObject(by)) return null;
    const { principal, client_id: client } = by;
    return `${typeof principal === "string" ? principal : "somebody"}${typeof client === "string" ? ` (${client})` : ""}`;
  }
  return null;
}
