import { getPath, parsePath } from "#core/path.ts";
import { lenientBool, pyStr } from "#core/python.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, type Value, PyFloat, isObject } from "#core/value.ts";
import { isDataPin } from "#engine/nodes/definition.ts";
import type { PureNode } from "#engine/pure.ts";

const getVar: PureNode = (inputs, { vars }) => {
  const name = inputs["name"];
  const path = typeof name === "string" ? parsePath(name) : [];
  return { value: path.length === 0 ? null : (getPath(vars, path) ?? null) };
};

const getContext: PureNode = (_inputs, { vars }) => {
  const context = isObject(vars["context"]) ? vars["context"] : {};
  const task = context["task"] ?? null;
  const messages = context["messages"] ?? null;
  return {
    context,
    task: task === null ? "" : pyStr(task),
    messages: Array.isArray(messages) ? messages : messages === null ? [] : [messages],
  };
};

const zeros: Record<string, Value> = { string: "", number: 0, boolean: false, object: {}, array: [] };

function isOfType(value: Value | undefined, type: string): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "number") return typeof value === "number" || value instanceof PyFloat;
  if (type === "boolean") return typeof value === "boolean";
  if (type === "array") return Array.isArray(value);
  return type === "object" ? isObject(value) : value !== undefined;
}

const varDecl: PureNode = (_inputs, { node, vars }) => {
  const declared = isObject(node.data["literalValue"]) ? node.data["literalValue"] : {};
  const name = typeof declared["name"] === "string" ? declared["name"] : "";
  const type = typeof declared["type"] === "string" ? declared["type"] : "any";
  const stored = name ? getPath(vars, name) : undefined;
  const preset = declared["default"];
  const value = isOfType(stored, type) ? stored : isOfType(preset, type) ? preset : zeros[type];
  return { name, value: value ?? null };
};

const boolVar: PureNode = (_inputs, { node, vars }) => {
  const literal = node.data["literalValue"];
  const name = typeof literal === "string" ? literal : isObject(literal) ? pyStr(literal["name"] ?? "") : "";
  const preset = isObject(literal) ? lenientBool(literal["default"] ?? false) : false;
  const stored = name ? getPath(vars, name) : undefined;
  return { name, value: typeof stored === "boolean" ? stored : preset };
};

/** Local time of the machine. */
const systemDatetime: PureNode = (_inputs, { now }) => {
  const ms = now();
  const offset = -new Date(ms).getTimezoneOffset();
  const local = isoTime(ms + offset * 60_000).slice(0, -6);
  const sign = offset < 0 ? "-" : "+";
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    iso: `${local}${sign}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`,
    timezone: timeZone,
    utc_offset_minutes: offset,
    locale,
  };
};

const pathMux: PureNode = (inputs) => {
  const select = inputs["select"];
  const index = typeof select === "number" ? Math.trunc(select) : select instanceof PyFloat ? select.value : 0;
  const chosen = inputs[`in${index}`];
  return { out: chosen !== undefined ? chosen : (inputs["fallback"] ?? null) };
};

const toolsAllowlist: PureNode = (_inputs, { node }) => {
  const literal = node.data["literalValue"];
  const names = (Array.isArray(literal) ? literal : []).filter((name): name is string => typeof name === "string");
  return { tools: [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))] };
};

const toolParameters: PureNode = (inputs, { node }) => {
  const config = isObject(node.data["toolParametersConfig"]) ? node.data["toolParametersConfig"] : {};
  const name = pyStr(config["tool"] ?? config["name"] ?? "");
  const pins = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const args: JsonObject = {};
  for (const pin of pins) if (inputs[pin] !== undefined && inputs[pin] !== null) args[pin] = inputs[pin] as Value;
  return { ...Object.fromEntries(pins.map((pin) => [pin, inputs[pin] ?? null])), tool_call: { name, arguments: args } };
};

/** The lists that the editor stored with the node. A running flow has no view of the model registry. */
function catalogue(config: string): PureNode {
  return (inputs, { node }) => {
    const stored = isObject(node.data[config]) ? node.data[config] : {};
    const list = (name: string) => (Array.isArray(stored[name]) ? stored[name] : []);
    const allowed = inputs["allowed_providers"] ?? stored["allowed_providers"];
    return {
      provider: inputs["provider"] ?? stored["provider"] ?? null,
      providers: Array.isArray(allowed) ? allowed : list("providers"),
      models: Array.isArray(inputs["allowed_models"])
        ? inputs["allowed_models"]
        : list("models").concat(list("allowed_models")),
    };
  };
}

/** Adds the fields of the literal schema; what is there stays, `required` is merged. */
const editJsonSchema: PureNode = (inputs, { node }) => {
  const base = isObject(inputs["schema"]) ? inputs["schema"] : {};
  const extra = isObject(node.data["literalValue"]) ? node.data["literalValue"] : {};
  const own = isObject(base["properties"]) ? base["properties"] : {};
  const added = isObject(extra["properties"]) ? extra["properties"] : {};
  const names = Object.keys(added).filter((name) => !Object.hasOwn(own, name));
  const wanted = (Array.isArray(extra["required"]) ? extra["required"] : []).filter(
    (name) => typeof name === "string" && names.includes(name),
  );
  const required = [...new Set([...(Array.isArray(base["required"]) ? base["required"] : []), ...wanted])];
  const schema: JsonObject = { type: "object", ...base, properties: { ...added, ...own } };
  if (required.length > 0) schema["required"] = required;
  return { schema };
};

export const variableReaders: [string, PureNode][] = [
  ["get_var", getVar],
  ["get_context", getContext],
  ["var_decl", varDecl],
  ["bool_var", boolVar],
  ["system_datetime", systemDatetime],
  ["path_mux", pathMux],
  ["tools_allowlist", toolsAllowlist],
  ["tool_parameters", toolParameters],
  ["provider_catalog", catalogue("modelCatalogConfig")],
  ["provider_models", catalogue("providerModelsConfig")],
  ["model_catalog", catalogue("modelCatalogConfig")],
  ["edit_json_schema", editJsonSchema],
];
