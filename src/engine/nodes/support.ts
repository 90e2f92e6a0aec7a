import { effectOfLater, isUnavailable } from "#engine/nodes/later.ts";
import { execNodes } from "#engine/nodes/exec-nodes.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import type { PlanNode } from "#engine/plan.ts";

/** One sentence per node that will not run in this build. */
export function supportWarnings(nodes: Iterable<PlanNode>): string[] {
  const warnings: string[] = [];
  for (const node of nodes) {
    const problem = problemOf(node);
    if (problem) warnings.push(`Node '${node.id}' (${node.type}) ${problem}`);
  }
  return warnings;
}

function problemOf(node: PlanNode): string | null {
  if (node.kind === "literal") return null;
  if (node.kind === "pure") return pureNodes.has(node.type) ? null : "has a type that this build does not know";
  if (!execNodes.has(node.type)) return "has a type that this build does not know";
  if (isUnavailable(node.type)) return "is not available in this build and fails when the run reaches it";
  const effect = effectOfLater(node.type);
  return effect ? `needs the effect '${effect}', which is not available in this build` : null;
}
