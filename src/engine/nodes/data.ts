import { canonicalJson } from "#core/json.ts";
import { getPath, parsePath } from "#core/path.ts";
import { pyEquals, pyStr, toFloat, toInt } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { isDataPin } from "#engine/nodes/definition.ts";
import { layOut, parseTolerantly } from "#engine/nodes/json-text.ts";
import { NodeError, type PureNode } from "#engine/pure.ts";

function pathOf(value: Value | undefined): string {
  return value === undefined || value === null ? "" : pyStr(value);
}

function objectOf(inputs: JsonObject, name: string): JsonObject {
  const value = inputs[name];
  if (value === undefined) return {};
  if (!isObject(value)) throw new NodeError(`'${name}' must be an object, not ${pyStr(value).slice(0, 80)}`);
  return value;
}

const get: PureNode = (inputs) => ({
  value: getPath(inputs["object"] ?? null, pathOf(inputs["key"])) ?? inputs["default"] ?? null,
});

/** A shallow copy along the path, with one value changed. */
const set: PureNode = (inputs) => {
  const object = objectOf(inputs, "object");
  const path = parsePath(pathOf(inputs["key"]));
  return path.length === 0 ? { ...object } : withValue(object, path, inputs["value"] ?? null);
};

function withValue(at: Value | undefined, path: string[], value: Value): JsonObject {
  const [key = "", ...rest] = path;
  const copy: JsonObject = isObject(at) ? { ...at } : {};
  const inner = rest.length === 0 ? value : withValue(copy[key], rest, value);
  Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true });
  return copy;
}

const makeObject: PureNode = (inputs) =>
  Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("_")));

const makeArray: PureNode = (inputs, { node }) => {
  const declared = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const order = declared.length > 0 ? declared : Object.keys(inputs);
  return order.map((pin) => inputs[pin]).filter((value): value is Value => value !== undefined && value !== null);
};

const arrayConcat: PureNode = (inputs, { node }) => {
  const declared = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const order = declared.length > 0 ? declared : Object.keys(inputs);
  return order
    .map((pin) => inputs[pin])
    .filter((value): value is Value => value !== undefined && value !== null)
    .flatMap((value) => (Array.isArray(value) ? value : [value]));
};

/** A list where one is asked for: null raises, a single value is a list of one. */
function itemsOf(inputs: JsonObject, name = "items"): Value[] {
  const value = inputs[name] ?? inputs["array"];
  if (value === null) throw new NodeError(`'${name}' is None, not a list`);
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

const arrayMap: PureNode = (inputs) => {
  const key = pathOf(inputs["key"]);
  return itemsOf(inputs).map((item) => (isObject(item) ? (getPath(item, key) ?? null) : item));
};

const arrayFilter: PureNode = (inputs) => {
  const key = pathOf(inputs["key"]);
  const wanted = inputs["value"] ?? null;
  return itemsOf(inputs).filter((item) => pyEquals(isObject(item) ? (getPath(item, key) ?? null) : item, wanted));
};

function arrayInput(inputs: JsonObject): Value {
  return inputs["array"] ?? inputs["items"] ?? inputs["tools"] ?? null;
}

const arrayAppend: PureNode = (inputs) => {
  const array = inputs["array"] ?? null;
  const base = Array.isArray(array) ? array : array === null ? [] : [array];
  return [...base, inputs["item"] ?? null];
};

const arrayDedup: PureNode = (inputs) => {
  const array = arrayInput(inputs);
  if (!Array.isArray(array)) return [];
  const key = pathOf(inputs["key"]);
  const seen = new Set<string>();
  return array.filter((item) => {
    const mark = canonicalJson(key ? (getPath(item, key) ?? item) : item);
    return !seen.has(mark) && seen.add(mark) !== undefined;
  });
};

const getElement: PureNode = (inputs) => {
  const array = arrayInput(inputs);
  const list = Array.isArray(array) ? array : [];
  const raw = inputs["index"];
  const index = raw === undefined || raw === null ? 0 : Math.trunc(toFloat(raw));
  const at = index < 0 ? list.length + index : index;
  const found = Number.isInteger(at) && at >= 0 && at < list.length;
  return { result: found ? (list[at] ?? null) : (inputs["default"] ?? null), found };
};

const getRandomElement: PureNode = (inputs, { random }) => {
  const array = arrayInput(inputs);
  if (!Array.isArray(array) || array.length === 0) return { result: inputs["default"] ?? null, found: false };
  return { result: array[Math.floor(random() * array.length)] ?? null, found: true };
};

const parseJsonNode: PureNode = (inputs) =>
  parseTolerantly(inputs["text"] ?? inputs["json"] ?? inputs["value"] ?? null);

const stringify: PureNode = (inputs) => {
  const raw = inputs["value"] ?? inputs["object"] ?? null;
  const mode =
    typeof inputs["mode"] === "string" && inputs["mode"]
      ? inputs["mode"]
      : inputs["indent"] === 0
        ? "none"
        : "beautify";
  const indent = inputs["indent"] === undefined || inputs["indent"] === null ? 2 : toInt(inputs["indent"]);
  return layOut(reread(raw), mode, { indent, sortKeys: inputs["sort_keys"] === true });
};

/** A text that holds JSON is laid out anew as what it holds. */
function reread(raw: Value): Value {
  if (typeof raw !== "string" || !/^\s*(?:[[{]|```)/.test(raw)) return raw;
  try {
    return parseTolerantly(raw);
  } catch {
    return raw;
  }
}

const breakObject: PureNode = (inputs, { node }) => {
  const config = isObject(node.data["breakConfig"]) ? node.data["breakConfig"]["selectedPaths"] : undefined;
  const selected = Array.isArray(config) ? config.filter((path): path is string => typeof path === "string") : [];
  const declared = node.outputs.filter(isDataPin).map((pin) => pin.id);
  const object = readObject(inputs["object"] ?? inputs["value"] ?? null);
  const paths = selected.length > 0 ? selected : declared;
  return Object.fromEntries(paths.map((path) => [path, getPath(object, path) ?? null]));
};

function readObject(raw: Value): Value {
  if (typeof raw !== "string") return raw;
  try {
    return parseTolerantly(raw);
  } catch {
    return null;
  }
}

export const dataNodes: [string, PureNode][] = [
  ["get", get],
  ["set", set],
  ["merge", (inputs) => ({ ...objectOf(inputs, "a"), ...objectOf(inputs, "b") })],
  ["make_object", makeObject],
  ["make_array", makeArray],
  ["array_concat", arrayConcat],
  ["array_map", arrayMap],
  ["array_filter", arrayFilter],
  ["array_length", (inputs) => ((array) => (Array.isArray(array) ? array.length : 0))(arrayInput(inputs))],
  ["has_tools", (inputs) => ((array) => Array.isArray(array) && array.length > 0)(arrayInput(inputs))],
  ["array_append", arrayAppend],
  ["array_dedup", arrayDedup],
  ["get_element", getElement],
  ["get_random_element", getRandomElement],
  ["parse_json", parseJsonNode],
  ["stringify_json", stringify],
  ["break_object", breakObject],
];
