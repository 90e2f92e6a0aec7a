import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** An input of a flow, as its start node declares it (contract flow-runtime 1.5). */
export interface FlowInput {
  id: string;
  label: string;
  /** The editor's pin type, such as `string` or `artifact_image`. */
  type: string;
  schema?: Value;
  default?: Value;
}

/** The public shape of a flow's inputs (contract http-api 1.11). */
export interface InputSchema {
  version: 1;
  inputs: (Omit<FlowInput, "schema"> & { required: boolean; schema: JsonObject })[];
  defaults: JsonObject;
  input_data_schema: JsonObject;
}

/** The inputs of a VisualFlow document: data pins of its first start node. None when it has no start node. */
export function flowInputs(document: Value | undefined): FlowInput[] {
  const start = documentNodes(document).find((node) => node.type === "on_flow_start");
  const outputs = start?.data["outputs"];
  const defaults = isObject(start?.data["pinDefaults"]) ? start.data["pinDefaults"] : {};
  return (Array.isArray(outputs) ? outputs : []).flatMap((pin) => {
    const id = isObject(pin) ? pin["id"] : undefined;
    if (!isObject(pin) || typeof id !== "string" || id === "" || isExecution(id, pin["type"])) return [];
    const { label, type, schema } = pin;
    const input: FlowInput = {
      id,
      label: typeof label === "string" && label !== "" ? label : id,
      type: typeof type === "string" && type !== "" ? type : "any",
      ...(schema === undefined || schema === null ? {} : { schema }),
      ...(Object.hasOwn(defaults, id) ? { default: defaults[id] ?? null } : {}),
    };
    return [input];
  });
}

function isExecution(id: string, type: Value | undefined): boolean {
  return type === "execution" || id === "exec-out" || id === "exec";
}

export interface DocumentNode {
  id: string;
  type: string;
  data: JsonObject;
}

/** The nodes of a document as clients see them: `data.nodeType` wins over `type`. */
export function documentNodes(document: Value | undefined): DocumentNode[] {
  const nodes = isObject(document) ? document["nodes"] : undefined;
  return (Array.isArray(nodes) ? nodes : []).flatMap((node) => {
    if (!isObject(node) || typeof node["id"] !== "string" || node["id"] === "") return [];
    const data = isObject(node["data"]) ? node["data"] : {};
    const type = [data["nodeType"], node["type"]].find((each) => typeof each === "string" && each !== "");
    const name = typeof type === "string" ? type.replace(/^NodeType\./, "").toLowerCase() : "";
    return [{ id: node["id"], type: name, data }];
  });
}

/** Inputs with their JSON Schemas, and the schema of the whole input. An input without a default is required. */
export function inputSchema(inputs: readonly FlowInput[]): InputSchema {
  const withSchema = inputs.map((input) => ({
    ...input,
    required: input.default === undefined,
    schema: schemaOf(input),
  }));
  const required = withSchema.filter((input) => input.required).map((input) => input.id);
  const defaults = inputs.flatMap(({ id, default: value }) => (value === undefined ? [] : [[id, value] as const]));
  return {
    version: 1,
    inputs: withSchema,
    defaults: Object.fromEntries(defaults),
    input_data_schema: {
      type: "object",
      additionalProperties: true,
      properties: Object.fromEntries(withSchema.map((input) => [input.id, input.schema])),
      ...(required.length > 0 ? { required } : {}),
    },
  };
}

function schemaOf(input: FlowInput): JsonObject {
  return {
    ...(isObject(input.schema) ? input.schema : typeSchema(input.type.toLowerCase())),
    ...(input.label === input.id ? {} : { title: input.label }),
    ...(input.default === undefined ? {} : { default: input.default }),
    "x-abstract-type": input.type,
  };
}

const jsonTypes = new Map<string, string>([
  ...named("string", ["string", "text", "markdown", "path", "file", "directory", "workspace_file", "workspace_folder"]),
  ...named("number", ["number", "float", "double"]),
  ...named("integer", ["integer", "int"]),
  ...named("boolean", ["boolean"]),
  ...named("array", ["array", "list"]),
  ...named("object", ["object", "dict", "map", "json"]),
]);

function named(type: string, names: string[]): [string, string][] {
  return names.map((name) => [name, type]);
}

/** Nothing for a type without a JSON form: any value is welcome. */
function typeSchema(type: string): JsonObject {
  const artifact = /^artifact(s?)(?:_(image|audio|text|video))?$/.exec(type);
  if (artifact) {
    const one = artifactSchema(artifact[2] ?? null);
    return artifact[1] ? { type: "array", items: one } : one;
  }
  const json = /^(provider|model)(_|$)/.test(type) ? "string" : jsonTypes.get(type);
  return json === undefined ? {} : { type: json };
}

function artifactSchema(modality: string | null): JsonObject {
  return {
    type: "object",
    properties: { $artifact: { type: "string" } },
    required: ["$artifact"],
    ...(modality === null ? {} : { "x-abstract-artifact-modality": modality }),
  };
}
