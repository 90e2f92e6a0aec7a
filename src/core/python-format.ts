import { getPath } from "#core/path.ts";
import { pyRepr, pyStr, reprFloat, roundHalfEven } from "#core/python.ts";
import { type JsonObject, PyFloat, type Value, numberOf } from "#core/value.ts";

/** Python's `template.format(**values)`. Throws an Error for a missing key or a bad specification. */
export function formatTemplate(template: string, values: JsonObject): string {
  let out = "";
  let at = 0;
  while (at < template.length) {
    const char = template[at];
    if ((char === "{" || char === "}") && template[at + 1] === char) {
      out += char;
      at += 2;
    } else if (char === "{") {
      const end = closing(template, at);
      out += field(template.slice(at + 1, end), values);
      at = end + 1;
    } else if (char === "}") throw new Error("Single '}' encountered in format string");
    else {
      out += char;
      at++;
    }
  }
  return out;
}

function closing(template: string, from: number): number {
  let depth = 0;
  for (let at = from; at < template.length; at++) {
    if (template[at] === "{") depth++;
    else if (template[at] === "}" && --depth === 0) return at;
  }
  throw new Error("expected '}' before end of string");
}

function field(text: string, values: JsonObject): string {
  const match = /^([^!:]*)(?:!([rsa]))?(?::([\s\S]*))?$/.exec(text);
  if (!match) throw new Error(`cannot read the field '{${text}}'`);
  const [, name = "", conversion, spec = ""] = match;
  const value = lookup(name, values);
  const inner = spec.includes("{") ? formatTemplate(spec, values) : spec;
  if (conversion === "r" || conversion === "a") return formatValue(pyRepr(value), inner);
  return formatValue(conversion === "s" ? pyStr(value) : value, inner);
}

function lookup(name: string, values: JsonObject): Value {
  const value = getPath(values, name);
  if (value === undefined) throw new Error(`the template names '${name}', which is missing`);
  return value;
}

const specPattern = /^(?:(.)?([<>=^]))?([+\- ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su;

function formatValue(value: Value, spec: string): string {
  if (spec === "") return pyStr(value);
  const match = specPattern.exec(spec);
  if (!match) throw new Error(`Invalid format specifier '${spec}'`);
  const [, fill, align, sign = "-", , zero, width, group, precision, type] = match;
  const number = typeof value === "boolean" && type ? Number(value) : numberOf(value);
  const isText = number === null;
  if (isText && typeof value !== "string") throw new Error(`unsupported format string for ${pyRepr(value)}`);
  if (isText && type && type !== "s") throw new Error(`Unknown format code '${type}' for a text`);
  const digits = precision === undefined ? null : Number(precision);
  const body = isText
    ? [...(value as string)].slice(0, digits ?? undefined).join("")
    : numberText(number, { isFloat: value instanceof PyFloat || !Number.isInteger(number), digits, type, group });
  const prefix = isText ? "" : number < 0 || Object.is(number, -0) ? "-" : sign === "-" ? "" : sign;
  return pad(prefix, body, {
    fill: fill ?? (zero && !align ? "0" : " "),
    align: align ?? (zero && !isText ? "=" : isText ? "<" : ">"),
    width: Number(width ?? 0),
  });
}

interface NumberFormat {
  isFloat: boolean;
  digits: number | null;
  type: string | undefined;
  group: string | undefined;
}

/** The absolute value's digits. */
function numberText(value: number, { isFloat, digits, type, group }: NumberFormat): string {
  const size = Math.abs(value);
  const radix = { b: 2, o: 8, x: 16, X: 16 }[type ?? ""];
  if (radix !== undefined) {
    if (isFloat) throw new Error(`Unknown format code '${type}' for a float`);
    const text = size.toString(radix);
    return type === "X" ? text.toUpperCase() : text;
  }
  if (type === "d" && isFloat) throw new Error("Unknown format code 'd' for a float");
  if (!isFloat && (type === undefined || type === "d" || type === "n")) return grouped(String(size), group);
  if (type === "%") return `${grouped(fixed(size * 100, digits ?? 6), group)}%`;
  if (type === "f" || type === "F") return grouped(fixed(size, digits ?? 6), group);
  if (type === "e" || type === "E") return exponent(size.toExponential(digits ?? 6), type === "E");
  if (type === undefined && digits === null) return grouped(reprFloat(size), group);
  return grouped(general(size, digits ?? 6, type === "G"), group);
}

function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return reprFloat(value);
  return digits > 15 ? value.toFixed(Math.min(100, digits)) : roundHalfEven(value, digits).toFixed(digits);
}

function exponent(text: string, upper: boolean): string {
  const padded = text.replace(/e([+-])(\d)$/, "e$10$2");
  return upper ? padded.toUpperCase() : padded;
}

function general(value: number, digits: number, upper: boolean): string {
  const precision = Math.max(1, digits);
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? "0" : reprFloat(value);
  const power = Number(value.toExponential(precision - 1).split("e")[1]);
  if (power < -4 || power >= precision) {
    const [mantissa = "", rest = ""] = value.toExponential(precision - 1).split("e");
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return exponent(`${short}e${rest}`, upper);
  }
  const text = value.toPrecision(precision);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function grouped(text: string, separator: string | undefined): string {
  if (!separator) return text;
  const [whole = "", ...rest] = text.split(".");
  return [whole.replace(/\B(?=(\d{3})+(?!\d))/g, separator), ...rest].join(".");
}

function pad(
  prefix: string,
  body: string,
  { fill, align, width }: { fill: string; align: string; width: number },
): string {
  const missing = Math.min(width, 1_000_000) - [...prefix, ...body].length;
  if (missing <= 0) return prefix + body;
  if (align === "=") return prefix + fill.repeat(missing) + body;
  const left = align === ">" ? missing : align === "^" ? Math.floor(missing / 2) : 0;
  return fill.repeat(left) + prefix + body + fill.repeat(missing - left);
}
