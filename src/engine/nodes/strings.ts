import { getPath } from "#core/path.ts";
import { formatTemplate } from "#core/python-format.ts";
import { lenientBool, pyStr, sliceBounds, toInt } from "#core/python.ts";
import { canonicalJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { isDataPin } from "#engine/nodes/definition.ts";
import { NodeError, type PureContext, type PureNode } from "#engine/pure.ts";

/** A text that a flow builds may not grow beyond this. */
const maxLength = 32 * 1024 * 1024;

function capped(text: string): string {
  if (text.length > maxLength) throw new NodeError(`the text is longer than ${maxLength} characters`);
  return text;
}

/** Absent is empty, an explicit null is Python's "None". */
function textOf(inputs: JsonObject, name = "text"): string {
  const value = inputs[name] ?? (name === "text" && inputs["text"] === undefined ? inputs["value"] : inputs[name]);
  return value === undefined ? "" : pyStr(value);
}

function decodeEscapes(text: string): string {
  return text.replaceAll("\\n", "\n").replaceAll("\\t", "\t").replaceAll("\\r", "\r");
}

function delimiterOf(inputs: JsonObject, preset: string): string {
  const value = inputs["delimiter"];
  return value === undefined || value === null ? preset : decodeEscapes(pyStr(value));
}

const concat: PureNode = (inputs, { node }) => {
  const config = isObject(node.data["concatConfig"]) ? node.data["concatConfig"]["separator"] : undefined;
  const separator = typeof config === "string" ? decodeEscapes(config) : " ";
  const declared = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const order = declared.length > 0 ? declared : Object.keys(inputs).sort();
  const parts = order.filter((pin) => inputs[pin] !== undefined && pin !== "separator");
  let size = 0;
  const texts = parts.map((pin) => {
    const value = inputs[pin] ?? null;
    const text = value === null ? "" : pyStr(value);
    size += text.length + separator.length;
    if (size > maxLength) throw new NodeError(`the text is longer than ${maxLength} characters`);
    return text;
  });
  return texts.join(separator);
};

const split: PureNode = (inputs) => {
  const text = textOf(inputs);
  const delimiter = delimiterOf(inputs, ",");
  const limit = inputs["maxsplit"] === undefined || inputs["maxsplit"] === null ? -1 : toInt(inputs["maxsplit"]);
  const raw = delimiter === "" ? [text] : splitAtMost(text, delimiter, limit);
  const parts = lenientBool(inputs["trim"] ?? true) ? raw.map((part) => part.trim()) : raw;
  return lenientBool(inputs["drop_empty"] ?? true) ? parts.filter((part) => part !== "") : parts;
};

function splitAtMost(text: string, delimiter: string, limit: number): string[] {
  const parts = text.split(delimiter);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(delimiter)];
}

const join: PureNode = (inputs) => {
  const items = inputs["items"] ?? inputs["array"] ?? null;
  const list = Array.isArray(items) ? items : items === null ? [] : [items];
  return capped(list.map((item) => (item === null ? "" : pyStr(item))).join(delimiterOf(inputs, ",")));
};

const format: PureNode = (inputs) => {
  const template = inputs["template"] === undefined ? "" : pyStr(inputs["template"]);
  return isObject(inputs["values"]) ? capped(formatTemplate(template, inputs["values"])) : template;
};

/** `{{ path | filter | … }}` over the given vars. */
const stringTemplate: PureNode = (inputs, context) => {
  const template = inputs["template"] === undefined ? "" : pyStr(inputs["template"]);
  const vars = isObject(inputs["vars"]) ? inputs["vars"] : context.vars;
  return capped(template.replace(/\{\{([^{}]*)\}\}/g, (_, body: string) => fill(body, vars)));
};

function fill(body: string, vars: JsonObject): string {
  const [path = "", ...filters] = body.split("|").map((part) => part.trim());
  let value: Value = getPath(vars, path) ?? null;
  for (const filter of filters) value = applyFilter(filter, value);
  return value === null ? "" : pyStr(value);
}

function applyFilter(filter: string, value: Value): Value {
  if (filter === "json") return canonicalJson(value);
  const joined = /^join(?:\(\s*(?:"([^"]*)"|'([^']*)')?\s*\))?$/.exec(filter);
  if (joined) {
    const separator = decodeEscapes(joined[1] ?? joined[2] ?? ", ");
    return Array.isArray(value) ? value.map((each) => (each === null ? "" : pyStr(each))).join(separator) : value;
  }
  const text = value === null ? "" : pyStr(value);
  if (filter === "trim") return text.trim();
  if (filter === "lower") return text.toLowerCase();
  return filter === "upper" ? text.toUpperCase() : value;
}

const substring: PureNode = (inputs) => {
  const characters = [...textOf(inputs)];
  const end = inputs["end"] === undefined || inputs["end"] === null ? null : toInt(inputs["end"]);
  const [from, to] = sliceBounds(characters.length, toInt(inputs["start"] ?? 0), end);
  return characters.slice(from, to).join("");
};

const contains: PureNode = (inputs) => {
  const pattern = inputs["pattern"] ?? null;
  if (pattern === null || pattern === "") return false;
  return textOf(inputs).includes(pyStr(pattern));
};

const replace: PureNode = (inputs) => {
  const text = textOf(inputs);
  const pattern = inputs["pattern"] ?? null;
  if (pattern === null || pattern === "") return text;
  const replacement =
    inputs["replacement"] === undefined || inputs["replacement"] === null ? "" : pyStr(inputs["replacement"]);
  const count = countOf(inputs["mode"] ?? "all");
  const parts = text.split(pyStr(pattern));
  const cut = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  if (text.length + cut * replacement.length > maxLength) capped("x".repeat(maxLength + 1));
  const head = parts.slice(0, cut + 1).join(replacement);
  return [head, ...parts.slice(cut + 1)].join(pyStr(pattern));
};

function countOf(mode: Value): number {
  if (mode === "first") return 1;
  if (mode === "all" || mode === "") return -1;
  try {
    return toInt(mode);
  } catch {
    return -1;
  }
}

const coalesce: PureNode = (inputs, { node }: PureContext) => {
  const declared = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const order = declared.length > 0 ? declared : Object.keys(inputs);
  return order.map((pin) => inputs[pin]).find((value) => value !== undefined && value !== null) ?? null;
};

export const stringNodes: [string, PureNode][] = [
  ["concat", concat],
  ["split", split],
  ["join", join],
  ["format", format],
  ["string_template", stringTemplate],
  ["uppercase", (inputs) => textOf(inputs).toUpperCase()],
  ["lowercase", (inputs) => textOf(inputs).toLowerCase()],
  ["trim", (inputs) => textOf(inputs).trim()],
  ["substring", substring],
  ["length", (inputs) => [...textOf(inputs)].length],
  ["is_empty_string", (inputs) => (inputs["text"] ?? null) === null || pyStr(inputs["text"] ?? null) === ""],
  ["contains", contains],
  ["replace", replace],
  ["coalesce", coalesce],
];
