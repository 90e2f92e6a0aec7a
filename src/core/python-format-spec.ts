import { fixedText, reprFloat, significantDigits } from "#core/python-float.ts";
import { pyStr } from "#core/python.ts";
import { codePointLength, maxTextLength, sliceCodePoints, tooLong } from "#core/python-text.ts";
import { PyFloat, type Value, isObject } from "#core/value.ts";

/** `format(value, spec)`: Python's mini-language for ints, floats, booleans and texts. Throws an Error for what Python refuses. */
export function formatValue(value: Value, text: string): string {
  if (text === "") return pyStr(value);
  const spec = parseSpec(text);
  if (typeof value === "string") return formatText(value, spec);
  if (typeof value === "boolean") return formatInt(Number(value), spec);
  if (value instanceof PyFloat) return formatFloat(value.value, spec);
  if (typeof value === "number") return Number.isInteger(value) ? formatInt(value, spec) : formatFloat(value, spec);
  throw refuse(spec, value === null ? "None" : isObject(value) ? "an object" : "a list");
}

interface Spec {
  text: string;
  fill: string | undefined;
  align: string | undefined;
  sign: string | undefined;
  noNegativeZero: boolean;
  isAlternate: boolean;
  isZeroPadded: boolean;
  width: number;
  grouping: string | undefined;
  precision: number | undefined;
  type: string | undefined;
}

const specPattern = /^(?:(.)?([<>=^]))?([+\- ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?(\p{L}|%)?$/su;

function parseSpec(text: string): Spec {
  const match = specPattern.exec(text);
  if (!match) throw new Error(`the format specification '${text.slice(0, 80)}' cannot be read`);
  const [, fill, align, sign, noNegativeZero, alternate, zero, width, grouping, precision, type] = match;
  const spec = {
    text,
    fill,
    align,
    sign,
    noNegativeZero: noNegativeZero !== undefined,
    isAlternate: alternate !== undefined,
    isZeroPadded: zero !== undefined,
    width: Number(width ?? 0),
    grouping,
    precision: precision === undefined ? undefined : Number(precision),
    type,
  };
  if (spec.width > maxTextLength || (spec.precision ?? 0) > maxTextLength) throw tooLong();
  return spec;
}

function refuse(spec: Spec, what: string): Error {
  return new Error(`the format specification '${spec.text.slice(0, 80)}' does not fit ${what}`);
}

function formatText(value: string, spec: Spec): string {
  const { type, align, precision } = spec;
  const isForNumbers = spec.sign || spec.isAlternate || spec.grouping || spec.noNegativeZero || align === "=";
  if ((type !== undefined && type !== "s") || isForNumbers) throw refuse(spec, "a text");
  const body = precision === undefined ? value : sliceCodePoints(value, 0, precision);
  return pad("", body, { spec, align: align ?? "<" });
}

const radixes: Record<string, { radix: number; prefix: string }> = {
  b: { radix: 2, prefix: "0b" },
  o: { radix: 8, prefix: "0o" },
  x: { radix: 16, prefix: "0x" },
  X: { radix: 16, prefix: "0X" },
};

function formatInt(value: number, spec: Spec): string {
  const type = spec.type ?? "d";
  if ("eEfFgG%".includes(type)) return formatFloat(value, spec);
  if (spec.precision !== undefined || spec.noNegativeZero) throw refuse(spec, "an int");
  if (type === "c") return formatCharacter(value, spec);
  const other = Object.hasOwn(radixes, type) ? radixes[type] : undefined;
  if (!other && type !== "d" && type !== "n") throw refuse(spec, "an int");
  if (spec.grouping && (type === "n" || (spec.grouping === "," && other))) throw refuse(spec, "an int");
  const digits = BigInt(Math.abs(value)).toString(other?.radix ?? 10);
  const prefix = signOf(value < 0, spec) + (spec.isAlternate ? (other?.prefix ?? "") : "");
  return padNumber({ prefix, digits: type === "X" ? digits.toUpperCase() : digits, rest: "" }, spec, other ? 4 : 3);
}

function formatCharacter(value: number, spec: Spec): string {
  if (spec.sign || spec.grouping || spec.isAlternate || value < 0 || value > 0x10ffff) throw refuse(spec, "an int");
  return pad("", String.fromCodePoint(value), { spec, align: spec.align ?? (spec.isZeroPadded ? "=" : ">") });
}

function formatFloat(value: number, spec: Spec): string {
  const { type, noNegativeZero, grouping } = spec;
  if (type !== undefined && !"eEfFgGn%".includes(type)) throw refuse(spec, "a float");
  if (grouping && type === "n") throw refuse(spec, "a float");
  const text = digitsOf(Math.abs(value), spec);
  const isNegative =
    (value < 0 || Object.is(value, -0)) && !(noNegativeZero && !/[1-9]/.test(text.split("e")[0] ?? ""));
  const cased = type !== undefined && "EFG".includes(type) ? text.toUpperCase() : text;
  const [, digits = "", rest = ""] = /^(\d*)([\s\S]*)$/.exec(cased) ?? [];
  return padNumber({ prefix: signOf(isNegative, spec), digits, rest }, spec, 3);
}

/** A float's size, with its point, exponent and percent sign. */
function digitsOf(size: number, { type, precision, isAlternate }: Spec): string {
  const percent = type === "%" ? "%" : "";
  const scaled = percent ? size * 100 : size;
  if (!Number.isFinite(scaled)) return (Number.isNaN(scaled) ? "nan" : "inf") + percent;
  if (percent || type === "f" || type === "F") {
    const decimals = precision ?? 6;
    return fixedText(scaled, decimals) + (isAlternate && decimals === 0 ? "." : "") + percent;
  }
  if (type === "e" || type === "E") return scientific(size, (precision ?? 6) + 1, isAlternate);
  if (type === undefined && precision === undefined) {
    const text = reprFloat(size);
    return isAlternate ? text.replace(/^(\d)e/, "$1.e") : text;
  }
  return general(size, Math.max(1, precision ?? 6), { isAlternate, keepsPoint: type === undefined });
}

function scientific(size: number, count: number, isAlternate: boolean): string {
  const { digits, power } = significantDigits(size, count);
  const point = count > 1 || isAlternate ? "." : "";
  return `${digits[0]}${point}${digits.slice(1)}${exponentText(power)}`;
}

function exponentText(power: number): string {
  return `e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** The shorter of both notations. Without a type the result keeps one digit after the point, as `str()` does. */
function general(
  size: number,
  count: number,
  { isAlternate, keepsPoint }: { isAlternate: boolean; keepsPoint: boolean },
): string {
  const { digits, power } = significantDigits(size, count);
  const shown = isAlternate ? digits : digits.replace(/0+$/, "") || "0";
  if (power < -4 || power >= count - (keepsPoint ? 1 : 0)) {
    const point = shown.length > 1 || isAlternate ? "." : "";
    return `${shown[0]}${point}${shown.slice(1)}${exponentText(power)}`;
  }
  if (power < 0) return `0.${"0".repeat(-power - 1)}${shown}`;
  const whole = shown.slice(0, power + 1).padEnd(power + 1, "0");
  const decimals = shown.slice(power + 1);
  if (decimals) return `${whole}.${decimals}`;
  return whole + (keepsPoint ? ".0" : isAlternate ? "." : "");
}

function signOf(isNegative: boolean, { sign }: Spec): string {
  if (isNegative) return "-";
  return sign === undefined || sign === "-" ? "" : sign;
}

interface NumberText {
  prefix: string;
  digits: string;
  rest: string;
}

function padNumber({ prefix, digits, rest }: NumberText, spec: Spec, groupSize: number): string {
  const align = spec.align ?? (spec.isZeroPadded ? "=" : ">");
  const fill = spec.fill ?? (spec.isZeroPadded ? "0" : " ");
  if (!spec.grouping || digits === "") return pad(prefix, digits + rest, { spec, align });
  // Zeros that fill up the width are grouped like the number's own digits.
  const minimum = fill === "0" && align === "=" ? spec.width - prefix.length - rest.length : 0;
  return pad(prefix, group(digits, { size: groupSize, separator: spec.grouping, minimum }) + rest, { spec, align });
}

function group(
  digits: string,
  { size, separator, minimum }: { size: number; separator: string; minimum: number },
): string {
  const groups: string[] = [];
  let left = digits.length;
  let missing = minimum;
  do {
    if (groups.length > 0) missing -= separator.length;
    const length = Math.min(size, Math.max(left, missing, 1));
    groups.push(digits.slice(Math.max(0, left - length), left).padStart(length, "0"));
    left = Math.max(0, left - length);
    missing -= length;
  } while (left > 0 || missing > 0);
  return groups.toReversed().join(separator);
}

function pad(prefix: string, body: string, { spec, align }: { spec: Spec; align: string }): string {
  const fill = spec.fill ?? (spec.isZeroPadded ? "0" : " ");
  const missing = spec.width - prefix.length - codePointLength(body);
  if (missing <= 0) return prefix + body;
  if (align === "=") return prefix + fill.repeat(missing) + body;
  const left = align === ">" ? missing : align === "^" ? Math.floor(missing / 2) : 0;
  return fill.repeat(left) + prefix + body + fill.repeat(missing - left);
}
