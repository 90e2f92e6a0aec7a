import { reprFloat } from "#core/python-float.ts";
import { TextWriter, compareCodePoints, maxNesting, strip, tooDeep } from "#core/python-text.ts";
import { PyFloat, type Value, isObject, numberOf } from "#core/value.ts";

/**
 * Python's value semantics where they leak into flows (contract flow-runtime 2.9): truthiness, `str()`, `repr()`, equality, ordering,
 * `float()` and `int()`. Whatever Python raises for is a plain Error here; so are values that are nested too deeply or too long as text.
 */

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
  return typeof value === "string" && ["true", "1", "yes", "on"].includes(strip(value).toLowerCase());
}

export function pyStr(value: Value): string {
  return typeof value === "string" ? value : pyRepr(value);
}

export function pyRepr(value: Value): string {
  const writer = new TextWriter();
  writeRepr(value, writer, 0);
  return writer.text;
}

function writeRepr(value: Value, writer: TextWriter, depth: number): void {
  if (depth > maxNesting) throw tooDeep();
  if (Array.isArray(value)) {
    writer.write("[");
    value.forEach((each, index) => {
      if (index > 0) writer.write(", ");
      writeRepr(each, writer, depth + 1);
    });
    writer.write("]");
  } else if (isObject(value)) {
    writer.write("{");
    Object.entries(value).forEach(([key, each], index) => {
      writer.write(`${index > 0 ? ", " : ""}${reprText(key)}: `);
      writeRepr(each, writer, depth + 1);
    });
    writer.write("}");
  } else writer.write(reprScalar(value));
}

function reprScalar(value: null | boolean | number | string | PyFloat): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return reprText(value);
  if (value instanceof PyFloat) return reprFloat(value.value);
  return Number.isInteger(value) ? intText(value) : reprFloat(value);
}

/** Digits of an int: never an exponent. */
export function intText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

const escaped = /[\\'"]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const escapedEverywhere = new RegExp(escaped, "gu");
const namedEscapes: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function reprText(text: string): string {
  if (!escaped.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + text.replace(escapedEverywhere, (char) => escapeChar(char, quote)) + quote;
}

function escapeChar(char: string, quote: string): string {
  if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
  return namedEscapes[char] ?? escapeCode(char);
}

/** `\xNN`, `\uNNNN` or `\UNNNNNNNN` */
export function escapeCode(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** `1 == 1.0 == True`; containers by content. */
export function pyEquals(a: Value, b: Value, depth = 0): boolean {
  if (depth > maxNesting) throw tooDeep();
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
  if (depth > maxNesting) throw tooDeep();
  const left = asNumber(a);
  const right = asNumber(b);
  if (left !== null && right !== null) {
    return Number.isNaN(left) || Number.isNaN(right) ? null : left < right ? -1 : left > right ? 1 : 0;
  }
  if (typeof a === "string" && typeof b === "string") return compareCodePoints(a, b);
  if (!Array.isArray(a) || !Array.isArray(b)) return null;
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const one = a[index] ?? null;
    const other = b[index] ?? null;
    if (!pyEquals(one, other)) return pyCompare(one, other, depth + 1);
  }
  return Math.sign(a.length - b.length);
}

/** Booleans are numbers in Python. */
function asNumber(value: Value): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  return numberOf(value);
}

// No part of these can match the same text in two ways, so that a long text costs its length and not its square.
const floatPattern = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const intPattern = /^[+-]?\d+(?:_\d+)*$/;

/** Python's `float()`: numbers, booleans and their texts. Throws an Error that names the value. */
export function toFloat(value: Value): number {
  const number = asNumber(value);
  if (number !== null) return number;
  const text = typeof value === "string" ? asciiDigits(strip(value)) : "";
  if (floatPattern.test(text)) return Number(text.replaceAll("_", ""));
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  throw new Error(`${briefly(value)} is not a number`);
}

/** Python's `int()`: a number is cut, a text must be an integer. */
export function toInt(value: Value): number {
  if (typeof value === "string") {
    const text = asciiDigits(strip(value));
    if (!intPattern.test(text)) throw new Error(`${briefly(value)} is not an integer`);
    return Number(text.replaceAll("_", ""));
  }
  const number = toFloat(value);
  if (!Number.isFinite(number)) throw new Error(`${briefly(value)} is not an integer`);
  return Math.trunc(number) + 0;
}

/** Python reads the decimal digits of every script. They stand in runs of ten, so a digit's value follows from its place in the run. */
function asciiDigits(text: string): string {
  if (!/(?![0-9])\p{Nd}/u.test(text)) return text;
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
    return String(before % 10);
  });
}

/** A value for an error message. */
export function briefly(value: Value): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  return typeof value === "string" && value.length > 80 ? `${pyRepr(value.slice(0, 80))}…` : pyRepr(value);
}

/** Python's slice bounds for a length: negative counts from the end, out of range is cut. */
export function sliceBounds(length: number, start: number | null, end: number | null): [number, number] {
  const clamp = (index: number) => Math.max(0, Math.min(length, index < 0 ? length + index : index));
  return [start === null ? 0 : clamp(start), end === null ? length : clamp(end)];
}
