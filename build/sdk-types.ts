/* The types of the published client: every operation of the API document, by its name. */

type Json = Record<string, any>;

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** `operations.js`: method, path and kind of reply of every operation. */
export function operationTable(document: Json): string {
  const rows = operationsOf(document).map(({ method, path, operation }) => {
    const reply = replyType(operation) === "application/json" ? "json" : "response";
    return `  ${operation["operationId"]}: { method: "${method.toUpperCase()}", path: ${JSON.stringify(path)}, reply: "${reply}" },`;
  });
  return [
    'import { createCall } from "./index.js";',
    "",
    `export const operations = {\n${rows.join("\n")}\n};`,
    "",
    "export function createOperations(options) {\n  return createCall(options, operations);\n}",
    "",
  ].join("\n");
}

/** `operations.d.ts`. */
export function operationTypes(document: Json): string {
  const schemas = Object.entries(document["components"]["schemas"] as Json).map(
    ([name, schema]) => `${comment(schema)}export type ${name} = ${typeOf(schema)};`,
  );
  const rows = operationsOf(document).map(({ operation }) => {
    const words = `  /** ${oneLine(operation["summary"])}. */\n`;
    return `${words}  ${operation["operationId"]}: { options: ${optionsOf(operation)}; reply: ${replyOf(operation)} };`;
  });
  return [
    'import type { OperationRow, TransportOptions } from "./types/sdk/package.js";',
    "",
    ...schemas,
    "",
    `/** Every operation of the API: what it takes, and what it answers. */\nexport interface Operations {\n${rows.join("\n")}\n}`,
    "",
    "type Arguments<Options> = {} extends Options ? [options?: Options] : [options: Options];",
    "",
    "/** Calls an operation by its name. Rejects with SdkError in the server's own words for every answer that is not 2xx. */",
    "export type Call = <Name extends keyof Operations>(\n  name: Name,\n  ...options: Arguments<Operations[Name]['options']>\n) => Promise<Operations[Name]['reply']>;",
    "",
    "export declare const operations: Record<keyof Operations, OperationRow>;",
    "export declare function createOperations(options: TransportOptions): Call;",
    "",
  ].join("\n");
}

function operationsOf(document: Json): { method: string; path: string; operation: Json }[] {
  return Object.entries(document["paths"] as Json).flatMap(([path, item]) =>
    methods.flatMap((method) => (item[method] ? [{ method, path, operation: item[method] as Json }] : [])),
  );
}

function optionsOf(operation: Json): string {
  const parameters = (operation["parameters"] ?? []) as Json[];
  const of = (place: string) => parameters.filter((each) => each["in"] === place);
  const fields = [
    group("path", of("path"), true),
    group("query", of("query"), false),
    group("headers", of("header"), false),
    bodyOf(operation),
    "signal?: AbortSignal",
  ];
  return `{ ${fields.filter((field) => field !== null).join("; ")} }`;
}

function group(name: string, parameters: Json[], isRequired: boolean): string | null {
  if (parameters.length === 0) return null;
  const mark = isRequired ? "" : "?";
  const fields = parameters.map(
    (each) => `${key(each["name"])}${mark}: ${name === "path" ? "string" : typeOf(each["schema"])}`,
  );
  return `${name}${mark}: { ${fields.join("; ")} }`;
}

function bodyOf(operation: Json): string | null {
  const [type, content] = Object.entries((operation["requestBody"]?.["content"] ?? {}) as Json)[0] ?? [];
  if (type === undefined) return null;
  if (type === "application/json") return `body: ${typeOf(content["schema"])}`;
  return type === "multipart/form-data" ? "form: FormData" : "bytes: Blob | Uint8Array<ArrayBuffer>";
}

function replyType(operation: Json): string {
  return Object.keys(operation["responses"]["200"]["content"] as Json)[0] ?? "";
}

function replyOf(operation: Json): string {
  const type = replyType(operation);
  return type === "application/json" ? typeOf(operation["responses"]["200"]["content"][type]["schema"]) : "Response";
}

function typeOf(schema: Json): string {
  if (schema["$ref"]) return String(schema["$ref"]).replace("#/components/schemas/", "");
  if (schema["enum"]) return (schema["enum"] as unknown[]).map((value) => JSON.stringify(value)).join(" | ");
  if (schema["anyOf"]) return (schema["anyOf"] as Json[]).map((each) => wrapped(typeOf(each))).join(" | ");
  switch (schema["type"]) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return `${wrapped(typeOf((schema["items"] as Json | undefined) ?? {}))}[]`;
    case "object":
      return objectType(schema);
    default:
      return "unknown";
  }
}

function objectType(schema: Json): string {
  const properties = Object.entries((schema["properties"] ?? {}) as Json);
  const required = new Set((schema["required"] ?? []) as string[]);
  const fields = properties.map(
    ([name, inner]) => `${comment(inner, " ")}${key(name)}${required.has(name) ? "" : "?"}: ${typeOf(inner)}`,
  );
  const more = schema["additionalProperties"];
  const rest =
    typeof more === "object"
      ? `Record<string, ${typeOf(more)}>`
      : more === true || fields.length === 0
        ? "Record<string, unknown>"
        : null;
  if (fields.length === 0) return rest ?? "Record<string, unknown>";
  const own = `{ ${fields.join("; ")} }`;
  return rest === null ? own : `${own} & ${rest}`;
}

function wrapped(type: string): string {
  return type.includes(" | ") || type.includes(" & ") ? `(${type})` : type;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function comment(schema: Json, end = "\n"): string {
  return typeof schema["description"] === "string" ? `/** ${oneLine(schema["description"])} */${end}` : "";
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("*/", "* /");
}
