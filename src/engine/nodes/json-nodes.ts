import { getPath } from "#core/path.ts";
import { type DumpOptions, dumpJson } from "#core/python-json.ts";
import { strip } from "#core/python-text.ts";
import { toInt } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { configOf, isDataPin } from "#engine/nodes/definition.ts";
import { parseValue, readJsonText } from "#engine/nodes/json-text.ts";
import { flag, namesIn } from "#engine/nodes/pins.ts";
import type { PureNode } from "#engine/pure.ts";

/** A scalar becomes `{value}`, so that break_object can show it. */
const parseJsonNode: PureNode = (inputs) => {
  const value = parseValue(inputs["text"] ?? null);
  const isContainer = Array.isArray(value) || isObject(value);
  return isContainer || !flag(inputs, "wrap_scalar", true) ? value : { value };
};

/** `none` is one line with spaces, `minified` one without, `beautify` has an indent. A text that holds JSON is laid out as what it holds. */
const stringify: PureNode = (inputs) => {
  const { value = null, sort_keys } = inputs;
  const known = typeof value === "string" ? (tolerantly(value) ?? value) : value;
  return dumpJson(known, { ...layoutOf(inputs), sortKeys: sort_keys === true });
};

function tolerantly(text: string): Value | undefined {
  try {
    return readJsonText(text);
  } catch {
    return undefined;
  }
}

function layoutOf(inputs: JsonObject): DumpOptions {
  const mode = typeof inputs["mode"] === "string" ? strip(inputs["mode"]).toLowerCase() : "";
  const indent = indentOf(inputs["indent"]);
  if (mode === "none") return {};
  if (mode === "minified" || (mode === "" && indent !== null && indent <= 0)) return { isCompact: true };
  return { indent: indent !== null && indent > 0 ? indent : 2 };
}

/** An indent wider than this serves nobody and multiplies a text's length. */
const maxIndent = 64;

function indentOf(value: Value | undefined): number | null {
  if (value === undefined || value === null) return null;
  try {
    return Math.min(maxIndent, toInt(value));
  } catch {
    return null;
  }
}

/** One output per selected path; without a selection, one per declared pin. */
const breakObject: PureNode = (inputs, { node }) => {
  const { object = null } = inputs;
  const source = typeof object === "string" ? (tolerantly(object) ?? object) : object;
  const selected = namesIn(configOf(node, "breakConfig")["selectedPaths"]);
  const paths = selected.length > 0 ? selected : node.outputs.filter(isDataPin).map((pin) => pin.id);
  // A text that holds only a number or a word is read as `{value}`, like parse_json has it.
  const root = typeof object === "string" && source !== object && !isContainer(source) ? { value: source } : source;
  return Object.fromEntries(paths.map((path) => [path, getPath(root, path) ?? null]));
};

function isContainer(value: Value): boolean {
  return Array.isArray(value) || isObject(value);
}

export const jsonNodes: [string, PureNode][] = [
  ["parse_json", parseJsonNode],
  ["stringify_json", stringify],
  ["break_object", breakObject],
];
