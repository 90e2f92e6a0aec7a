import { parseJson } from "#core/json.ts";
import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, float, isObject } from "#core/value.ts";
import { NodeError } from "#engine/pure.ts";

const maxStarts = 64;

/**
 * Objects and lists pass through; text is freed of code fences and read as JSON, else from the first `{` or `[` that begins a value,
 * else as a Python literal. A scalar becomes `{value}`. NodeError when nothing can be read.
 */
export function parseTolerantly(raw: Value): Value {
  if (Array.isArray(raw) || isObject(raw)) return raw;
  if (typeof raw !== "string" || raw.trim() === "") throw new NodeError("there is no JSON in an empty value");
  const text = withoutFence(raw.trim());
  const value = attempt(() => parseJson(text)) ?? embedded(text) ?? attempt(() => new LiteralReader(text).read());
  if (value === undefined) throw new NodeError(`this is not JSON: ${text.slice(0, 80)}`);
  return Array.isArray(value.value) || isObject(value.value) ? value.value : { value: value.value };
}

function attempt(read: () => Value): { value: Value } | undefined {
  try {
    return { value: read() };
  } catch {
    return undefined;
  }
}

function withoutFence(text: string): string {
  const fence = /^```[\w-]*\s*\n([\s\S]*?)\n?```\s*$/.exec(text);
  return fence?.[1]?.trim() ?? text;
}

/** The first value that begins somewhere in the text, after a few tries. */
function embedded(text: string): { value: Value } | undefined {
  let tries = 0;
  for (let at = 0; at < text.length && tries < maxStarts; at++) {
    if (text[at] !== "{" && text[at] !== "[") continue;
    tries++;
    const end = matchingEnd(text, at);
    const found = end < 0 ? undefined : attempt(() => parseJson(text.slice(at, end + 1)));
    if (found) return found;
  }
  return undefined;
}

function matchingEnd(text: string, from: number): number {
  let depth = 0;
  let isString = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (isString) {
      if (char === "\\") at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return at;
  }
  return -1;
}

/** Python literals: what a model writes when it means JSON but thinks in Python. */
class LiteralReader {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Value {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw new Error("text after the value");
    return value;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #take(char: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #value(depth: number): Value {
    if (depth > 200) throw new Error("nested too deeply");
    this.#space();
    const char = this.#text[this.#at] ?? "";
    if (char === "{") return this.#object(depth);
    if (char === "[") return this.#list("[", "]", depth);
    if (char === "(") return this.#list("(", ")", depth);
    if (char === "'" || char === '"') return this.#string(char);
    const word = /^(True|False|None|[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/.exec(
      this.#text.slice(this.#at),
    )?.[0];
    if (!word) throw new Error("no value");
    this.#at += word.length;
    if (word === "True" || word === "False") return word === "True";
    if (word === "None") return null;
    const number = Number(word.replaceAll("_", ""));
    return /[.eE]/.test(word) ? float(number) : number;
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = {};
    this.#take("{");
    while (!this.#take("}")) {
      const key = this.#value(depth + 1);
      if (!this.#take(":")) throw new Error("no colon");
      Object.defineProperty(object, pyStr(key), {
        value: this.#value(depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      if (!this.#take(",") && this.#text[this.#at] !== "}") throw new Error("no comma");
    }
    return object;
  }

  #list(open: string, close: string, depth: number): Value[] {
    const list: Value[] = [];
    this.#take(open);
    while (!this.#take(close)) {
      list.push(this.#value(depth + 1));
      if (!this.#take(",") && this.#text[this.#at] !== close) throw new Error("no comma");
    }
    return list;
  }

  #string(quote: string): string {
    const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };
    let out = "";
    for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new Error("an open string");
      if (char === "\\") out += escapes[this.#text[++this.#at] ?? ""] ?? `\\${this.#text[this.#at] ?? ""}`;
      else out += char;
    }
    this.#at++;
    return out;
  }
}

/** JSON as Python's `json.dumps` lays it out: `none` is one line with spaces, `beautify` has an indent of 2, `minified` nothing. */
export function layOut(value: Value, mode: string, options: { indent: number; sortKeys: boolean }): string {
  const ordered = options.sortKeys ? sortKeys(value) : value;
  if (mode === "minified") return JSON.stringify(ordered);
  if (mode === "none") return spaced(ordered);
  return JSON.stringify(ordered, null, options.indent);
}

function sortKeys(value: Value): Value {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key] ?? null)]),
  );
}

function spaced(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${spaced(each)}`)
    .join(", ")}}`;
}
