import type { Value } from "#core/value.ts";
import type { PlanNode } from "#engine/plan.ts";

/** A node while the plan is being made. */
export interface DraftNode extends PlanNode {
  sources: Map<string, { node: string; pin: string }>;
  defaults: Map<string, Value>;
  next: Map<string, string>;
  referenced: Set<string>;
}

export type DraftNodes = Map<string, DraftNode>;
