import { formatTemplate } from "#core/python-format.ts";
import {
  capped,
  codePointLength,
  joinTexts,
  sliceCodePoints,
  strip,
  tooLong,
  maxTextLength,
} from "#core/python-text.ts";
import { pyStr, sliceBounds, toInt } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { configOf } from "#engine/nodes/definition.ts";
import { flag, inPinOrder } from "#engine/nodes/pins.ts";
import { fillTemplate } from "#engine/nodes/string-template.ts";
import type { PureNode } from "#engine/pure.ts";

/** Absent is empty, an explicit null is Python's "None". */
function textOf(inputs: JsonObject): string {
  return inputs["text"] === undefined ? "" : pyStr(inputs["text"]);
}

/** Null is empty, as most nodes have it. */
function orEmpty(value: Value | undefined): string {
  return value === undefined || value === null ? "" : pyStr(value);
}

/** Editors hand over `\n` as it was typed. */
function decodeEscapes(text: string): string {
  return text.replaceAll("\\n", "\n").replaceAll("\\t", "\t").replaceAll("\\r", "\r");
}

const concat: PureNode = (inputs, { node }) => {
  const { separator } = configOf(node, "concatConfig");
  const texts = inPinOrder(inputs, node).map(orEmpty);
  return joinTexts(texts, typeof separator === "string" ? decodeEscapes(separator) : " ");
};

const split: PureNode = (inputs) => {
  const text = orEmpty(inputs["text"]);
  const delimiter = inputs["delimiter"] === undefined ? "," : decodeEscapes(orEmpty(inputs["delimiter"]));
  const raw = delimiter === "" ? [text] : splitAtMost(text, delimiter, limitOf(inputs["maxsplit"]));
  const parts = flag(inputs, "trim", true) ? raw.map(strip) : raw;
  const dropsEmpty = delimiter === "" || flag(inputs, "drop_empty", true);
  return dropsEmpty ? parts.filter((part) => part !== "") : parts;
};

/** A count that cannot be read, or below zero, is none. */
function limitOf(value: Value | undefined): number {
  if (value === undefined || value === null) return -1;
  try {
    return toInt(value);
  } catch {
    return -1;
  }
}

function splitAtMost(text: string, delimiter: string, limit: number): string[] {
  const parts = text.split(delimiter);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(delimiter)];
}

const join: PureNode = (inputs) => {
  const { items = null, delimiter } = inputs;
  const list = Array.isArray(items) ? items : items === null ? [] : [items];
  return joinTexts(list.map(orEmpty), decodeEscapes(orEmpty(delimiter ?? ",")));
};

const format: PureNode = (inputs) => {
  const { template = "", values = {} } = inputs;
  return isObject(values) ? formatTemplate(pyStr(template), values) : pyStr(template);
};

const stringTemplate: PureNode = (inputs) => {
  const { template, vars } = inputs;
  return fillTemplate(orEmpty(template), isObject(vars) ? vars : {});
};

const substring: PureNode = (inputs) => {
  const text = textOf(inputs);
  const { start = 0, end = null } = inputs;
  const bounds = sliceBounds(codePointLength(text), toInt(start), end === null ? null : toInt(end));
  return sliceCodePoints(text, ...bounds);
};

const contains: PureNode = (inputs) => {
  const pattern = orEmpty(inputs["pattern"]);
  return pattern !== "" && orEmpty(inputs["text"]).includes(pattern);
};

const replace: PureNode = (inputs) => {
  const text = orEmpty(inputs["text"]);
  const pattern = orEmpty(inputs["pattern"]);
  if (pattern === "") return text;
  const replacement = orEmpty(inputs["replacement"]);
  const parts = text.split(pattern);
  const limit = countOf(inputs["mode"]);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  if (text.length + count * (replacement.length - pattern.length) > maxTextLength) throw tooLong();
  const changed = parts.slice(0, count + 1).join(replacement);
  return [changed, ...parts.slice(count + 1)].join(pattern);
};

/** How many occurrences to replace; below zero is all of them. */
function countOf(mode: Value | undefined): number {
  if (typeof mode === "string" && ["first", "once"].includes(strip(mode).toLowerCase())) return 1;
  return limitOf(mode);
}

const coalesce: PureNode = (inputs, { node }) => inPinOrder(inputs, node).find((value) => value !== null) ?? null;

export const stringNodes: [string, PureNode][] = [
  ["concat", concat],
  ["split", split],
  ["join", join],
  ["format", format],
  ["string_template", stringTemplate],
  ["uppercase", (inputs) => capped(textOf(inputs).toUpperCase())],
  ["lowercase", (inputs) => capped(textOf(inputs).toLowerCase())],
  ["trim", (inputs) => strip(textOf(inputs))],
  ["substring", substring],
  ["length", (inputs) => codePointLength(textOf(inputs))],
  ["is_empty_string", (inputs) => orEmpty(inputs["text"]) === ""],
  ["contains", contains],
  ["replace", replace],
  ["coalesce", coalesce],
];
