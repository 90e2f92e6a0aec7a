import type { JsonObject, Value } from "#core/value.ts";

/** A VisualFlow document after reading: junk dropped, `NodeType.X` prefixes stripped, edges without handles removed. */
export interface Flow {
  id: string;
  name: string;
  description: string;
  interfaces: string[];
  nodes: FlowNode[];
  edges: FlowEdge[];
  entryNode: string | null;
}

export interface FlowNode {
  id: string;
  type: string;
  /** `data` of the editor: pins, pinDefaults, configs. Kept as it is; the compiler reads what it needs. */
  data: JsonObject;
}

export interface FlowEdge {
  source: string;
  sourceHandle: string;
  target: string;
  targetHandle: string;
}

export interface Pin {
  id: string;
  label: string;
  type: string;
  schema?: Value;
}
