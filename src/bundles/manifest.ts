import type { Entrypoint, Manifest } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { pathProblem } from "#bundles/zip.ts";

/** Reads `manifest.json` (contract flow-runtime 1.2). camelCase is accepted. AppError `invalid_request` names the field. */
export function readManifest(raw: Value): Manifest {
  if (!isObject(raw)) throw refuse("manifest.json must hold an object");
  const format = String(pick(raw, "bundle_format_version", "bundleFormatVersion") ?? "");
  if (format !== "1") throw refuse(`bundle_format_version must be "1", not ${JSON.stringify(format)}`);
  const flows = pathMap(raw["flows"], "flows");
  const entrypoints = readEntrypoints(raw["entrypoints"], flows);
  const preset = pick(raw, "default_entrypoint", "defaultEntrypoint", "default_entrypoint_flow_id");
  if (preset !== undefined && preset !== null && !entrypoints.some((entry) => entry.flow_id === preset)) {
    throw refuse(`default_entrypoint '${String(preset)}' is not one of the entrypoints`);
  }
  return {
    bundle_format_version: "1",
    bundle_id: safeId(pick(raw, "bundle_id", "bundleId"), "bundle_id", /^[A-Za-z0-9_-]{1,200}$/),
    bundle_version: safeId(
      pick(raw, "bundle_version", "bundleVersion") ?? "0.0.0",
      "bundle_version",
      /^[A-Za-z0-9_.-]{1,200}$/,
    ),
    created_at: String(pick(raw, "created_at", "createdAt") ?? ""),
    entrypoints,
    default_entrypoint: typeof preset === "string" ? preset : null,
    flows,
    artifacts: pathMap(raw["artifacts"] ?? {}, "artifacts"),
    assets: pathMap(raw["assets"] ?? {}, "assets"),
    metadata: isObject(raw["metadata"]) ? raw["metadata"] : {},
  };
}

function refuse(reason: string): AppError {
  return new AppError("invalid_request", `The bundle is refused: ${reason}`);
}

function pick(raw: JsonObject, ...names: string[]): Value | undefined {
  return names.map((name) => raw[name]).find((value) => value !== undefined);
}

function safeId(value: Value | undefined, field: string, pattern: RegExp): string {
  if (typeof value !== "string" || value.trim() === "") throw refuse(`${field} is missing`);
  const id = value.trim();
  if (!pattern.test(id) || id === "." || id === "..")
    throw refuse(`${field} '${id.slice(0, 100)}' has characters that are not allowed`);
  return id;
}

function pathMap(raw: Value | undefined, field: string): Record<string, string> {
  if (!isObject(raw)) throw refuse(`${field} must be an object of names and paths`);
  const map: Record<string, string> = {};
  for (const [name, path] of Object.entries(raw)) {
    if (typeof path !== "string") throw refuse(`${field}.${name} must be a path`);
    const problem = pathProblem(path);
    if (problem) throw refuse(`${field}.${name}: the path '${path}' ${problem}`);
    map[name] = path;
  }
  return map;
}

function readEntrypoints(raw: Value | undefined, flows: Record<string, string>): Entrypoint[] {
  if (!Array.isArray(raw) || raw.length === 0) throw refuse("entrypoints must be a list with at least one entry");
  const entrypoints = raw.map((each, index) => {
    const entry = isObject(each) ? each : {};
    const flowId = pick(entry, "flow_id", "flowId");
    if (typeof flowId !== "string" || !flowId) throw refuse(`entrypoints[${index}].flow_id is missing`);
    if (!Object.hasOwn(flows, flowId)) throw refuse(`entrypoints[${index}]: there is no flow '${flowId}'`);
    const interfaces = Array.isArray(entry["interfaces"]) ? entry["interfaces"] : [];
    return {
      flow_id: flowId,
      name: typeof entry["name"] === "string" && entry["name"] ? entry["name"] : flowId,
      description: typeof entry["description"] === "string" ? entry["description"] : "",
      interfaces: interfaces.filter((name): name is string => typeof name === "string"),
    };
  });
  const ids = entrypoints.map((entry) => entry.flow_id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw refuse(`the entrypoint '${twice}' is there twice`);
  return entrypoints;
}
