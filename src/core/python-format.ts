import { formatValue } from "#core/python-format-spec.ts";
import { escapeCode, pyRepr, pyStr, toInt } from "#core/python.ts";
import { TextWriter } from "#core/python-text.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** Fields inside a field's specification are filled too, and no deeper (as in CPython). */
const maxLevels = 2;

/**
 * Python's `template.format(**values)`, with one addition: `{a.b}` reads a key of an object, where Python knows only attributes.
 * Throws an Error for a missing key, a bad specification or a template that Python would refuse.
 */
export function formatTemplate(template: string, values: JsonObject): string {
  return fill(template, values, maxLevels);
}

function fill(template: string, values: JsonObject, levels: number): string {
  if (levels === 0) throw new Error("the format string is nested too deeply");
  const out = new TextWriter();
  let at = 0;
  for (;;) {
    const brace = nextBrace(template, at);
    out.write(template.slice(at, brace));
    if (brace === template.length) return out.text;
    const char = template[brace] ?? "";
    if (template[brace + 1] === char) {
      out.write(char);
      at = brace + 2;
    } else {
      if (char === "}" || brace + 1 === template.length) {
        throw new Error(`the format string has a single '${char}'; a literal brace is written twice`);
      }
      const field = readField(template, brace + 1);
      out.write(render(field, values, levels));
      at = field.end;
    }
  }
}

function nextBrace(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === "{" || text[at] === "}") return at;
  return text.length;
}

interface Field {
  name: string;
  conversion: string | null;
  spec: string;
  /** Where the template goes on. */
  end: number;
}

function readField(template: string, from: number): Field {
  let at = from;
  while (at < template.length && !"{}:!".includes(template[at] ?? "")) {
    if (template[at] === "[") at = Math.max(at, template.indexOf("]", at));
    at++;
  }
  const name = template.slice(from, at);
  const stop = template[at];
  if (stop === "{") throw new Error("the format string has a '{' in a field's name");
  if (stop === undefined) throw new Error("the format string ends inside a field: a '}' is missing");
  if (stop === "}") return { name, conversion: null, spec: "", end: at + 1 };
  if (stop === ":") return { name, conversion: null, ...readSpec(template, at + 1) };
  const conversion = template[at + 1] ?? "";
  const after = template[at + 2];
  if (after === "}") return { name, conversion, spec: "", end: at + 3 };
  if (after !== ":") throw new Error(`the format string needs a ':' or a '}' after '!${conversion}'`);
  return { name, conversion, ...readSpec(template, at + 3) };
}

function readSpec(template: string, from: number): { spec: string; end: number } {
  let open = 1;
  for (let at = nextBrace(template, from); at < template.length; at = nextBrace(template, at + 1)) {
    open += template[at] === "{" ? 1 : -1;
    if (open === 0) return { spec: template.slice(from, at), end: at + 1 };
  }
  throw new Error("the format string ends inside a specification: a '}' is missing");
}

function render({ name, conversion, spec }: Field, values: JsonObject, levels: number): string {
  const value = convert(lookup(name, values), conversion);
  return formatValue(value, spec.includes("{") || spec.includes("}") ? fill(spec, values, levels - 1) : spec);
}

function convert(value: Value, conversion: string | null): Value {
  if (conversion === null) return value;
  if (conversion === "s") return pyStr(value);
  if (conversion === "r") return pyRepr(value);
  if (conversion === "a") return pyRepr(value).replace(/\P{ASCII}/gu, escapeCode);
  throw new Error(`the format string has the conversion '!${conversion}'; there are !r, !s and !a`);
}

function lookup(name: string, values: JsonObject): Value {
  const [first = "", ...rest] = name.split(/(?=[.[])/);
  if (/^\d*$/.test(first)) throw new Error(`the format string asks for '{${first}}' by position; values have names`);
  let value = member(values, first, name);
  for (const part of joinBrackets(rest)) {
    const inBrackets = /^\[([^\]]+)\]$/.exec(part)?.[1];
    const attribute = part.startsWith(".") ? part.slice(1) : undefined;
    const key = inBrackets ?? attribute;
    if (!key) throw new Error(`the format string has a field that cannot be read: '{${name}}'`);
    value = member(value, key, name);
  }
  return value;
}

/** A key in brackets may itself contain dots and brackets that open. */
function joinBrackets(parts: string[]): string[] {
  const joined: string[] = [];
  let isOpen = false;
  for (const part of parts) {
    if (isOpen) joined.push(`${joined.pop()}${part}`);
    else joined.push(part);
    isOpen = (isOpen || part.startsWith("[")) && !part.includes("]");
  }
  return joined;
}

function member(value: Value, key: string, name: string): Value {
  let found: Value | undefined;
  if (Array.isArray(value)) found = /^\d+$/.test(key) ? value[toInt(key)] : undefined;
  else if (typeof value === "string") found = /^\d+$/.test(key) ? [...value][toInt(key)] : undefined;
  else if (isObject(value) && Object.hasOwn(value, key)) found = value[key];
  if (found === undefined) throw new Error(`the format string names '${name}', which is missing from the values`);
  return found;
}
