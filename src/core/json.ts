import { type JsonObject, PyFloat, type Value, isObject } from "#core/value.ts";

// An integral float is written with ".0" or an exponent, or has so many digits that its fraction is rounded away.
// Everything else takes the fast native path.
const maybeFloat = /[0-9](?:\.0|[eE])|[0-9.]{17}/;

/** Parses JSON and keeps `5.0` a float. Throws SyntaxError on bad text, and on text that is nested deeper than the stack. */
export function parseJson(text: string): Value {
  if (!maybeFloat.test(text)) return JSON.parse(text) as Value;
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && Number.isInteger(value) && /[.eE]/.test(context?.source ?? "")
      ? new PyFloat(value)
      : value;
  try {
    return JSON.parse(text, reviver) as Value;
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError("the JSON is nested too deeply");
    throw error;
  }
}

export function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isObject(value)) throw new SyntaxError("expected a JSON object");
  return value;
}

export function stringifyJson(value: unknown): string {
  return JSON.stringify(value);
}

/** JSON with sorted keys and no spaces, for digests. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  // Assigning to `__proto__` would not make a key of it.
  if (keys.includes("__proto__")) return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
  const copy: Record<string, unknown> = {};
  for (const key of keys) {
    const inner = value[key];
    copy[key] = typeof inner === "object" ? sorted(inner) : inner;
  }
  return copy;
}
