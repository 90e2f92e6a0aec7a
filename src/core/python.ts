import { PyFloat, type Value, isObject, numberOf } from "#core/value.ts";

/**
 * Python's value semantics where they leak into flows (contract flow-runtime 2.9): truthiness, `str()`, `repr()`, equality, ordering.
 */

/** Nesting deeper than this is refused, so that no value can exhaust the stack. */
const maxDepth = 1000;

export function truthy(value: Value | undefined): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  if (typeof value === "number") return value !== 0;
  if (value instanceof PyFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : true;
}

/** Pins documented as lenient: numbers by zero, texts by name; other values are false. */
export function lenientBool(value: Value): boolean {
  if (typeof value === "boolean") return value;
  const number = numberOf(value);
  if (number !== null) return number !== 0;
  return typeof value === "string" && ["true", "1", "yes", "on"].includes(value.trim().toLowerCase());
}

export function pyStr(value: Value): string {
  return typeof value === "string" ? value : pyRepr(value);
}

export function pyRepr(value: Value, depth = 0): string {
  if (depth > maxDepth) throw new Error("the value is nested too deeply");
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return reprText(value);
  if (typeof value === "number") return Number.isInteger(value) ? reprInt(value) : reprFloat(value);
  if (value instanceof PyFloat) return reprFloat(value.value);
  if (Array.isArray(value)) return `[${value.map((each) => pyRepr(each, depth + 1)).join(", ")}]`;
  const entries = Object.entries(value).map(([key, each]) => `${reprText(key)}: ${pyRepr(each, depth + 1)}`);
  return `{${entries.join(", ")}}`;
}

function reprInt(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

/** Shortest digits that read back, in Python's notation: exponent below 1e-4 and from 1e16 on, two digits at least. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e16) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = "";
  for (const char of text) out += escapeChar(char, quote);
  return quote + out + quote;
}

const namedEscapes: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function escapeChar(char: string, quote: string): string {
  if (char === quote) return `\\${quote}`;
  const named = namedEscapes[char];
  if (named !== undefined) return named;
  if (!unprintable.test(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** `1 == 1.0 == True`; containers by content. */
export function pyEquals(a: Value, b: Value, depth = 0): boolean {
  if (depth > maxDepth) throw new Error("the value is nested too deeply");
  const left = asNumber(a);
  const right = asNumber(b);
  if (left !== null || right !== null) return left === right;
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((each, index) => pyEquals(each, b[index] ?? null, depth + 1))
    );
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && pyEquals(a[key] ?? null, b[key] ?? null, depth + 1))
  );
}

/** Below, at or above zero as `a` is less than, equal to or greater than `b`; null when Python would refuse, NaN included. */
export function pyCompare(a: Value, b: Value, depth = 0): number | null {
  if (depth > maxDepth) throw new Error("the value is nested too deeply");
  const left = asNumber(a);
  const right = asNumber(b);
  if (left !== null && right !== null)
    return Number.isNaN(left) || Number.isNaN(right) ? null : Math.sign(left - right);
  if (typeof a === "string" && typeof b === "string") return compareCodePoints(a, b);
  if (!Array.isArray(a) || !Array.isArray(b)) return null;
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const one = a[index] ?? null;
    const other = b[index] ?? null;
    if (!pyEquals(one, other)) return pyCompare(one, other, depth + 1);
  }
  return Math.sign(a.length - b.length);
}

function compareCodePoints(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(left.length - right.length);
}

/** Booleans are numbers in Python. */
function asNumber(value: Value): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  return numberOf(value);
}

/** Python's `float()`: numbers, booleans and their texts. Throws an Error that names the value. */
export function toFloat(value: Value): number {
  const number = asNumber(value);
  if (number !== null) return number;
  const text = typeof value === "string" ? value.trim() : null;
  if (text !== null && /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+)?$/.test(text)) {
    return Number(text.replaceAll("_", ""));
  }
  if (text !== null && /^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (text !== null && /^[+-]?nan$/i.test(text)) return Number.NaN;
  throw new Error(`${pyRepr(value)} is not a number`);
}

/** Python's `int()` of a number or an integer's text. */
export function toInt(value: Value): number {
  if (typeof value === "string") {
    const text = value.trim();
    if (!/^[+-]?\d+(_\d+)*$/.test(text)) throw new Error(`${pyRepr(value)} is not an integer`);
    return Number(text.replaceAll("_", ""));
  }
  const number = toFloat(value);
  if (!Number.isFinite(number)) throw new Error(`${pyRepr(value)} is not an integer`);
  return Math.trunc(number);
}

/** Half to even. `digits` may be negative. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  // Decimal text of the exact value decides ties as CPython does.
  const shift = Math.max(-300, Math.min(300, Math.trunc(digits)));
  if (shift > 15 || Math.abs(value) >= 2 ** 52) return value;
  const scale = 10 ** Math.abs(shift);
  const scaled = shift >= 0 ? value * scale : value / scale;
  const floor = Math.floor(scaled);
  const exact = shift >= 0 ? exactTie(value, shift, floor) : scaled - floor - 0.5;
  const rounded = exact < 0 ? floor : exact > 0 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
  return shift >= 0 ? Number(`${rounded}e-${shift}`) : rounded * scale;
}

/** Sign of `value - (floor + 0.5) / 10^digits` in exact arithmetic. */
function exactTie(value: number, digits: number, floor: number): number {
  const [mantissa, exponent] = binaryParts(value);
  const left = mantissa * 2n * 10n ** BigInt(digits);
  const right = 2n * BigInt(floor) + 1n;
  const [a, b] = exponent >= 0 ? [left << BigInt(exponent), right] : [left, right << BigInt(-exponent)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `value = mantissa × 2^exponent`, exactly. */
function binaryParts(value: number): [bigint, number] {
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return [BigInt(scaled), exponent];
}

/** Python's slice bounds for a length: negative counts from the end, out of range is cut. */
export function sliceBounds(length: number, start: number | null, end: number | null): [number, number] {
  const clamp = (index: number) => Math.max(0, Math.min(length, index < 0 ? length + index : index));
  return [start === null ? 0 : clamp(start), end === null ? length : clamp(end)];
}
