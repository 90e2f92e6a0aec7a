import { lenientBool, pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { EngineOptions } from "#engine/engine.ts";
import { type NodeContext, type NodeDefinition, setting, textSetting } from "#engine/nodes/definition.ts";
import { generatedOf, mediaFields } from "#engine/nodes/generated.ts";
import { type Recalled, isRemembering, memoryPhase, takeRecalled } from "#engine/nodes/memory-phases.ts";
import { activeMessages, trimMessages } from "#engine/nodes/messages.ts";
import { NodeError } from "#engine/pure.ts";

/** Plans a model call (contract flow-runtime 4.1), once what it remembers has come. */
const llmCall: NodeDefinition = {
  failsRun: true,
  run(context) {
    const prompt = textOf(context.inputs["prompt"]);
    const phase = memoryPhase(context, prompt);
    if (phase) return phase;
    const recalled = takeRecalled(context);
    const told = textOf(context.inputs["system"] ?? setting(context, "system"));
    const system = [told, recalled.knowledge].filter((text) => text !== "").join("\n\n");
    const payload: JsonObject = { prompt };
    if (system) payload["system_prompt"] = system;
    const provider = textSetting(context, "provider");
    const model = textSetting(context, "model");
    if (provider && model) Object.assign(payload, { provider, model });
    payload["params"] = params(context);
    addTools(context, payload);
    addSchema(context, payload);
    addMessages(context, payload, { prompt, system, recalled, hasRoute: Boolean(provider && model) });
    for (const name of ["output", "outputs"]) {
      const value = setting(context, name);
      if (value !== undefined && (isObject(value) || typeof value === "string")) payload[name] = value;
    }
    return { kind: "effect", type: "llm_call", payload, ...(recalled.isDone ? { placeholder: {} } : {}) };
  },
  // What the effects of its memory phases give is not the node's own output.
  outputs: (result, node, placeholder) =>
    isRemembering(placeholder) ? placeholder : callOutputs(isObject(result) ? result : {}, node),
};

function textOf(value: Value | undefined): string {
  return value === undefined || value === null ? "" : pyStr(value);
}

function params(context: NodeContext): JsonObject {
  const params: JsonObject = { temperature: numberSetting(context, "temperature") ?? 0.7 };
  const seed = numberSetting(context, "seed");
  if (seed !== null && seed >= 0) params["seed"] = Math.trunc(seed);
  const thinking = setting(context, "thinking") ?? context.execution.vars.peek("_runtime", "thinking");
  if (typeof thinking === "boolean" || (typeof thinking === "string" && thinking)) params["thinking"] = thinking;
  const tokens = numberSetting(context, "max_out_tokens", "max_output_tokens");
  if (tokens !== null && tokens > 0) params["max_output_tokens"] = Math.trunc(tokens);
  const binding = setting(context, "prompt_cache_binding");
  if (isObject(binding)) params["prompt_cache_binding"] = binding;
  return params;
}

function numberSetting(context: NodeContext, ...names: string[]): number | null {
  const value = setting(context, ...names);
  const number = numberOf(value);
  if (number !== null) return number;
  const parsed = typeof value === "string" && value.trim() ? Number(value) : Number.NaN;
  return Number.isFinite(parsed) ? parsed : null;
}

/** Tool specs as objects, or names of tools that this gateway has; other names are left out. */
function addTools(context: NodeContext, payload: JsonObject): void {
  const tools = Array.isArray(context.inputs["tools"]) ? context.inputs["tools"] : setting(context, "tools");
  const { toolSpec } = context.execution.options;
  const specs = (Array.isArray(tools) ? tools : []).flatMap((tool) =>
    isObject(tool) ? tool : typeof tool === "string" ? (toolSpec?.(tool) ?? []) : [],
  );
  if (specs.length > 0) payload["tools"] = specs;
}

/** A plain JSON Schema, one in OpenAI's wrapper, or the name of one of the graph's vocabulary. Null when there is none. */
export function schemaOf(raw: Value | undefined, { semanticSchema }: EngineOptions): JsonObject | null {
  if (!isObject(raw) || Object.keys(raw).length === 0) return null;
  const wrapped = isObject(raw["json_schema"]) ? raw["json_schema"] : null;
  const schema = wrapped && isObject(wrapped["schema"]) ? wrapped["schema"] : raw;
  const ref = schema["$ref"];
  if (typeof ref !== "string" || !ref.startsWith("abstractsemantics:")) return schema;
  const meant = semanticSchema?.(ref);
  if (meant) return meant;
  throw new NodeError(
    `The response schema '${ref.slice(0, 200)}' is not known: there is abstractsemantics:kg_assertion_schema_v0`,
  );
}

function addSchema(context: NodeContext, payload: JsonObject): void {
  const schema = schemaOf(setting(context, "resp_schema", "response_schema"), context.execution.options);
  if (schema === null) return;
  payload["response_schema"] = schema;
  payload["response_schema_name"] = "LLM_StructuredOutput";
  if (lenientBool(setting(context, "structured_output_fallback") ?? false))
    payload["structured_output_fallback"] = true;
}

function addMessages(
  context: NodeContext,
  payload: JsonObject,
  { prompt, system, recalled, hasRoute }: { prompt: string; system: string; recalled: Recalled; hasRoute: boolean },
): void {
  const { execution, inputs } = context;
  // Without a provider and a model both the pin and the limit are not looked at (contract flow-runtime 4.1).
  const budget = hasRoute ? numberSetting(context, "max_in_tokens", "max_input_tokens") : null;
  const given = isObject(inputs["context"]) && hasRoute ? inputs["context"] : {};
  const own = (Array.isArray(given["messages"]) ? given["messages"] : []).filter(isObject);
  const include = lenientBool(setting(context, "use_context", "include_context") ?? false);
  if (include) payload["include_context"] = true;
  if (own.length === 0 && !include && recalled.messages.length === 0) return;
  const base = own.length > 0 ? own : include ? activeMessages(execution.vars.root) : recalled.messages;
  const messages = compose(base, system, prompt);
  const limit = budget ?? numberOf(execution.vars.peek("_limits", "max_input_tokens"));
  payload["messages"] = limit !== null && limit > 0 ? trimMessages(messages, limit) : messages;
  delete payload["prompt"];
  delete payload["system_prompt"];
  const attachments = own.length > 0 ? given["attachments"] : execution.vars.read("context", "attachments");
  if (Array.isArray(attachments)) payload["media"] = attachments;
}

/** The system text goes behind the leading system messages, the prompt to the end. */
function compose(base: JsonObject[], system: string, prompt: string): JsonObject[] {
  const firstTurn = base.findIndex((message) => message["role"] !== "system");
  const at = firstTurn < 0 ? base.length : firstTurn;
  const messages = base.map(({ role = "user", content = "", ...rest }) => ({ role, content, ...callFields(rest) }));
  if (system) messages.splice(at, 0, { role: "system", content: system });
  if (prompt) messages.push({ role: "user", content: prompt });
  return messages;
}

/** Only what a model needs of a stored message. */
function callFields(message: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const name of ["tool_calls", "tool_call_id", "name"])
    if (message[name] !== undefined) kept[name] = message[name];
  return kept;
}

function callOutputs(result: JsonObject, node: NodeContext["node"]): JsonObject {
  const data = result["data"] ?? null;
  const calls = Array.isArray(result["tool_calls"]) ? result["tool_calls"].filter(isObject) : [];
  const made = generatedOf(result, null);
  const meta: JsonObject = {
    schema: "abstractflow.llm_call.v1.meta",
    version: 1,
    output_mode: made ? "media" : data === null ? "unstructured" : "structured",
    tool_calls: calls.length,
  };
  for (const name of ["provider", "model", "finish_reason", "usage", "gen_time", "ttft_ms", "warnings"]) {
    const value = result[name];
    if (value !== undefined && value !== null) meta[name] = value;
  }
  if (typeof result["trace_id"] === "string") meta["trace"] = { trace_id: result["trace_id"] };
  const response = data === null ? (result["content"] ?? "") : JSON.stringify(data);
  const record: JsonObject = { response, success: true, meta, tool_calls: calls };
  if (data !== null) record["data"] = data;
  if (isObject(result["outputs"])) Object.assign(record, mediaFields(result));
  if (made) Object.assign(record, { artifact_id: made.id, artifact_ref: made.ref });
  for (const [pin, value] of [
    ["result", result],
    ["raw", result],
    ["gen_time", result["gen_time"] ?? null],
    ["ttft_ms", result["ttft_ms"] ?? null],
  ] as [string, Value][]) {
    if (node.referenced.has(pin)) record[pin] = value;
  }
  return record;
}

export const llmNodes: [string, NodeDefinition][] = [["llm_call", llmCall]];
