import { parseJson } from "#core/json.ts";
import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type NodeContext, type NodeDefinition, configOf } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

/** What a tool node says when nothing came back for its call. */
const missingResult = "Missing tool result";

const toolCalls: NodeDefinition = {
  failsRun: true,
  run: (context) => planCalls(context, readCalls(context.inputs["tool_calls"], "tool_calls")),
  outputs(result) {
    const results = resultsOf(result);
    return { results, success: isExecuted(result) && results.every(isSuccess), raw: result };
  },
};

/** One call only; kept for flows that were drawn before `tool_calls`. */
const callTool: NodeDefinition = {
  failsRun: true,
  run: (context) => planCalls(context, readCalls(context.inputs["tool_call"], "tool_call").slice(0, 1)),
  outputs(result) {
    const first = resultsOf(result)[0];
    if (!first) return { result: missingResult, success: false, raw: result };
    const output = first["output"] ?? null;
    const shown = output === null && first["error"] ? pyStr(first["error"]) : output;
    return { result: shown, success: isExecuted(result) && isSuccess(first), raw: result };
  },
};

/** An empty allowlist allows nothing; without a pin and without a setting there is none. */
function planCalls({ inputs, node }: NodeContext, calls: JsonObject[]): ReturnType<NodeDefinition["run"]> {
  const payload: JsonObject = { tool_calls: calls };
  const configured = configOf(node, "effectConfig")["allowed_tools"];
  const allowed = inputs["allowed_tools"] ?? (Array.isArray(configured) ? configured : undefined);
  if (allowed !== undefined) payload["allowed_tools"] = namesOf(allowed);
  return { kind: "effect", type: "tool_calls", payload };
}

function namesOf(value: Value): string[] {
  const names = Array.isArray(value) ? value : typeof value === "string" ? [value] : [];
  return [...new Set(names.map((name) => pyStr(name).trim()).filter((name) => name !== ""))];
}

/** A list of calls, one call, or JSON text of either. What is not an object stays in place as an empty call, so that results keep their index. */
function readCalls(value: Value | undefined, pin: string): JsonObject[] {
  if (value === undefined || value === null || value === "") return [];
  if (isObject(value)) return [value];
  if (Array.isArray(value)) return value.map((call) => (isObject(call) ? call : {}));
  if (typeof value !== "string") throw new NodeError(`'${pin}' must be tool calls, not ${pyStr(value)}`);
  let parsed: Value;
  try {
    parsed = parseJson(value);
  } catch {
    throw new NodeError(`'${pin}' is not JSON`);
  }
  return typeof parsed === "string" ? [] : readCalls(parsed, pin);
}

function resultsOf(result: Value): JsonObject[] {
  const results = isObject(result) ? result["results"] : null;
  return Array.isArray(results) ? results.filter(isObject) : [];
}

function isExecuted(result: Value): boolean {
  return isObject(result) && (result["mode"] ?? "executed") === "executed";
}

function isSuccess(result: JsonObject): boolean {
  return result["success"] === true;
}

export const toolNodes: [string, NodeDefinition][] = [
  ["tool_calls", toolCalls],
  ["call_tool", callTool],
];
