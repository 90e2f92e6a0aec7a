import { canonicalJson } from "#core/json.ts";
import { getPath, parsePath } from "#core/path.ts";
import { strip } from "#core/python-text.ts";
import { briefly, pyEquals, pyStr, toFloat } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { inPinOrder } from "#engine/nodes/pins.ts";
import { NodeError, type PureNode } from "#engine/pure.ts";

function keyOf(inputs: JsonObject): string {
  return inputs["key"] === undefined ? "" : pyStr(inputs["key"]);
}

function objectOf(inputs: JsonObject, name: string): JsonObject {
  const value = inputs[name];
  if (value === undefined) return {};
  if (!isObject(value)) throw new NodeError(`'${name}' must be an object, not ${briefly(value)}`);
  return value;
}

/** Own properties only: a key `__proto__` from outside stays a key. */
function defineKey(object: JsonObject, key: string, value: Value): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** An empty key names nothing. A stored null counts as missing. */
const get: PureNode = (inputs) => {
  const path = parsePath(keyOf(inputs));
  const found = path.length === 0 ? undefined : getPath(inputs["object"], path);
  return { value: found ?? inputs["default"] ?? null };
};

/** Copies along the path only. Anything on the way that is no object is replaced by one. */
const set: PureNode = (inputs) =>
  withValue(objectOf(inputs, "object"), keyOf(inputs).split("."), inputs["value"] ?? null);

function withValue(at: Value | undefined, path: string[], value: Value): JsonObject {
  if (path.length > 1000) throw new NodeError("'key' has more than 1000 parts");
  const [key = "", ...rest] = path;
  const copy: JsonObject = isObject(at) ? { ...at } : {};
  const inner = Object.hasOwn(copy, key) ? copy[key] : undefined;
  defineKey(copy, key, rest.length === 0 ? value : withValue(inner, rest, value));
  return copy;
}

const makeObject: PureNode = (inputs) =>
  Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("_")));

function present(values: Value[]): Value[] {
  return values.filter((value) => value !== null);
}

/** What Python's `for` goes through: a text's characters, an object's keys. Null and numbers are refused. */
function itemsOf(inputs: JsonObject): Value[] {
  const { items = [] } = inputs;
  if (Array.isArray(items)) return items;
  if (typeof items === "string") return [...items];
  if (isObject(items)) return Object.keys(items);
  throw new NodeError(`'items' must be a list, not ${briefly(items)}`);
}

function memberOf(item: JsonObject, key: string): Value {
  return Object.hasOwn(item, key) ? (item[key] ?? null) : null;
}

const arrayMap: PureNode = (inputs) => {
  const key = keyOf(inputs);
  return itemsOf(inputs).map((item) => (isObject(item) ? memberOf(item, key) : item));
};

const arrayFilter: PureNode = (inputs) => {
  const key = keyOf(inputs);
  const { value = null } = inputs;
  return itemsOf(inputs).filter((item) => pyEquals(isObject(item) ? memberOf(item, key) : item, value));
};

function arrayOf(inputs: JsonObject): Value[] {
  return Array.isArray(inputs["array"]) ? inputs["array"] : [];
}

const arrayAppend: PureNode = (inputs) => {
  const { array = null, item = null } = inputs;
  if (Array.isArray(array)) return [...array, item];
  return array === null ? [item] : [array, item];
};

/** By the value at a path where there is one, else by the whole item. 1, 1.0, true and "1" are different. */
const arrayDedup: PureNode = (inputs) => {
  const key = strip(pyStr(inputs["key"] ?? ""));
  const seen = new Set<string>();
  return arrayOf(inputs).filter((item) => {
    const mark = canonicalJson((key ? getPath(item, key) : item) ?? item);
    if (seen.has(mark)) return false;
    seen.add(mark);
    return true;
  });
};

const getElement: PureNode = (inputs) => {
  const list = arrayOf(inputs);
  const index = indexOf(inputs["index"]);
  const at = index < 0 ? list.length + index : index;
  const found = at >= 0 && at < list.length;
  return { result: (found ? list[at] : inputs["default"]) ?? null, found };
};

/** A whole number; what cannot be read is 0, and so is a boolean. */
function indexOf(value: Value | undefined): number {
  if (value === undefined || value === null || typeof value === "boolean") return 0;
  try {
    const number = Math.trunc(toFloat(value));
    return Number.isFinite(number) ? number : 0;
  } catch {
    return 0;
  }
}

const getRandomElement: PureNode = (inputs, { random }) => {
  const list = arrayOf(inputs);
  if (list.length === 0) return { result: inputs["default"] ?? null, found: false };
  return { result: list[Math.min(list.length - 1, Math.floor(random() * list.length))] ?? null, found: true };
};

export const dataNodes: [string, PureNode][] = [
  ["get", get],
  ["set", set],
  ["merge", (inputs) => ({ ...objectOf(inputs, "a"), ...objectOf(inputs, "b") })],
  ["make_object", makeObject],
  ["make_array", (inputs, { node }) => present(inPinOrder(inputs, node))],
  ["array_concat", (inputs, { node }) => present(inPinOrder(inputs, node)).flat()],
  ["array_map", arrayMap],
  ["array_filter", arrayFilter],
  ["array_length", (inputs) => arrayOf(inputs).length],
  ["has_tools", (inputs) => arrayOf(inputs).length > 0],
  ["array_append", arrayAppend],
  ["array_dedup", arrayDedup],
  ["get_element", getElement],
  ["get_random_element", getRandomElement],
];
