import { type BuiltInNode, builtInPlan } from "#engine/built-in-plan.ts";
import type { Plan } from "#engine/plan.ts";

const nodes: Record<string, BuiltInNode> = {
  generate: { type: "media_generate", next: { "exec-out": "done" } },
  done: { type: "media_done", next: {} },
};

/** The plan of what a media route starts: one model call, whose payload lies in the vars, and its result as the run's output. */
export function mediaPlan(workflowId: string): Plan {
  return builtInPlan(workflowId, "generate", nodes);
}
