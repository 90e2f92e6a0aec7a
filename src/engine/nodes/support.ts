import { execNodes } from "#engine/nodes/exec-nodes.ts";
import { generatedMediaTypes } from "#engine/nodes/media.ts";
import { literalTypes } from "#engine/nodes/node-types.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import type { PlanNode } from "#engine/plan.ts";

/** `needs-effect:<type>`: the node is planned, but nothing in this build carries its effect out. */
export type NodeSupport = "ready" | `needs-effect:${string}` | "unknown";

/** Effects without a handler, by the node types that ask for them. */
const missingEffects = new Map<string, string>(generatedMediaTypes.map((type) => [type, "media"]));

export function nodeSupport(type: string): NodeSupport {
  const effect = missingEffects.get(type);
  if (effect !== undefined) return `needs-effect:${effect}`;
  return execNodes.has(type) || pureNodes.has(type) || literalTypes.has(type) ? "ready" : "unknown";
}

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
  const isKnown = node.kind === "pure" ? pureNodes.has(node.type) : execNodes.has(node.type);
  if (!isKnown) return "has a type that this build does not know";
  const effect = /^needs-effect:(.*)$/.exec(nodeSupport(node.type))?.[1];
  return effect === undefined ? null : `needs the effect '${effect}', which is not available in this build`;
}
