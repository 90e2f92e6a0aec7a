import { type BuiltInNode, builtInPlan } from "#engine/built-in-plan.ts";
import type { Plan } from "#engine/plan.ts";

/** Every agent node has a loop of its own by name, so that its runs can be told apart; what it does is the same for all. */
export const agentLoopPrefix = "visual_react_agent_";

/** Type and exec edges of the loop's nodes, by id. */
const loop: Record<string, BuiltInNode> = {
  init: { type: "react_init", next: { "exec-out": "reason" } },
  reason: { type: "react_reason", next: { "exec-out": "parse" } },
  parse: { type: "react_parse", next: { act: "act", done: "done" } },
  act: { type: "react_act", next: { "exec-out": "observe" } },
  observe: { type: "react_observe", next: { act: "act", reason: "reason" } },
  done: { type: "react_done", next: {} },
};

/** Reason, act, observe: the plan of an agent's child run. */
export function agentLoopPlan(workflowId: string): Plan {
  return builtInPlan(workflowId, "init", loop);
}
