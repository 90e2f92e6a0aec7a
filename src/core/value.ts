/**
 * Values that flow through a workflow: JSON plus Python's distinction between `5` and `5.0`.
 * JavaScript has one number type, so an integral float is carried as `PyFloat`; every other number is a plain `number`.
 */
export type Value = null | boolean | number | string | PyFloat | Value[] | { [key: string]: Value };
export type JsonObject = { [key: string]: Value };

/** Not in Node 20, where the published client runs too: there `5.0` is written as 5. */
const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => unknown };

/** A float with no fractional part (`5.0`). Non-integral floats, infinities and NaN are plain numbers. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  toJSON(): unknown {
    return rawJSON ? rawJSON(floatText(this.value)) : this.value;
  }
}

/** Wraps a number that Python would hold as a float. */
export function float(value: number): Value {
  return Number.isInteger(value) ? new PyFloat(value) : value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof PyFloat);
}

/** The number behind an int or a float, or null for anything else (booleans are not numbers here). */
export function numberOf(value: Value | undefined): number | null {
  if (typeof value === "number") return value;
  return value instanceof PyFloat ? value.value : null;
}

/** JSON text of an integral float as Python's `json.dumps` writes it: `5.0`, `1e+16`. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  if (text.includes("e")) return text;
  return Math.abs(value) < 1e16 ? `${text}.0` : value.toExponential();
}
