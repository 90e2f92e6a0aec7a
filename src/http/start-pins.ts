import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** An input of a flow, as its start node declares it (contract flow-runtime 1.5). */
export interface StartPin {
  id: string;
  label: string;
  type: string;
  default?: Value;
  schema?: Value;
}

/** The data pins of a flow's start node. Empty when the document has no start node. */
export function startPins(document: Value | undefined): StartPin[] {
  const data = startNodeData(document);
  const defaults = isObject(data?.["pinDefaults"]) ? data["pinDefaults"] : {};
  const outputs = Array.isArray(data?.["outputs"]) ? data["outputs"] : [];
  return outputs.filter(isObject).flatMap((pin) => {
    const id = textOf(pin["id"]);
    const type = textOf(pin["type"]) || "any";
    if (!id || type === "execution" || id === "exec-out" || id === "exec") return [];
    return [
      {
        id,
        label: textOf(pin["label"]) || id,
        type,
        ...(Object.hasOwn(defaults, id) ? { default: defaults[id] as Value } : {}),
        ...(pin["schema"] === undefined || pin["schema"] === null ? {} : { schema: pin["schema"] }),
      },
    ];
  });
}

function startNodeData(document: Value | undefined): JsonObject | null {
  for (const node of nodesOf(document)) {
    const data = isObject(node["data"]) ? node["data"] : {};
    if (nodeType(node, data) === "on_flow_start") return data;
  }
  return null;
}

export function nodesOf(document: Value | undefined): JsonObject[] {
  const nodes = isObject(document) ? document["nodes"] : null;
  return Array.isArray(nodes) ? nodes.filter(isObject) : [];
}

export function nodeType(node: JsonObject, data: JsonObject): string {
  const type = textOf(data["nodeType"]) || textOf(node["type"]);
  return type.startsWith("NodeType.") ? type.slice(9).toLowerCase() : type;
}

export function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

/** `{type, title?, default?, x-abstract-type}` of each pin, and of the whole input. */
export function inputSchema(pins: readonly StartPin[]) {
  const inputs = pins.map((pin) => ({ ...pin, required: pin.default === undefined, schema: pinSchema(pin) }));
  const required = inputs.filter((input) => input.required).map((input) => input.id);
  return {
    version: 1,
    inputs,
    defaults: Object.fromEntries(pins.flatMap((pin) => (pin.default === undefined ? [] : [[pin.id, pin.default]]))),
    input_data_schema: {
      type: "object",
      additionalProperties: true,
      properties: Object.fromEntries(inputs.map((input) => [input.id, input.schema])),
      ...(required.length > 0 ? { required } : {}),
    },
  };
}

const jsonTypes: Record<string, string> = {
  number: "number",
  float: "number",
  double: "number",
  integer: "integer",
  int: "integer",
  boolean: "boolean",
  array: "array",
  list: "array",
  object: "object",
  dict: "object",
  map: "object",
  json: "object",
};
const textTypes = /^(?:string|text|markdown|path|file|directory|workspace_file|workspace_folder|provider.*|model.*)$/;

function pinSchema(pin: StartPin): JsonObject {
  const type = pin.type.toLowerCase();
  return {
    ...(isObject(pin.schema) ? pin.schema : typeSchema(type)),
    ...(pin.label === pin.id ? {} : { title: pin.label }),
    ...(pin.default === undefined ? {} : { default: pin.default }),
    "x-abstract-type": pin.type,
  };
}

function typeSchema(type: string): JsonObject {
  const artifact = /^artifact(s?)(?:_(image|audio|text|video))?$/.exec(type);
  if (artifact) {
    const one = artifactSchema(artifact[2]);
    return artifact[1] ? { type: "array", items: one } : one;
  }
  if (textTypes.test(type)) return { type: "string" };
  const json = Object.hasOwn(jsonTypes, type) ? jsonTypes[type] : undefined;
  return json === undefined ? {} : { type: json };
}

function artifactSchema(modality: string | undefined): JsonObject {
  return {
    type: "object",
    properties: { $artifact: { type: "string" } },
    required: ["$artifact"],
    ...(modality ? { "x-abstract-artifact-modality": modality } : {}),
  };
}
