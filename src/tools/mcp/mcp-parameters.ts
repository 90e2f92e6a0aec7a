import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ToolParameter } from "#tools/tool.ts";

/** References inside a schema are followed so deep: they may go in circles. */
const maxDepth = 8;

const types = ["string", "integer", "number", "boolean", "array", "object"] as const;

/**
 * The arguments of an MCP tool. Each is the server's own JSON Schema with references resolved, so that what `ToolParameter` does not
 * name (`properties`, `minimum`, …) stays in it. An optional argument without a default gets `null`, which is not sent.
 */
export function parametersOf(inputSchema: JsonObject): Record<string, ToolParameter> {
  const properties = isObject(inputSchema["properties"]) ? inputSchema["properties"] : {};
  const required = requiredOf(inputSchema);
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const schema = resolve(property, inputSchema, maxDepth);
      return [name, parameterOf(isObject(schema) ? schema : {}, required.has(name))];
    }),
  );
}

/** Drops the `null` of optional arguments that nobody gave. */
export function sentArguments(args: JsonObject, inputSchema: JsonObject): JsonObject {
  const required = requiredOf(inputSchema);
  return Object.fromEntries(Object.entries(args).filter(([name, value]) => value !== null || required.has(name)));
}

function requiredOf(schema: JsonObject): Set<Value> {
  return new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
}

function parameterOf(schema: JsonObject, isRequired: boolean): ToolParameter {
  const { default: otherwise, enum: choices, items, description, ...rest } = schema;
  const texts = Array.isArray(choices) ? choices.filter((each) => typeof each === "string") : [];
  return {
    ...rest,
    type: typeOf(schema),
    description: typeof description === "string" ? description : "",
    ...(isRequired ? {} : { default: otherwise ?? null }),
    ...(texts.length > 0 ? { enum: texts } : {}),
    ...(isObject(items) ? { items } : {}),
  };
}

/** The first that is not null: `["string", "null"]` and `anyOf` are how servers say that something may be missing. */
function typeOf(schema: JsonObject): ToolParameter["type"] {
  const { type } = schema;
  const named = types.find((each) => each === type || (Array.isArray(type) && type.includes(each)));
  if (named) return named;
  const branches = [schema["anyOf"], schema["oneOf"], schema["allOf"]].find(Array.isArray) ?? [];
  const branch = branches.find((each) => isObject(each) && each["type"] !== "null");
  if (isObject(branch)) return typeOf(branch);
  if ("properties" in schema) return "object";
  return "items" in schema ? "array" : "string";
}

function resolve(schema: Value, root: JsonObject, depth: number): Value {
  if (Array.isArray(schema)) return schema.map((each) => resolve(each, root, depth));
  if (!isObject(schema)) return schema;
  const { $ref: reference, ...rest } = schema;
  if (typeof reference !== "string")
    return Object.fromEntries(Object.entries(schema).map(([key, each]) => [key, resolve(each, root, depth)]));
  const target = depth > 0 ? targetOf(reference, root) : null;
  const found = isObject(target) ? resolve(target, root, depth - 1) : { type: "object" };
  return isObject(found) ? { ...found, ...rest } : rest;
}

/** A reference inside the same schema, such as `#/$defs/Place`; others are never loaded. */
function targetOf(reference: string, root: JsonObject): Value {
  if (!reference.startsWith("#/")) return null;
  const keys = reference
    .slice(2)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  return keys.reduce<Value>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? (at[key] ?? null) : null), root);
}
