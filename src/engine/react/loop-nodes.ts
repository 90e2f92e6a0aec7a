import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { activeMessages } from "#engine/nodes/messages.ts";
import { delegate, isDelegation, mayDelegate } from "#engine/react/delegation.ts";
import { isMemoryCall, remember } from "#engine/react/memory-tools.ts";
import { addMessage, observationText } from "#engine/react/messages.ts";
import { agentPrompt } from "#engine/react/prompt.ts";
import { textCalls, withoutCalls } from "#engine/react/text-calls.ts";
import { addTrace } from "#engine/react/traces.ts";

/*
 * One turn: `reason` asks the model, `parse` reads its answer, `act` carries out what it asked for, `observe` tells it what came of it.
 * Everything between two turns is in the vars, so that a run goes on after a crash at any point.
 */
const statePath = ["_temp", "react"];

const init: NodeDefinition = {
  run({ execution }) {
    const task = execution.vars.peek("context", "task");
    addMessage(execution, { role: "user", content: task ?? "" }, "agent_turn");
    execution.vars.set(["scratchpad", "iteration"], 0);
    return { kind: "record", record: {} };
  },
};

const reason: NodeDefinition = {
  run({ execution }) {
    takeInbox(execution);
    const { vars } = execution;
    const iteration = (numberOf(vars.peek("scratchpad", "iteration")) ?? 0) + 1;
    vars.set(["scratchpad", "iteration"], iteration);
    const maxIterations = numberOf(vars.peek("scratchpad", "max_iterations")) ?? 50;
    // After the last turn with tools comes one more without, so that every agent ends with an answer.
    const tools = iteration > maxIterations ? [] : toolSpecs(execution);
    const payload: JsonObject = {
      messages: activeMessages(vars.root).map(forModel),
      system_prompt: agentPrompt(vars.root, { iteration, maxIterations, hasTools: tools.length > 0 }),
      params: modelParams(vars.root),
    };
    for (const name of ["provider", "model"]) {
      const value = vars.peek("_runtime", name);
      if (typeof value === "string" && value) payload[name] = value;
    }
    if (tools.length > 0) payload["tools"] = tools;
    const attachments = vars.read("context", "attachments");
    if (Array.isArray(attachments) && attachments.length > 0) payload["media"] = attachments;
    return { kind: "effect", type: "llm_call", payload };
  },
  outputs: once,
};

const parse: NodeDefinition = {
  run({ execution }) {
    const { vars } = execution;
    const result = vars.peek("_temp", "effects", "reason");
    const reply = isObject(result) ? result : {};
    const content = typeof reply["content"] === "string" ? reply["content"] : "";
    addTrace(execution, "reason", { type: "llm_call" }, reply);
    const native = (Array.isArray(reply["tool_calls"]) ? reply["tool_calls"] : []).filter(isObject);
    const written = native.length > 0 ? [] : textCalls(content, new Set(allowedTools(execution)));
    const calls = (native.length > 0 ? native : written).map((call, index) => numbered(execution, call, index));
    const isOver = turn(execution) > (numberOf(vars.peek("scratchpad", "max_iterations")) ?? 50);
    if (calls.length === 0 || isOver) {
      vars.set([...statePath, "answer"], written.length > 0 ? withoutCalls(content) : content);
      return { kind: "record", record: {}, handle: "done" };
    }
    const thought = written.length > 0 ? withoutCalls(content) : content;
    vars.set(statePath, { thought, calls, results: [], at: 0 });
    return { kind: "record", record: {}, handle: "act" };
  },
};

/** Calls of ordinary tools that follow each other are one effect; a question to the user is one of its own. */
const act: NodeDefinition = {
  run({ execution }) {
    const { calls, at } = state(execution);
    const first = calls[at] ?? {};
    if (isQuestion(first)) return askUser(first);
    if (isAllowedMemory(execution, first)) return remember(first);
    if (isOwn(execution, first)) return delegate(execution, first, allowedTools(execution));
    const group = groupAt(execution, calls, at);
    return {
      kind: "effect",
      type: "tool_calls",
      payload: { tool_calls: group, allowed_tools: allowedTools(execution) },
    };
  },
  outputs: once,
};

const observe: NodeDefinition = {
  run({ execution }) {
    const { vars } = execution;
    const { calls, at, results, thought } = state(execution);
    const outcome = vars.peek("_temp", "effects", "act");
    const first = calls[at] ?? {};
    const group = isOwn(execution, first) ? [first] : groupAt(execution, calls, at);
    const fresh = isQuestion(first) ? [answered(first, outcome)] : resultsOf(outcome, group);
    if (!isQuestion(first))
      addTrace(execution, "act", { type: "tool_calls", payload: { tool_calls: group } }, { results: fresh });
    const done = [...results, ...fresh];
    if (at + group.length < calls.length) {
      vars.set([...statePath, "results"], done);
      vars.set([...statePath, "at"], at + group.length);
      return { kind: "record", record: {}, handle: "act" };
    }
    addMessage(execution, { role: "assistant", content: thought, tool_calls: calls }, "agent_turn");
    for (const [index, call] of calls.entries()) {
      const content = observationText(done[index] ?? {});
      const message = { role: "tool", content, tool_call_id: call["call_id"] ?? "", name: call["name"] ?? "" };
      addMessage(execution, message, "tool_observation");
    }
    vars.append(["scratchpad", "cycles"], { thought, tool_calls: calls, observations: done });
    vars.delete(statePath);
    return { kind: "record", record: {}, handle: "reason" };
  },
};

const done: NodeDefinition = {
  run({ execution }) {
    const { vars } = execution;
    const answer = pyStr(vars.peek(...statePath, "answer") ?? "");
    addMessage(execution, { role: "assistant", content: answer }, "agent_turn");
    const cycles = (vars.read("scratchpad", "cycles") ?? []) as JsonObject[];
    return {
      kind: "end",
      output: {
        answer,
        iterations: turn(execution),
        messages: vars.read("context", "messages") ?? [],
        tool_calls: cycles.flatMap((cycle) => cycle["tool_calls"] as JsonObject[]),
        tool_results: cycles.flatMap((cycle) => cycle["observations"] as JsonObject[]),
        node_traces: vars.read("_runtime", "node_traces") ?? {},
        success: true,
      },
    };
  },
};

/** The result is in the vars at its result key; nobody reads pins of these nodes. */
function once(): Value {
  return null;
}

interface TurnState {
  thought: string;
  calls: JsonObject[];
  results: JsonObject[];
  /** Index of the first call that is not done. */
  at: number;
}

function state(execution: Execution): TurnState {
  return execution.vars.read(...statePath) as unknown as TurnState;
}

function turn(execution: Execution): number {
  return numberOf(execution.vars.peek("scratchpad", "iteration")) ?? 0;
}

function groupAt(execution: Execution, calls: JsonObject[], at: number): JsonObject[] {
  const rest = calls.slice(at);
  const end = rest.findIndex((call) => isOwn(execution, call));
  return end < 0 ? rest : rest.slice(0, end);
}

/** What the loop carries out itself, one at a time. */
function isOwn(execution: Execution, call: JsonObject): boolean {
  if (isQuestion(call) || isAllowedMemory(execution, call)) return true;
  return isDelegation(call) && allowedTools(execution).includes("delegate_agent");
}

function isAllowedMemory(execution: Execution, call: JsonObject): boolean {
  return isMemoryCall(call) && allowedTools(execution).includes(pyStr(call["name"] ?? ""));
}

function isQuestion(call: JsonObject): boolean {
  return call["name"] === "ask_user" && call["error"] === undefined;
}

function askUser(call: JsonObject): ReturnType<NodeDefinition["run"]> {
  const args = isObject(call["arguments"]) ? call["arguments"] : {};
  const prompt = args["question"] ?? args["prompt"] ?? args["text"] ?? "Please answer:";
  const payload: JsonObject = { prompt: pyStr(prompt), allow_free_text: true };
  if (Array.isArray(args["choices"])) payload["choices"] = args["choices"];
  return { kind: "effect", type: "ask_user", payload };
}

function answered(call: JsonObject, payload: Value | undefined): JsonObject {
  const output = isObject(payload) ? (payload["response"] ?? JSON.stringify(payload)) : null;
  return { call_id: call["call_id"] ?? "", name: call["name"] ?? "", success: true, output, error: null };
}

/** One result per call, in the order of the calls. */
function resultsOf(outcome: Value | undefined, group: JsonObject[]): JsonObject[] {
  const results = isObject(outcome) && Array.isArray(outcome["results"]) ? outcome["results"] : [];
  return group.map((call, index) => {
    const result = results[index];
    if (isObject(result)) return result;
    return {
      call_id: call["call_id"] ?? "",
      name: call["name"] ?? "",
      success: false,
      output: null,
      error: "Missing tool result",
    };
  });
}

function numbered(execution: Execution, call: JsonObject, index: number): JsonObject {
  const id = call["call_id"];
  const callId = typeof id === "string" && id ? id : `call_${turn(execution)}_${index + 1}`;
  const numbered: JsonObject = { name: call["name"] ?? "", arguments: call["arguments"] ?? {}, call_id: callId };
  if (typeof call["error"] === "string") numbered["error"] = call["error"];
  return numbered;
}

function allowedTools(execution: Execution): string[] {
  const names = execution.vars.peek("_runtime", "allowed_tools");
  const allowed = Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
  return mayDelegate(execution.vars.root) ? allowed : allowed.filter((name) => name !== "delegate_agent");
}

function toolSpecs(execution: Execution): JsonObject[] {
  return allowedTools(execution)
    .map((name) => execution.options.toolSpec?.(name))
    .filter((spec) => spec !== undefined && spec !== null);
}

/** Only what a model needs of a stored message. */
function forModel(message: JsonObject): JsonObject {
  const kept: JsonObject = { role: message["role"] ?? "user", content: message["content"] ?? "" };
  for (const name of ["tool_calls", "tool_call_id", "name"]) {
    if (message[name] !== undefined) kept[name] = message[name];
  }
  return kept;
}

function modelParams(vars: JsonObject): JsonObject {
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  const limits = isObject(vars["_limits"]) ? vars["_limits"] : {};
  const params: JsonObject = { temperature: runtime["temperature"] ?? 0.7 };
  for (const name of ["seed", "thinking", "prompt_cache_binding"]) {
    const value = runtime[name];
    if (value !== undefined && value !== null) params[name] = value;
  }
  const maxOutput = numberOf(limits["max_output_tokens"]);
  if (maxOutput !== null && maxOutput > 0) params["max_output_tokens"] = maxOutput;
  return params;
}

/** Guidance that somebody outside gave while the agent works. */
function takeInbox(execution: Execution): void {
  const inbox = execution.vars.read("_runtime", "inbox");
  if (!Array.isArray(inbox) || inbox.length === 0) return;
  execution.vars.set(["_runtime", "inbox"], []);
  for (const entry of inbox) {
    const content = isObject(entry) ? (entry["content"] ?? entry["message"] ?? "") : entry;
    if (content !== null && content !== "")
      addMessage(execution, { role: "user", content: pyStr(content) }, "guidance");
  }
}

export const loopNodes: [string, NodeDefinition][] = [
  ["react_init", init],
  ["react_reason", reason],
  ["react_parse", parse],
  ["react_act", act],
  ["react_observe", observe],
  ["react_done", done],
];
