import { contextNodes } from "#engine/nodes/contexts.ts";
import { dataNodes } from "#engine/nodes/data.ts";
import { mathNodes } from "#engine/nodes/math.ts";
import { stringNodes } from "#engine/nodes/strings.ts";
import { variableReaders } from "#engine/nodes/variables-pure.ts";
import type { PureNode } from "#engine/pure.ts";

/** Every node that is read rather than visited. */
export const pureNodes: ReadonlyMap<string, PureNode> = new Map([
  ...mathNodes,
  ...stringNodes,
  ...dataNodes,
  ...variableReaders,
  ...contextNodes,
]);
