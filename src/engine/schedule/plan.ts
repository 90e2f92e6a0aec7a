import { type BuiltInNode, builtInPlan } from "#engine/built-in-plan.ts";
import type { Plan } from "#engine/plan.ts";

/** Type and exec edges by node id; clients know the ids of the waits and of the child run. */
const nodes: Record<string, BuiltInNode> = {
  start: { type: "schedule_plan", next: { first: "wait_start", next: "wait_interval", done: "end" } },
  wait_start: { type: "schedule_wait", next: { "exec-out": "fire" } },
  wait_interval: { type: "schedule_wait", next: { "exec-out": "fire" } },
  fire: { type: "schedule_fire", next: { run: "run_target", cancel: "cancel_previous", plan: "start" } },
  cancel_previous: { type: "schedule_cancel", next: { "exec-out": "run_target" } },
  run_target: { type: "schedule_run", next: { "exec-out": "after" } },
  after: { type: "schedule_after", next: { plan: "start", pause: "pause" } },
  pause: { type: "schedule_pause", next: { "exec-out": "start" } },
  end: { type: "schedule_end", next: {} },
};

/** The plan of a scheduled run; what it runs and when is in its vars. */
export function schedulePlan(workflowId: string): Plan {
  return builtInPlan(workflowId, "start", nodes);
}
