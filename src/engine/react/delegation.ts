import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import type { NodeResult } from "#engine/nodes/definition.ts";

/** An agent hands a part of its task to an agent of its own: a child run of the same loop, whose answer is the tool's result. */
export const delegateAgentSpec: JsonObject = {
  name: "delegate_agent",
  description:
    "Gives a part of the task to another agent, which works on it by itself with its own turns and answers. It knows nothing of this conversation: say everything it needs.",
  parameters: {
    task: { type: "string", description: "What to do, complete in itself" },
    context: { type: "string", description: "What it must know besides", default: null },
    tools: {
      type: "array",
      description: "Names of the tools that it may use, of those that you have; all when left out",
      items: { type: "string" },
      default: null,
    },
  },
  required_args: ["task"],
  toolset: "agents",
};

/** Agents of agents of agents: each level multiplies what a mistake costs. */
const maxDepth = 2;
const maxIterations = 20;

export function isDelegation(call: JsonObject): boolean {
  return call["name"] === delegateAgentSpec["name"] && call["error"] === undefined;
}

/** Whether the agent may delegate; one that was delegated to deeply enough may not. */
export function mayDelegate(vars: JsonObject): boolean {
  return depthOf(vars) < maxDepth;
}

/** Starts the agent's agent. Its result comes in the shape of a tool's (contract flow-runtime 3.11). */
export function delegate(execution: Execution, call: JsonObject, allowed: string[]): NodeResult {
  const { root } = execution.vars;
  const args = isObject(call["arguments"]) ? call["arguments"] : {};
  const runtime = isObject(root["_runtime"]) ? root["_runtime"] : {};
  const asked = Array.isArray(args["tools"]) ? args["tools"] : allowed;
  const own = numberOf(execution.vars.peek("scratchpad", "max_iterations")) ?? maxIterations;
  const { inbox: _, node_traces: __, pending_media: ___, depth: ____, ...inherited } = runtime;
  const vars: JsonObject = {
    context: { task: taskOf(args), messages: [] },
    scratchpad: { iteration: 0, max_iterations: Math.min(own, maxIterations) },
    _runtime: {
      ...inherited,
      inbox: [],
      allowed_tools: allowed.filter((name) => asked.includes(name)),
      delegation_depth: depthOf(root) + 1,
    },
    _limits: isObject(root["_limits"]) ? root["_limits"] : {},
  };
  const payload: JsonObject = {
    workflow_id: execution.plan.workflow_id,
    vars,
    async: true,
    wait: true,
    wrap_as_tool_result: true,
    tool_name: "delegate_agent",
    call_id: call["call_id"] ?? "",
  };
  return { kind: "effect", type: "start_subworkflow", payload };
}

function taskOf({ task, context }: JsonObject): Value {
  const told = typeof context === "string" && context.trim() ? `\n\nWhat you must know:\n${context}` : "";
  return `${pyStr(task ?? "")}${told}`;
}

function depthOf(vars: JsonObject): number {
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  return numberOf(runtime["delegation_depth"]) ?? 0;
}
