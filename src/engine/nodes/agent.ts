import { parseJson } from "#core/json.ts";
import { lenientBool, pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import { configOf, type NodeContext, type NodeDefinition, type NodeResult } from "#engine/nodes/definition.ts";
import { schemaOf } from "#engine/nodes/llm.ts";
import { type Recalled, memoryPhase, takeRecalled } from "#engine/nodes/memory-phases.ts";
import { activeMessages } from "#engine/nodes/messages.ts";
import { type AgentReport, agentRecord, contextMessages } from "#engine/nodes/agent-report.ts";

/**
 * An agent is a child run of its own: the node starts it, reads what it came to, and asks once more for structured data when a schema is
 * set. Where it stands is at `_temp.agent.<node>` (contract flow-runtime 4.4).
 */
const agent: NodeDefinition = {
  failsRun: true,
  run(context) {
    const bucket = bucketOf(context);
    if (bucket["phase"] === "subworkflow") return afterLoop(context, bucket);
    if (bucket["phase"] === "structured") return finish(context, bucket, structuredData(bucket["structured"]));
    return start(context);
  },
  // What the effects of its phases give is in the bucket; the node's own record is made at the end.
  outputs: (_result, _node, placeholder) => placeholder ?? {},
};

const path = (context: NodeContext, ...rest: string[]) => ["_temp", "agent", context.node.id, ...rest];

function bucketOf(context: NodeContext): JsonObject {
  const bucket = context.execution.vars.peek(...path(context));
  return isObject(bucket) ? bucket : {};
}

function start(context: NodeContext): NodeResult {
  const { execution, node } = context;
  const workflowId = configOf(node, "agentConfig")["_react_workflow_id"];
  if (typeof workflowId !== "string") throw new Error("its bundle gave it no loop to run");
  const task = textOf(agentSetting(context, "prompt", "task"));
  const phase = memoryPhase(context, task);
  if (phase) return phase;
  const recalled = takeRecalled(context);
  const provider = routePart(context, "provider")?.toLowerCase() ?? null;
  const model = routePart(context, "model");
  const asked = { task, provider, model, schema: schemaOf(agentSchema(context), context.execution.options) };
  execution.vars.set(path(context), { phase: "subworkflow", asked: asked as unknown as Value });
  const payload = {
    workflow_id: workflowId,
    vars: loopVars(context, { task, provider, model, recalled }),
    async: true,
    wait: true,
    include_traces: true,
  };
  return effectOf(context, { type: "start_subworkflow", payload, field: "sub" });
}

function effectOf(
  context: NodeContext,
  { type, payload, field }: { type: string; payload: JsonObject; field: string },
): NodeResult {
  return {
    kind: "effect",
    type,
    payload,
    next: context.node.id,
    resultKey: path(context, field).join("."),
    placeholder: {},
  };
}

/** Pin, else the node's own setting; an empty text counts as missing. */
function agentSetting({ inputs, node }: NodeContext, ...names: string[]): Value | undefined {
  for (const from of [inputs, configOf(node, "agentConfig")]) {
    for (const name of names) {
      const value = from[name];
      if (value !== undefined && value !== null && value !== "") return value;
    }
  }
  return undefined;
}

const defaultMarkers = new Set(["default", "__default__", "__abstractcore_default__", "abstractcore.default"]);

/** Pin, setting, then what the run was started with. Null leaves the choice to the gateway. */
function routePart(context: NodeContext, name: "provider" | "model"): string | null {
  const runtime = context.execution.vars.peek("_runtime", name);
  for (const value of [agentSetting(context, name), runtime]) {
    if (typeof value === "string" && value.trim() && !defaultMarkers.has(value.trim())) return value.trim();
  }
  return null;
}

function agentSchema(context: NodeContext): Value | undefined {
  const pinned = agentSetting(context, "resp_schema", "response_schema");
  if (pinned !== undefined) return pinned;
  const output = configOf(context.node, "agentConfig")["outputSchema"];
  return isObject(output) && output["enabled"] === true ? output["jsonSchema"] : undefined;
}

function loopVars(
  context: NodeContext,
  route: { task: string; provider: string | null; model: string | null; recalled: Recalled },
): JsonObject {
  const { execution } = context;
  const given = isObject(context.inputs["context"]) ? context.inputs["context"] : {};
  const runtime = runtimeVars(context, route);
  const maxIterations =
    numberSetting(context, "max_iterations") ?? numberOf(execution.vars.peek("_limits", "max_iterations")) ?? 50;
  const limits = execution.vars.peek("_limits");
  const limit = numberSetting(context, "max_in_tokens", "max_input_tokens");
  return {
    context: {
      ...withAttachments(context, given),
      task: route.task,
      messages: [...inherited(context, given), ...remembered(context, route.recalled)],
    },
    scratchpad: { iteration: 0, max_iterations: Math.max(1, Math.trunc(maxIterations)) },
    _runtime: runtime,
    _limits: {
      ...(isObject(limits) ? limits : {}),
      ...(limit !== null && limit > 0 ? { max_input_tokens: Math.trunc(limit) } : {}),
    },
  };
}

function runtimeVars(
  context: NodeContext,
  { provider, model }: { provider: string | null; model: string | null },
): JsonObject {
  const runtime: JsonObject = { inbox: [], allowed_tools: toolNames(context), disable_input_trimming: true };
  if (provider) runtime["provider"] = provider;
  if (model) runtime["model"] = model;
  const temperature = numberSetting(context, "temperature");
  if (temperature !== null && temperature !== 0.7) runtime["temperature"] = temperature;
  const seed = numberSetting(context, "seed");
  if (seed !== null && seed >= 0) runtime["seed"] = Math.trunc(seed);
  const thinking = agentSetting(context, "thinking") ?? context.execution.vars.peek("_runtime", "thinking");
  if (typeof thinking === "boolean" || (typeof thinking === "string" && thinking)) runtime["thinking"] = thinking;
  const system = agentSetting(context, "system");
  if (typeof system === "string") runtime["system_prompt_extra"] = system;
  const binding =
    agentSetting(context, "prompt_cache_binding") ?? context.execution.vars.peek("_runtime", "prompt_cache_binding");
  if (isObject(binding)) runtime["prompt_cache_binding"] = binding;
  for (const name of ["prompt_cache", "tool_policy"]) {
    const value = context.execution.vars.peek("_runtime", name);
    if (value !== undefined && value !== null) runtime[name] = value;
  }
  return runtime;
}

/** Names only; an empty list at the pin means none at all. */
function toolNames(context: NodeContext): string[] {
  const pinned = context.inputs["tools"];
  const tools = Array.isArray(pinned) ? pinned : configOf(context.node, "agentConfig")["tools"];
  const names = (Array.isArray(tools) ? tools : []).map((tool) => (isObject(tool) ? tool["name"] : tool));
  return [...new Set(names.filter((name): name is string => typeof name === "string" && name.trim() !== ""))];
}

function inherited(context: NodeContext, given: JsonObject): Value[] {
  const own = given["messages"];
  if (Array.isArray(own) && own.length > 0) return own;
  return usesContext(context) ? activeMessages(context.execution.vars.root) : [];
}

/** A conversation that is handed on whole has its rehydrated messages already. */
function remembered(context: NodeContext, { knowledge, messages }: Recalled): JsonObject[] {
  const note = { role: "system", content: knowledge, metadata: { kind: "kg_active_memory" } };
  return [...(usesContext(context) ? [] : messages), ...(knowledge === "" ? [] : [note])];
}

/** What the user attached is for the agent, unless its context says what is. */
function withAttachments(context: NodeContext, given: JsonObject): JsonObject {
  const attachments = context.execution.vars.read("context", "attachments");
  return given["attachments"] === undefined && Array.isArray(attachments) ? { ...given, attachments } : given;
}

function usesContext(context: NodeContext): boolean {
  return lenientBool(agentSetting(context, "use_context", "include_context") ?? false);
}

function numberSetting(context: NodeContext, ...names: string[]): number | null {
  const value = agentSetting(context, ...names);
  const number = numberOf(value);
  if (number !== null) return number;
  const parsed = typeof value === "string" && value.trim() ? Number(value) : Number.NaN;
  return Number.isFinite(parsed) ? parsed : null;
}

interface Asked {
  task: string;
  provider: string | null;
  model: string | null;
  schema: JsonObject | null;
}

function reportOf(context: NodeContext, bucket: JsonObject, data: Value): AgentReport {
  const { task, provider, model } = bucket["asked"] as unknown as Asked;
  const sub = isObject(bucket["sub"]) ? bucket["sub"] : {};
  const output = isObject(sub["output"]) ? sub["output"] : {};
  const config = configOf(context.node, "agentConfig");
  return {
    task,
    provider,
    model,
    output,
    data,
    subRunId: sub["sub_run_id"] ?? null,
    workflowId: config["_react_workflow_id"] ?? null,
  };
}

/** The loop is over: done, or one more call that puts its answer into the wanted shape. */
function afterLoop(context: NodeContext, bucket: JsonObject): NodeResult {
  const { schema, task, provider, model } = bucket["asked"] as unknown as Asked;
  const { output } = reportOf(context, bucket, null);
  if (schema === null || output["success"] !== true) return finish(context, bucket, null);
  context.execution.vars.set(path(context, "phase"), "structured");
  const payload: JsonObject = {
    prompt: `The task was:\n${task}\n\nThe answer was:\n${pyStr(output["answer"] ?? "")}\n\nGive the same answer as data.`,
    params: { temperature: 0 },
    response_schema: schema,
    response_schema_name: `Agent_${context.node.id}`,
    structured_output_fallback: true,
  };
  if (provider && model) Object.assign(payload, { provider, model });
  return effectOf(context, { type: "llm_call", payload, field: "structured" });
}

function structuredData(result: Value | undefined): Value {
  const reply = isObject(result) ? result : {};
  if (reply["data"] !== undefined && reply["data"] !== null) return reply["data"];
  try {
    return parseJson(pyStr(reply["content"] ?? ""));
  } catch {
    return {};
  }
}

function finish(context: NodeContext, bucket: JsonObject, data: Value): NodeResult {
  const { execution, node } = context;
  const report = reportOf(context, bucket, data);
  if (usesContext(context)) {
    for (const message of contextMessages(report, node.id, execution.now()))
      execution.vars.append(["context", "messages"], message);
  }
  execution.vars.delete(path(context));
  return { kind: "record", record: agentRecord(report, node) };
}

function textOf(value: Value | undefined): string {
  return value === undefined || value === null ? "" : pyStr(value);
}

export const agentNodes: [string, NodeDefinition][] = [["agent", agent]];
