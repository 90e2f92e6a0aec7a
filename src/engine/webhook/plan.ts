import { type BuiltInNode, builtInPlan } from "#engine/built-in-plan.ts";
import type { Plan } from "#engine/plan.ts";

const nodes: Record<string, BuiltInNode> = {
  deliver: { type: "webhook_deliver", next: { "exec-out": "judge" } },
  judge: { type: "webhook_judge", next: { later: "wait", done: "end" } },
  wait: { type: "webhook_wait", next: { "exec-out": "deliver" } },
  end: { type: "webhook_end", next: {} },
};

/** The plan of a delivery: an attempt, and waits and attempts until one succeeds or no more are left. */
export function webhookPlan(workflowId: string): Plan {
  return builtInPlan(workflowId, "deliver", nodes);
}
