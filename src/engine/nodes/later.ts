import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

/** Nodes of the reference that this build cannot run at all: they fail where the run reaches them. */
export const unavailableTypes: readonly string[] = ["memact_compose"];

function missing(type: string): NodeDefinition {
  return {
    run() {
      throw new NodeError(`'${type}' nodes are not available in this build`);
    },
  };
}

export const laterNodes: [string, NodeDefinition][] = unavailableTypes.map((type) => [type, missing(type)]);
