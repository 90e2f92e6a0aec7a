import { type JsonObject, isObject } from "#core/value.ts";
import type { Plan } from "#engine/plan.ts";
import { objectAt } from "#migrate/python/python-run.ts";

const sameAsOurs = new Set(["for", "while", "loop"]);

/**
 * Frames of the control blocks that a run is in, as our engine reads them, or the reason why one of them cannot be read. A sequence's
 * frame counts its branches; which one the run is in follows from the flow, where the node lies in one branch only.
 */
export function convertFrames(vars: JsonObject, plan: Plan, nodeId: string): { frames: JsonObject } | { hold: string } {
  const frames: JsonObject = {};
  for (const [blockId, frame] of Object.entries(objectAt(vars, "_temp", "_control", "frames"))) {
    const block = plan.nodes.get(blockId);
    if (!block || !isObject(frame)) return { hold: `its flow has no block '${blockId}' any more` };
    if (sameAsOurs.has(block.type)) frames[blockId] = frame;
    else {
      const branch = onlyBranchOf(plan, blockId, nodeId);
      if (branch === null)
        return { hold: `it stands between two branches of '${blockId}', and which is next is not stored` };
      frames[blockId] = { kind: block.type, idx: branch + 1 };
    }
  }
  return { frames };
}

/** Position, among the connected `then:` branches, of the only one that leads to a node; null when there is none or more than one. */
function onlyBranchOf(plan: Plan, blockId: string, nodeId: string): number | null {
  const next = plan.nodes.get(blockId)?.next ?? new Map<string, string>();
  const branches = [...next.keys()]
    .filter((handle) => /^then:\d+$/.test(handle))
    .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  const leading = branches.flatMap((handle, index) =>
    leadsTo(plan, next.get(handle) ?? "", { nodeId, blockId }) ? [index] : [],
  );
  return leading.length === 1 ? (leading[0] ?? null) : null;
}

function leadsTo(plan: Plan, from: string, { nodeId, blockId }: { nodeId: string; blockId: string }): boolean {
  const seen = new Set([blockId]);
  const queue = [from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    if (id === nodeId) return true;
    seen.add(id);
    queue.push(...(plan.nodes.get(id)?.next.values() ?? []));
  }
  return false;
}
