import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { PyFloat, type Value, floatText, isObject } from "#core/value.ts";
import type { ToolParameter } from "#tools/tool.ts";

/** A value as the type that an argument has, where nothing is lost by it: `"5"` is an integer, 5.7 is none. AppError `invalid_request`. */
export function coerceArgument(
  value: Value,
  parameter: ToolParameter,
  names: { tool: string; argument: string },
): Value {
  const coerced = coerce(value, parameter);
  if (coerced === undefined) {
    const { tool, argument } = names;
    const expected = `${/^[aeiou]/.test(parameter.type) ? "an" : "a"} ${parameter.type}`;
    throw new AppError(
      "invalid_request",
      `The argument '${argument}' of '${tool}' must be ${expected}, not ${described(value)}`,
    );
  }
  return parameter.enum ? oneOf(coerced, parameter.enum, names) : coerced;
}

function coerce(value: Value, parameter: ToolParameter): Value | undefined {
  switch (parameter.type) {
    case "string":
      return toText(value);
    case "integer":
      return toInteger(value);
    case "number":
      return toNumber(value);
    case "boolean":
      return toFlag(value);
    case "array":
      return toList(value, parameter);
    case "object":
      return isObject(value) ? value : parsed(value, isObject);
  }
}

function toText(value: Value): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value instanceof PyFloat ? floatText(value.value) : undefined;
}

function toInteger(value: Value): number | undefined {
  const number = toNumber(value);
  const plain = number instanceof PyFloat ? number.value : number;
  return Number.isSafeInteger(plain) ? plain : undefined;
}

function toNumber(value: Value): number | PyFloat | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (value instanceof PyFloat) return value;
  if (typeof value !== "string" || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value)) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

const words: Record<string, boolean> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

function toFlag(value: Value): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = toText(value)?.trim().toLowerCase();
  return text !== undefined && Object.hasOwn(words, text) ? words[text] : undefined;
}

/** A single value is a list of one; a text may be the JSON of a list. */
function toList(value: Value, { items }: ToolParameter): Value[] | undefined {
  const list = Array.isArray(value) ? value : (parsed(value, Array.isArray) ?? (value === null ? undefined : [value]));
  if (!Array.isArray(list) || items?.["type"] !== "string") return list as Value[] | undefined;
  const texts = list.map(toText);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function parsed(value: Value, isWanted: (value: unknown) => boolean): Value | undefined {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return undefined;
  try {
    const found = parseJson(value);
    return isWanted(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function oneOf(value: Value, allowed: string[], { tool, argument }: { tool: string; argument: string }): Value {
  const found = allowed.find((each) => each.toLowerCase() === (toText(value) ?? "").trim().toLowerCase());
  if (found !== undefined) return found;
  throw new AppError("invalid_request", `The argument '${argument}' of '${tool}' must be one of ${allowed.join(", ")}`);
}

function described(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  const text = toText(value) ?? "";
  return `'${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`;
}
