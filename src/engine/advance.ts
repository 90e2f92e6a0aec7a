import type { AnsweredBy } from "#core/command.ts";
import type { EffectOutcome } from "#core/effect.ts";
import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { isoTime } from "#core/time.ts";
import { enclosing, forgetReturn, markReturn } from "#engine/control.ts";
import { effectKey } from "#engine/effect-key.ts";
import type { Advance, EndRun, Execution, Input, PendingEffect, Step } from "#engine/engine.ts";
import { kernelEffects, runKernelEffect } from "#engine/kernel-effects.ts";
import { execNodes } from "#engine/nodes/exec-nodes.ts";
import type { NodeResult } from "#engine/nodes/definition.ts";
import type { PlanNode } from "#engine/plan.ts";
import { resolveInputs, resolveOrEmpty } from "#engine/reading.ts";
import { append, appendEnd, appendStarted, appendTerminalStatus } from "#engine/records.ts";

/** The interpreter: one visit after the other until the world is needed, the run is over or the budget is used up. */
export const advance: Advance = (execution, input, budget) => {
  let step = enter(execution, input);
  const before = execution.records.length;
  for (let visits = 0; !step; visits++) {
    const records = execution.records.length - before;
    if (visits >= budget.maxNodes || records >= budget.maxRecords || execution.now() >= budget.untilMs) {
      return { kind: "yield" };
    }
    step = visit(execution);
  }
  return step;
};

export const endRun: EndRun = (execution, status) => {
  execution.pending = null;
  execution.wait = null;
  appendTerminalStatus(execution, status);
};

function enter(execution: Execution, input: Input): Step | null {
  switch (input.kind) {
    case "continue":
      return null;
    case "outcome":
      return settle(execution, input.outcome);
    case "retry":
      return retry(execution, input.error);
    case "reopen":
      return reopen(execution);
    case "resume":
      return resume(execution, input);
    case "timer":
      return elapse(execution);
  }
}

function visit(execution: Execution): Step | null {
  const node = execution.plan.nodes.get(execution.node_id);
  if (!node) return failRun(execution, `Node '${execution.node_id}' is not part of the flow`, null);
  const definition = execNodes.get(node.type);
  let inputs: JsonObject = {};
  try {
    if (!definition) throw new Error(`the type '${node.type}' is not known to this build`);
    inputs = (definition.swallowsInputErrors ? resolveOrEmpty : resolveInputs)(execution, node);
    return follow(execution, node, definition.run({ execution, node, inputs }));
  } catch (error) {
    return raise(execution, node, { message: error instanceof Error ? error.message : String(error), inputs });
  }
}

function follow(execution: Execution, node: PlanNode, result: NodeResult): Step | null {
  if (result.kind === "end") return complete(execution, result.output);
  if (result.kind === "effect") return startEffect(execution, node, result);
  storeRecord(execution, node.id, result.record);
  if (result.ambient !== undefined) execution.vars.set(["_last_output"], result.ambient);
  const outputKey = node.data["outputKey"];
  if (typeof outputKey === "string" && outputKey) execution.vars.set(outputKey.split("."), result.record);
  return leave(execution, node, { handle: result.handle ?? "exec-out", record: result.record });
}

function storeRecord(execution: Execution, nodeId: string, record: Value): void {
  execution.vars.set(["_temp", "node_outputs", nodeId], record);
}

/** Along the edge; without one back to the enclosing block; without that the run is complete. */
function leave(
  execution: Execution,
  node: PlanNode,
  { handle, record }: { handle: string; record: Value },
): Step | null {
  const target = nextNode(execution, node, handle);
  if (target !== null) {
    execution.node_id = target;
    return null;
  }
  const output = isObject(record)
    ? { ...record, success: record["success"] ?? true }
    : { success: true, result: record };
  return complete(execution, output);
}

function nextNode(execution: Execution, node: PlanNode, handle: string): string | null {
  const target = node.next.get(handle);
  if (target === undefined) {
    const block = enclosing(execution, node.id);
    if (block !== null) markReturn(execution, block);
    return block;
  }
  // Only a join asks where the run came from.
  if (execution.plan.nodes.get(target)?.type === "join_exec") {
    execution.vars.set(["_temp", "prev"], { node_id: node.id, exec_handle: handle });
  }
  return target;
}

function complete(execution: Execution, output: Value): Step {
  append(execution, { status: "completed", result: { completed: true, output } });
  appendTerminalStatus(execution, "completed");
  return { kind: "end", status: "completed", output, error: null };
}

function startEffect(
  execution: Execution,
  node: PlanNode,
  { type, payload, placeholder, next, resultKey }: NodeResult & { kind: "effect" },
): Step | null {
  if (placeholder !== undefined) storeRecord(execution, node.id, placeholder);
  const nextId = next ?? nextNode(execution, node, "exec-out");
  const effect = {
    type,
    payload: { type, ...payload, resume_to_node: nextId },
    result_key: resultKey ?? `_temp.effects.${node.id}`,
  };
  const visits = execution.vars.peek("_temp", "visits", node.id);
  const visitNumber = (typeof visits === "number" ? visits : 0) + 1;
  execution.vars.set(["_temp", "visits", node.id], visitNumber);
  const pending: PendingEffect = {
    step_id: execution.newId(),
    node_id: node.id,
    effect,
    next_node: nextId,
    attempt: 1,
    started_at: isoTime(execution.now()),
    idempotency_key: effectKey({ runId: execution.ids.run_id, nodeId: node.id, effect, visitNumber }),
  };
  execution.pending = pending;
  if (!kernelEffects.has(type) && !execution.options.effectTypes.has(type)) {
    execution.pending = null;
    return raise(execution, node, {
      message: `it needs '${type}', which is not available in this build`,
      inputs: payload,
    });
  }
  appendStarted(execution, pending);
  if (!kernelEffects.has(type)) return { kind: "effect" };
  return settle(execution, runKernelEffect(execution, effect));
}

/** The pending effect came to something. */
function settle(execution: Execution, outcome: EffectOutcome): Step | null {
  const { pending } = execution;
  if (!pending) throw new Error("an outcome came without a pending effect");
  execution.pending = null;
  execution.node_id = pending.node_id;
  if (outcome.status === "waiting") {
    appendEnd(execution, pending, { status: "waiting", result: { wait: outcome.wait as unknown as Value } });
    if (pending.answers) appendResume(execution, pending.answers);
    execution.wait = outcome.wait;
    if (isApproval(outcome.wait)) execution.vars.set(askedPath, { ...pending } as unknown as Value);
    return { kind: "wait" };
  }
  if (outcome.status === "failed") return failEffect(execution, pending, outcome.error);
  appendEnd(execution, pending, { status: "completed", result: outcome.result });
  storeResult(execution, pending.effect.result_key, outcome.result);
  if (pending.answers) appendResume(execution, pending.answers);
  const node = execution.plan.nodes.get(pending.node_id);
  const refusal = node && execNodes.get(node.type)?.refusal?.(outcome.result);
  if (node && refusal) {
    const { input } = pending.effect.payload;
    return raise(execution, node, { message: refusal, inputs: isObject(input) ? input : {} });
  }
  if (pending.next_node !== null) {
    execution.node_id = pending.next_node;
    return null;
  }
  appendTerminalStatus(execution, "completed");
  return { kind: "end", status: "completed", output: { success: true, result: outcome.result }, error: null };
}

function failEffect(execution: Execution, pending: PendingEffect, error: string): Step | null {
  appendEnd(execution, pending, { status: "failed", error });
  const message = `Effect failed after ${pending.attempt} attempts: ${error} (node '${pending.node_id}')`;
  const node = execution.plan.nodes.get(pending.node_id);
  if (node?.next.has("on_error")) return catchError(execution, node, error);
  appendTerminalStatus(execution, "failed");
  return { kind: "end", status: "failed", output: null, error: message };
}

/** Stores an effect's result and what the node's own pins show of it. */
function storeResult(execution: Execution, resultKey: string | null, result: Value): void {
  if (resultKey && result !== null) execution.vars.set(resultKey.split("."), result);
  const node = execution.plan.nodes.get(execution.node_id);
  if (!node) return;
  const outputs = execNodes.get(node.type)?.outputs;
  const placeholder = execution.vars.peek("_temp", "node_outputs", node.id);
  storeRecord(execution, node.id, outputs ? outputs(result, node, placeholder) : result);
}

function retry(execution: Execution, error: string): Step {
  const { pending } = execution;
  if (!pending) throw new Error("a retry came without a pending effect");
  execution.node_id = pending.node_id;
  appendEnd(execution, pending, { status: "failed", error });
  const next: PendingEffect = {
    ...pending,
    step_id: execution.newId(),
    attempt: pending.attempt + 1,
    started_at: isoTime(execution.now()),
  };
  execution.pending = next;
  appendStarted(execution, next);
  return { kind: "effect" };
}

/** A fork that began over an effect in flight: its own ledger has no intent yet. */
function reopen(execution: Execution): Step {
  const { pending } = execution;
  if (!pending) throw new Error("a fork was to open an effect again, but has none");
  execution.node_id = pending.node_id;
  execution.pending = { ...pending, started_at: isoTime(execution.now()) };
  delete execution.pending.forked;
  appendStarted(execution, execution.pending);
  return { kind: "effect" };
}

interface Answered {
  wait: Wait;
  payload: JsonObject;
  by?: AnsweredBy;
}

function resume(execution: Execution, { payload, by }: Omit<Answered, "wait">): Step | null {
  const { wait } = execution;
  if (!wait) throw new Error("a resume came without a wait");
  execution.wait = null;
  const answered = { wait, payload, ...(by ? { by } : {}) };
  const asked = isApproval(wait) ? execution.vars.read(...askedPath) : undefined;
  if (asked !== undefined) return goOnWithEffect(execution, answered, asked as unknown as PendingEffect);
  storeResult(execution, wait.result_key, payload);
  appendResume(execution, answered);
  return goOn(execution, wait, payload);
}

/** The effect that asked for consent, kept while the run waits for it. */
const askedPath = ["_temp", "asked"];

function isApproval(wait: Wait): boolean {
  return wait.details?.["mode"] === "approval_required";
}

/** Somebody said yes or no: the same step goes on, and its handler reads what was said. */
function goOnWithEffect(execution: Execution, answers: Answered, asked: PendingEffect): Step {
  const { wait, payload } = answers;
  execution.vars.delete(askedPath);
  execution.node_id = asked.node_id;
  const { effect } = asked;
  const answered = { ...effect, payload: { ...effect.payload, approval: { answer: payload, details: wait.details } } };
  execution.pending = { ...asked, effect: answered, answers };
  return { kind: "effect" };
}

function appendResume(execution: Execution, { wait, payload, by }: Answered): void {
  const { reason, wait_key, resume_to_node, result_key } = wait;
  append(execution, {
    status: "completed",
    effect: {
      type: "resume",
      payload: { wait_reason: reason, wait_key, resume_to_node, result_key, payload },
      result_key: null,
    },
    result: { resumed: true, ...(by ? { by: { ...by } } : {}) },
  });
}

/** A time wait stores when it came to an end, so that `on_schedule` can tell. */
function elapse(execution: Execution): Step | null {
  const { wait } = execution;
  if (!wait) throw new Error("a timer came without a wait");
  execution.wait = null;
  const result = { until: wait.until, ready: true, timestamp: isoTime(execution.now()) };
  storeResult(execution, wait.result_key, result);
  return goOn(execution, wait, result);
}

function goOn(execution: Execution, wait: NonNullable<Execution["wait"]>, result: Value): Step | null {
  if (wait.resume_to_node !== null) {
    execution.node_id = wait.resume_to_node;
    return null;
  }
  const output = { success: true, result };
  append(execution, {
    status: "completed",
    result: { completed: true, via: "resume", wait_reason: wait.reason, wait_key: wait.wait_key, output },
  });
  appendTerminalStatus(execution, "completed");
  return { kind: "end", status: "completed", output, error: null };
}

/** A node refused: its `on_error` pin, the reference's old way, or the end of the run with everything one needs to see why. */
function raise(
  execution: Execution,
  node: PlanNode,
  { message, inputs }: { message: string; inputs: JsonObject },
): Step | null {
  if (node.next.has("on_error")) return catchError(execution, node, message);
  if (!execution.options.compatNodeErrors || execNodes.get(node.type)?.failsRun) {
    return failRun(execution, `Node '${node.id}' (${node.type}): ${message}`, bounded(inputs));
  }
  setFlowError(execution, node, message);
  const block = enclosing(execution, node.id);
  if (block === null) return complete(execution, { error: message, success: false, node: node.id });
  markReturn(execution, block);
  execution.node_id = block;
  return null;
}

function catchError(execution: Execution, node: PlanNode, message: string): Step | null {
  // The effect was planned to give the run back to its block; now it goes another way.
  forgetReturn(execution);
  setFlowError(execution, node, message);
  const record = { error: message, success: false, node: node.id };
  storeRecord(execution, node.id, record);
  return leave(execution, node, { handle: "on_error", record });
}

function setFlowError(execution: Execution, node: PlanNode, message: string): void {
  execution.vars.set(["_flow_error"], message);
  execution.vars.set(["_flow_error_node"], node.id);
}

function failRun(execution: Execution, error: string, input: Value): Step {
  append(execution, { status: "failed", error, result: input === null ? null : { input } });
  appendTerminalStatus(execution, "failed");
  return { kind: "end", status: "failed", output: null, error };
}

const maxInputText = 8192;

/** Enough of a node's input to see why it refused, without the private namespaces. */
function bounded(inputs: JsonObject): Value {
  const shown = Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("_")));
  const text = JSON.stringify(shown);
  return text.length <= maxInputText ? shown : { truncated: text.slice(0, maxInputText) };
}
