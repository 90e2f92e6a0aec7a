import { type JsonObject, PyFloat, type Value, isObject } from "#core/value.ts";

const types = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
const keywords = ["properties", "$ref", "anyOf", "oneOf", "allOf", "enum", "items", "const"];

/**
 * A response schema as JSON Schema. Flows may give an example of the answer instead: then each field's type is that of its example, a
 * text is the field's description, and every field is required (contract flow-runtime 4.2).
 */
export function toJsonSchema(given: JsonObject): JsonObject {
  return isJsonSchema(given) ? given : ofExample(given);
}

function isJsonSchema(given: JsonObject): boolean {
  const { type } = given;
  if (typeof type === "string" && types.has(type)) return true;
  if (Array.isArray(type) && type.every((each) => typeof each === "string" && types.has(each))) return true;
  return keywords.some((keyword) => typeof given[keyword] === "object" && given[keyword] !== null);
}

function ofExample(example: JsonObject): JsonObject {
  const properties = Object.fromEntries(Object.entries(example).map(([name, value]) => [name, ofValue(value)]));
  return { type: "object", properties, required: Object.keys(example), additionalProperties: false };
}

function ofValue(value: Value): JsonObject {
  if (typeof value === "string") return { type: "string", ...(value.trim() ? { description: value } : {}) };
  if (typeof value === "boolean") return { type: "boolean" };
  if (value instanceof PyFloat) return { type: "number" };
  if (typeof value === "number") return { type: Number.isInteger(value) ? "integer" : "number" };
  if (Array.isArray(value)) return { type: "array", items: value[0] === undefined ? {} : ofValue(value[0]) };
  return isObject(value) ? toJsonSchema(value) : {};
}
