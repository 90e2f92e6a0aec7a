import type { Plan, PlanNode } from "#engine/plan.ts";

/** Type and exec edges of a node. */
export interface BuiltInNode {
  type: string;
  next: Record<string, string>;
}

/** A plan that no flow describes: what its nodes need lies in the vars of the run. */
export function builtInPlan(workflowId: string, entry: string, nodes: Record<string, BuiltInNode>): Plan {
  return {
    workflow_id: workflowId,
    flow_id: workflowId,
    entry,
    nodes: new Map(Object.entries(nodes).map(([id, node]) => [id, planNode(id, node)])),
    literals: new Map(),
    listeners: [],
    inputs: [],
    warnings: [],
  };
}

function planNode(id: string, { type, next }: BuiltInNode): PlanNode {
  return {
    id,
    type,
    kind: "exec",
    label: id,
    inputs: [],
    outputs: [],
    sources: new Map(),
    defaults: new Map(),
    next: new Map(Object.entries(next)),
    data: {},
    referenced: new Set(),
  };
}
