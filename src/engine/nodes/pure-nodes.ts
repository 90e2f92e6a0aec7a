import { messageOf } from "#core/errors.ts";
import { catalogueNodes } from "#engine/nodes/catalogues.ts";
import { contextNodes } from "#engine/nodes/contexts.ts";
import { dataNodes } from "#engine/nodes/data.ts";
import { jsonNodes } from "#engine/nodes/json-nodes.ts";
import { mathNodes } from "#engine/nodes/math.ts";
import { reportNodes } from "#engine/nodes/report.ts";
import { stringNodes } from "#engine/nodes/strings.ts";
import { variableReaders } from "#engine/nodes/variables-pure.ts";
import { NodeError, type PureNode } from "#engine/pure.ts";

/** Every node that is read rather than visited. What they refuse is a `NodeError`. */
export const pureNodes: ReadonlyMap<string, PureNode> = new Map(
  [
    ...mathNodes,
    ...stringNodes,
    ...dataNodes,
    ...jsonNodes,
    ...variableReaders,
    ...catalogueNodes,
    ...contextNodes,
    ...reportNodes,
  ].map(([type, run]): [string, PureNode] => [type, refusing(run)]),
);

/** The value semantics of `core` know no nodes and throw plain errors; the runtime throws its own when memory or stack run out. */
function refusing(run: PureNode): PureNode {
  return (inputs, context) => {
    try {
      return run(inputs, context);
    } catch (error) {
      if (error instanceof NodeError) throw error;
      if (error instanceof RangeError) throw new NodeError("the value is too large or nested too deeply");
      throw new NodeError(messageOf(error));
    }
  };
}
