import { parseObject } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Message, ToolCall, ToolSpec } from "#models/provider.ts";

/** A message of the contract (flow-runtime 4.3). */
export function readMessage(raw: JsonObject): Message {
  const role = raw["role"];
  const known = role === "system" || role === "assistant" || role === "tool" ? role : "user";
  const message: Message = { role: known, content: textOf(raw["content"]) };
  if (Array.isArray(raw["tool_calls"])) message.tool_calls = raw["tool_calls"].filter(isObject).map(readToolCall);
  if (typeof raw["tool_call_id"] === "string") message.tool_call_id = raw["tool_call_id"];
  if (typeof raw["name"] === "string") message.name = raw["name"];
  return message;
}

function readToolCall(raw: JsonObject): ToolCall {
  const nested = isObject(raw["function"]) ? raw["function"] : raw;
  const args = nested["arguments"];
  return {
    call_id: textOf(raw["call_id"] ?? raw["id"] ?? null),
    name: textOf(nested["name"]),
    arguments: isObject(args) ? args : typeof args === "string" ? parseArguments(args) : {},
  };
}

function parseArguments(text: string): JsonObject {
  try {
    return parseObject(text);
  } catch {
    return {};
  }
}

/** Tool specs of the contract list arguments one by one; models want a JSON Schema. */
export function readTools(raw: Value | undefined): ToolSpec[] {
  if (!Array.isArray(raw)) return [];
  return raw.filter(isObject).map((spec) => ({
    name: textOf(spec["name"]),
    description: textOf(spec["description"]),
    parameters: toSchema(spec),
  }));
}

function toSchema(spec: JsonObject): JsonObject {
  const parameters = isObject(spec["parameters"]) ? spec["parameters"] : {};
  if (parameters["type"] === "object") return parameters;
  const required = Array.isArray(spec["required_args"])
    ? spec["required_args"]
    : Object.keys(parameters).filter((name) => isObject(parameters[name]) && !("default" in parameters[name]));
  const properties: JsonObject = {};
  for (const [name, value] of Object.entries(parameters)) properties[name] = isObject(value) ? withoutNull(value) : {};
  return { type: "object", properties, required };
}

/** A default of null says that the argument may be left out; as a value it would not fit the type. */
function withoutNull({ default: otherwise, ...rest }: JsonObject): JsonObject {
  return otherwise === undefined || otherwise === null ? rest : { ...rest, default: otherwise };
}

/** Text as it is, nothing as nothing, all else as JSON. */
export function textOf(value: Value | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
