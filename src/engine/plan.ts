import type { Flow, Pin } from "#core/flow.ts";
import type { JsonObject, Value } from "#core/value.ts";

/** A flow compiled for interpretation: lookups instead of searches, multi-entry joins lowered, unreachable nodes dropped. Immutable and shared by all runs. */
export interface Plan {
  workflow_id: string;
  /** The flow's own id, without the bundle prefix. */
  flow_id: string;
  entry: string;
  nodes: ReadonlyMap<string, PlanNode>;
  /** Literal node outputs, installed before the first step. */
  literals: ReadonlyMap<string, Value>;
  /** `on_event` nodes of the flow: each becomes a listener child run of a root run. */
  listeners: readonly { node_id: string; workflow_id: string }[];
  /** Start pins of the flow, for input_data and the start form. */
  inputs: readonly Pin[];
  /** Sentences for the bundle detail: nodes whose capability is missing, unreachable nodes, tolerated oddities. */
  warnings: readonly string[];
}

export type NodeKind = "exec" | "pure" | "literal";

export interface PlanNode {
  id: string;
  type: string;
  kind: NodeKind;
  label: string;
  inputs: readonly Pin[];
  outputs: readonly Pin[];
  /** Data edges into this node, by target pin. */
  sources: ReadonlyMap<string, { node: string; pin: string }>;
  defaults: ReadonlyMap<string, Value>;
  /** Exec edges out of this node, by source handle. */
  next: ReadonlyMap<string, string>;
  /** `data` of the document: configs by name (effectConfig, literalValue, switchConfig, …). */
  data: JsonObject;
  /** The outgoing pins that some edge reads (legacy outputs are only made when somebody reads them). */
  referenced: ReadonlySet<string>;
}

/** Exported by `engine/compile.ts`. Throws AppError `unprocessable` with the node and the reason when the flow cannot be run at all. */
export type Compile = (flow: Flow, options?: { entry?: string; workflowId?: string }) => Plan;
