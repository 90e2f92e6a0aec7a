import { execNodes } from "#engine/nodes/exec-nodes.ts";
import { literalTypes } from "#engine/nodes/node-types.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import type { PlanNode } from "#engine/plan.ts";

export function isKnownNode(type: string): boolean {
  return execNodes.has(type) || pureNodes.has(type) || literalTypes.has(type);
}

/** One sentence per node that will not run in this build. */
export function supportWarnings(nodes: Iterable<PlanNode>): string[] {
  const warnings: string[] = [];
  for (const node of nodes) {
    if (node.kind === "literal") continue;
    const isKnown = node.kind === "pure" ? pureNodes.has(node.type) : execNodes.has(node.type);
    if (!isKnown) warnings.push(`Node '${node.id}' (${node.type}) has a type that this build does not know`);
  }
  return warnings;
}
