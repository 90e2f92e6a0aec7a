import { type JsonObject, PyFloat, type Value, isObject } from "#core/value.ts";

// Only a text with ".0" or an exponent can hold an integral float; everything else takes the fast native path.
const maybeFloat = /[0-9](?:\.0|[eE])/;

/** Parses JSON and keeps `5.0` a float. Throws SyntaxError on bad text. */
export function parseJson(text: string): Value {
  if (!maybeFloat.test(text)) return JSON.parse(text) as Value;
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && Number.isInteger(value) && /[.eE]/.test(context?.source ?? "")
      ? new PyFloat(value)
      : value;
  return JSON.parse(text, reviver) as Value;
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
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) out[key] = sorted(value[key]);
  return out;
}
