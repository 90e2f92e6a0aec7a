import { getPath } from "#core/path.ts";
import { strip } from "#core/python-text.ts";
import { pyStr, toFloat, truthy } from "#core/python.ts";
import { isoTime } from "#core/time.ts";
import { type Value, isObject, numberOf } from "#core/value.ts";
import { asList, asObject } from "#engine/nodes/pins.ts";
import type { PureNode } from "#engine/pure.ts";

const getVar: PureNode = (inputs, { vars }) => {
  const { name = null } = inputs;
  const path = truthy(name) ? strip(pyStr(name)) : "";
  return { value: path === "" ? null : (getPath(vars, path) ?? null) };
};

const getContext: PureNode = (_inputs, { vars }) => {
  const context = asObject(vars["context"]);
  const { task = null, messages } = context;
  return { context, task: truthy(task) ? pyStr(task) : "", messages: asList(messages) };
};

const zeros: Record<string, Value> = { boolean: false, number: 0, string: "", object: {}, array: [] };

function isOfType(value: Value | undefined, type: string): boolean {
  if (type === "boolean" || type === "string") return typeof value === type;
  if (type === "number") return numberOf(value) !== null;
  if (type === "array") return Array.isArray(value);
  return type === "object" ? isObject(value) : value !== undefined;
}

/** The variable if it has the declared type, else the default if it has, else the type's zero. */
const varDecl: PureNode = (_inputs, { node, vars }) => {
  const { name: rawName, type: rawType, default: preset } = asObject(node.data["literalValue"]);
  const name = typeof rawName === "string" ? strip(rawName) : "";
  const declared = typeof rawType === "string" ? strip(rawType) : "any";
  const type = Object.hasOwn(zeros, declared) ? declared : "any";
  const stored = name ? getPath(vars, name) : undefined;
  const value = [stored, preset].find((each) => isOfType(each, type));
  return { name, value: value ?? (type === "any" ? null : (zeros[type] ?? null)) };
};

/** `literalValue` is the variable's name, or `{name, default}`. */
const boolVar: PureNode = (_inputs, { node, vars }) => {
  const { literalValue } = node.data;
  const { name: rawName = literalValue, default: preset } = asObject(literalValue);
  const name = typeof rawName === "string" ? strip(rawName) : "";
  const stored = name ? getPath(vars, name) : undefined;
  return { name, value: typeof stored === "boolean" ? stored : preset === true };
};

/** Local time of the machine. */
const systemDatetime: PureNode = (_inputs, { now }) => {
  const ms = now();
  const offset = 0 - new Date(ms).getTimezoneOffset();
  const local = isoTime(ms + offset * 60_000).slice(0, -6);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
  const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    iso: local + zone,
    timezone: timeZone,
    utc_offset_minutes: offset,
    locale: locale.replaceAll("-", "_"),
  };
};

/** Picks the source that belongs to the door through which the run came. A null that is there is kept, what is absent falls back. */
const pathMux: PureNode = (inputs) => {
  const arm = `in${armOf(inputs["select"])}`;
  return { out: inputs[arm] !== undefined ? inputs[arm] : (inputs["fallback"] ?? null) };
};

function armOf(select: Value | undefined): number {
  try {
    const number = Math.trunc(toFloat(select ?? 0));
    return Number.isFinite(number) ? number + 0 : 0;
  } catch {
    return 0;
  }
}

export const variableReaders: [string, PureNode][] = [
  ["get_var", getVar],
  ["get_context", getContext],
  ["var_decl", varDecl],
  ["bool_var", boolVar],
  ["system_datetime", systemDatetime],
  ["path_mux", pathMux],
];
