import { parseJson } from "#core/json.ts";
import { parseLiteral } from "#core/python-literal.ts";
import { maxNesting, strip, tooDeep } from "#core/python-text.ts";
import { briefly, pyStr } from "#core/python.ts";
import { type Value, isObject } from "#core/value.ts";
import { NodeError } from "#engine/pure.ts";

const maxStarts = 64;

/**
 * What a model wrote, as a value: freed of a code fence, then JSON, else the first object or list somewhere in the text, else a Python literal.
 * Undefined when nothing can be read, and for JSON's null, which is what a model says that has no answer.
 */
export function readJsonText(raw: string): Value | undefined {
  const text = withoutFence(raw);
  if (text === "") return undefined;
  const value = orNull(() => parseJson(text)) ?? embedded(text) ?? undefined;
  if (value === undefined && text === "null") return undefined;
  return withinDepth(value ?? orUndefined(() => parseLiteral(text)));
}

/** Objects and lists pass through, everything else is read as text. NodeError when it cannot be read. */
export function parseValue(raw: Value): Value {
  if (Array.isArray(raw) || isObject(raw)) return raw;
  if (raw === null || strip(pyStr(raw)) === "") throw new NodeError("'text' is empty; there is no JSON to parse");
  const value = readJsonText(pyStr(raw));
  if (value === undefined) throw new NodeError(`'text' is not JSON: ${briefly(raw)}`);
  return value;
}

function orNull(read: () => Value): Value {
  return orUndefined(read) ?? null;
}

function orUndefined(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function withoutFence(raw: string): string {
  const text = strip(raw);
  if (!text.startsWith("```")) return text;
  const line = text.indexOf("\n");
  if (line < 0) return strip(text.replace(/^`+/, "").replace(/`{1,100}$/, ""));
  const body = text.slice(line + 1);
  const close = body.lastIndexOf("```");
  return strip(close < 0 ? body : body.slice(0, close));
}

/** The first object or list that begins somewhere in the text, after a few tries. */
function embedded(text: string): Value | undefined {
  let at = -1;
  for (let tries = 0; tries < maxStarts; tries++) {
    at = nextStart(text, at + 1);
    if (at < 0) return undefined;
    const end = matchingEnd(text, at);
    const found = end < 0 ? undefined : orUndefined(() => parseJson(text.slice(at, end + 1)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function nextStart(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === "{" || text[at] === "[") return at;
  return -1;
}

function matchingEnd(text: string, from: number): number {
  let depth = 0;
  let isText = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (isText) {
      if (char === "\\") at++;
      else if (char === '"') isText = false;
    } else if (char === '"') isText = true;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return at;
  }
  return -1;
}

/** Deeper values could be held, but neither stored nor written out. */
function withinDepth(value: Value | undefined): Value | undefined {
  let level: Value[] = value === undefined ? [] : [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxNesting) throw tooDeep();
    level = level.flatMap((each) => (Array.isArray(each) ? each : isObject(each) ? Object.values(each) : []));
  }
  return value;
}
