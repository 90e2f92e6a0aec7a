import { pyRepr } from "#core/python.ts";
import { type JsonObject, type Value, float, isObject } from "#core/value.ts";

/** Python itself gives up at 200 brackets. */
const maxDepth = 200;

/**
 * Python's `ast.literal_eval` for what JSON can hold: dicts, lists, tuples (as lists), texts, numbers, True, False, None.
 * The JSON spellings true, false and null are read too, because models mix both. Throws an Error for everything else.
 */
export function parseLiteral(text: string): Value {
  const reader = new Reader(text);
  return reader.readAll();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): Value {
    const first = this.#value(0);
    const value = this.#peek() === "," ? this.#items("", 0, [first]) : first;
    if (this.#peek() !== "") throw this.#unexpected();
    return value;
  }

  /** The next character that is neither white space nor in a comment; empty at the end. */
  #peek(): string {
    this.#match(/\s*(?:#[^\n]*\s*)*/y);
    return this.#text[this.#at] ?? "";
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #unexpected(): Error {
    const at = this.#at;
    return new Error(at < this.#text.length ? `unexpected character at ${at}` : "the text ends inside a value");
  }

  #value(depth: number): Value {
    if (depth > maxDepth) throw new Error("the value is nested too deeply");
    if (this.#take("{")) return this.#object(depth);
    if (this.#take("[")) return this.#items("]", depth, []);
    if (this.#take("(")) return this.#group(depth);
    if (this.#startsText()) return this.#texts();
    return this.#word();
  }

  #object(depth: number): JsonObject {
    const entries: [string, Value][] = [];
    while (!this.#take("}")) {
      const key = this.#value(depth + 1);
      if (Array.isArray(key) || isObject(key)) throw new Error("a list or an object cannot be a key");
      if (!this.#take(":")) throw this.#unexpected();
      entries.push([typeof key === "string" ? key : pyRepr(key), this.#value(depth + 1)]);
      if (!this.#take(",") && this.#peek() !== "}") throw this.#unexpected();
    }
    return Object.fromEntries(entries);
  }

  /** The rest of a list up to its bracket, or of a bare tuple up to the end. */
  #items(close: string, depth: number, items: Value[]): Value[] {
    if (items.length > 0 && !this.#take(",")) throw this.#unexpected();
    while (this.#peek() !== close) {
      items.push(this.#value(depth + 1));
      if (!this.#take(",") && this.#peek() !== close) throw this.#unexpected();
    }
    if (close) this.#at++;
    return items;
  }

  /** `(1)` is a number in brackets, `(1,)` and `()` are tuples. */
  #group(depth: number): Value {
    if (this.#take(")")) return [];
    const first = this.#value(depth + 1);
    return this.#take(")") ? first : this.#items(")", depth, [first]);
  }

  #startsText(): boolean {
    this.#peek();
    return /^[rRuU]?['"]/.test(this.#text.slice(this.#at, this.#at + 2));
  }

  /** Texts that stand next to each other are one. */
  #texts(): string {
    let out = "";
    while (this.#startsText()) out += this.#string();
    return out;
  }

  #string(): string {
    const prefix = this.#match(/[rRuU]?/y)?.toLowerCase() ?? "";
    const quote = this.#match(/'''|"""|'|"/y) ?? "";
    const body = this.#match(bodies[quote] ?? /$^/y);
    if (body === null) throw this.#unexpected();
    const inner = body.slice(0, -quote.length);
    return prefix === "r" ? inner : inner.replace(escapePattern, unescape);
  }

  #word(): Value {
    const word = this.#match(/[A-Za-z]+/y);
    if (word !== null) return constant(word);
    const sign = this.#match(/[+-]?\s*/y) ?? "";
    const digits = this.#match(numberPattern);
    if (digits === null || /\w/.test(this.#text[this.#at] ?? "")) throw this.#unexpected();
    const size = Number(digits.replaceAll("_", ""));
    const isInt = /^0[xob]/i.test(digits) || !/[.eE]/.test(digits);
    if (isInt && /^0[\d_]*[1-9]/.test(digits)) throw new Error("an int cannot begin with a zero");
    const value = sign.startsWith("-") ? -size : size;
    return isInt ? value + 0 : float(value);
  }
}

const numberPattern =
  /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?/y;

/** What follows an opening quote, with the closing one. */
const bodies: Record<string, RegExp> = {
  "'": /[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'/y,
  '"': /[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*"/y,
  "'''": /[^'\\]*(?:(?:\\[\s\S]|'(?!''))[^'\\]*)*'''/y,
  '"""': /[^"\\]*(?:(?:\\[\s\S]|"(?!""))[^"\\]*)*"""/y,
};

const escapePattern = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|\n|[\s\S])/g;
const escapes: Record<string, string> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unescape(escape: string): string {
  const char = escape[1] ?? "";
  if (/^[0-7]/.test(char)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 8));
  const hex = escape.slice(2);
  if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
  if ("xuUN".includes(char)) throw new Error(`the escape '${escape}' is not complete`);
  return Object.hasOwn(escapes, char) ? (escapes[char] ?? "") : escape;
}

function constant(word: string): Value {
  if (word === "True" || word === "true") return true;
  if (word === "False" || word === "false") return false;
  if (word === "None" || word === "null") return null;
  throw new Error(`'${word.slice(0, 40)}' is no value`);
}
