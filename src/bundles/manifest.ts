import type { Entrypoint, Manifest } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { pathProblem, shown } from "#bundles/entry-path.ts";

const maxIdLength = 200;
const maxPaths = 4096;

/**
 * Checks `manifest.json` (contract flow-runtime 1.2). camelCase spellings of the reference's other writers are accepted.
 * AppError `invalid_request` names the field.
 */
export function readManifest(document: Value): Manifest {
  if (!isObject(document)) throw refuse("it is not a JSON object");
  const format = text(document, ["bundle_format_version", "bundleFormatVersion"]);
  if (format !== "1") throw refuse(`bundle_format_version must be "1", not ${JSON.stringify(format)}`);
  const flows = paths(document, "flows");
  const entrypoints = readEntrypoints(document, flows);
  return {
    bundle_format_version: "1",
    bundle_id: safeName(text(document, ["bundle_id", "bundleId"]), "bundle_id", /^[A-Za-z0-9_-]+$/),
    bundle_version: safeName(
      text(document, ["bundle_version", "bundleVersion"]) ?? "0.0.0",
      "bundle_version",
      /^[A-Za-z0-9_.-]+$/,
    ),
    created_at: text(document, ["created_at", "createdAt"]) ?? "",
    entrypoints,
    default_entrypoint: defaultEntrypoint(document, entrypoints),
    flows,
    artifacts: paths(document, "artifacts"),
    assets: paths(document, "assets"),
    metadata: objectAt(document, "metadata"),
  };
}

function refuse(reason: string): AppError {
  return new AppError("invalid_request", `manifest.json is not valid: ${reason}`);
}

/** The first of the spellings that is there and not null. */
function field(document: JsonObject, names: string[]): Value | undefined {
  return names.map((name) => document[name]).find((value) => value !== undefined && value !== null);
}

function text(document: JsonObject, names: string[]): string | null {
  const value = field(document, names);
  if (value === undefined) return null;
  if (typeof value !== "string") throw refuse(`${names[0]} must be a string`);
  return value.trim() || null;
}

function objectAt(document: JsonObject, name: string): JsonObject {
  const value = document[name] ?? {};
  if (!isObject(value)) throw refuse(`${name} must be an object`);
  return value;
}

/** Ids and versions stand in file names, URLs and workflow ids, so both keep to a small set of characters. */
function safeName(name: string | null, what: string, allowed: RegExp): string {
  if (name === null) throw refuse(`${what} is missing`);
  if (name.length > maxIdLength) throw refuse(`${what} is longer than ${maxIdLength} characters`);
  if (!allowed.test(name))
    throw refuse(
      `${what} ${shown(name)} has characters other than letters, digits, _ - ${what === "bundle_version" ? "and ." : ""}`.trim(),
    );
  if (name === "." || name === ".." || name === "__proto__") throw refuse(`${what} must not be ${shown(name)}`);
  return name;
}

function paths(document: JsonObject, name: "flows" | "artifacts" | "assets"): Record<string, string> {
  const entries = Object.entries(objectAt(document, name)).map(([key, path]) => {
    if (name === "flows") checkFlowId(key, "a key of flows");
    if (typeof path !== "string") throw refuse(`${name}[${shown(key)}] must be a path`);
    const problem = pathProblem(path);
    if (problem) throw refuse(`${name}[${shown(key)}]: the path ${shown(path)} ${problem}`);
    return [key, path] as const;
  });
  if (entries.length > maxPaths) throw refuse(`${name} has more than ${maxPaths} items`);
  if (name === "flows" && new Set(entries.map(([, path]) => path)).size < entries.length) {
    throw refuse("two flows have the same path");
  }
  return Object.fromEntries(entries);
}

/** A colon separates bundle and flow in a workflow id. */
function checkFlowId(id: string, what: string): void {
  if (id.trim() === "") throw refuse(`${what} is empty`);
  if (id.length > maxIdLength) throw refuse(`${what} is longer than ${maxIdLength} characters`);
  if (/[:\p{C}]/u.test(id) || id === "__proto__") throw refuse(`${what}, ${shown(id)}, is not a flow id`);
}

function readEntrypoints(document: JsonObject, flows: Record<string, string>): Entrypoint[] {
  const items = document["entrypoints"];
  if (!Array.isArray(items) || items.length === 0) throw refuse("entrypoints must be a list with at least one item");
  const entrypoints = items.map((item, index) => readEntrypoint(item, `entrypoints[${index}]`));
  const seen = new Set<string>();
  for (const { flow_id } of entrypoints) {
    if (seen.has(flow_id)) throw refuse(`entrypoints name the flow ${shown(flow_id)} twice`);
    seen.add(flow_id);
    if (!Object.hasOwn(flows, flow_id)) throw refuse(`flows has no path for the entrypoint ${shown(flow_id)}`);
  }
  return entrypoints;
}

function readEntrypoint(item: Value, where: string): Entrypoint {
  if (!isObject(item)) throw refuse(`${where} must be an object`);
  const optional = (name: string): string => {
    const value = item[name] ?? "";
    if (typeof value !== "string") throw refuse(`${where}.${name} must be a string`);
    return value;
  };
  const flowId = field(item, ["flow_id", "flowId"]);
  if (typeof flowId !== "string") throw refuse(`${where}.flow_id must be a string`);
  checkFlowId(flowId, `${where}.flow_id`);
  const interfaces = item["interfaces"] ?? [];
  if (!Array.isArray(interfaces)) throw refuse(`${where}.interfaces must be a list`);
  return {
    flow_id: flowId,
    name: optional("name") || flowId,
    description: optional("description"),
    interfaces: interfaces.filter((each) => typeof each === "string"),
  };
}

function defaultEntrypoint(document: JsonObject, entrypoints: Entrypoint[]): string | null {
  const flowId = text(document, ["default_entrypoint", "defaultEntrypoint", "default_entrypoint_flow_id"]);
  if (flowId === null || entrypoints.some((each) => each.flow_id === flowId)) return flowId;
  throw refuse(`default_entrypoint ${shown(flowId)} is none of the entrypoints`);
}
