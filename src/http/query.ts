import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { type Issue, RequestIssues } from "#http/errors.ts";
import { rangeIssues, shown } from "#http/validation.ts";

/**
 * Reads the query string by a schema of flat fields, with FastAPI's rules: the last of repeated keys counts (all of them for an
 * array), booleans may be written `true/1/yes/on/t/y`, unknown keys are ignored, an absent field takes its default.
 * Throws RequestIssues.
 */
export function readQuery<T extends TObject>(url: string, schema: T): Static<T> {
  const at = url.indexOf("?");
  const given = at < 0 ? null : new URLSearchParams(url.slice(at + 1));
  const query: Record<string, unknown> = {};
  const issues: Issue[] = [];
  for (const [name, field] of Object.entries(schema.properties)) {
    const texts = given?.getAll(name) ?? [];
    const text = texts.at(-1);
    if (field["type"] === "array") query[name] = texts;
    else if (text !== undefined) query[name] = readField(field, text, ["query", name], issues);
    else if (field["default"] !== undefined) query[name] = field["default"];
  }
  if (issues.length > 0) throw new RequestIssues(issues);
  return query;
}

function readField(schema: TSchema, text: string, loc: Issue["loc"], issues: Issue[]): unknown {
  switch (schema["type"]) {
    case "integer":
      return readNumber(schema, text, { loc, issues, integer: true });
    case "number":
      return readNumber(schema, text, { loc, issues, integer: false });
    case "boolean":
      return readBoolean(text, loc, issues);
    default:
      return text;
  }
}

interface Target {
  loc: Issue["loc"];
  issues: Issue[];
  integer: boolean;
}

function readNumber(schema: TSchema, text: string, { loc, issues, integer }: Target): number | undefined {
  const form = integer ? /^\s*[+-]?\d+(?:\.0+)?\s*$/ : /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
  const value = form.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || (integer && !Number.isSafeInteger(value))) {
    const kind = integer
      ? { type: "int_parsing", msg: "Input should be a valid integer, unable to parse string as an integer" }
      : { type: "float_parsing", msg: "Input should be a valid number, unable to parse string as a number" };
    issues.push({ ...kind, loc, input: shown(text) });
    return undefined;
  }
  issues.push(...rangeIssues(schema, value, loc).map((issue) => ({ ...issue, input: text })));
  return value;
}

const truths = new Set(["true", "1", "yes", "on", "t", "y"]);
const falsehoods = new Set(["false", "0", "no", "off", "f", "n"]);

function readBoolean(text: string, loc: Issue["loc"], issues: Issue[]): boolean {
  const word = text.trim().toLowerCase();
  if (!truths.has(word) && !falsehoods.has(word)) {
    issues.push({
      type: "bool_parsing",
      loc,
      msg: "Input should be a valid boolean, unable to interpret input",
      input: shown(text),
    });
  }
  return truths.has(word);
}

/** A boolean of a form or query in the same words. */
export function readFlag(text: string, loc: Issue["loc"]): boolean {
  const issues: Issue[] = [];
  const value = readBoolean(text, loc, issues);
  if (issues.length > 0) throw new RequestIssues(issues);
  return value;
}
