import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { coerceArgument } from "#tools/coerce-argument.ts";
import { looseName } from "#tools/same-name.ts";
import type { Tool } from "#tools/tool.ts";
import type { Workspace } from "#tools/workspace.ts";

/** A call that wraps its arguments deeper than this is nonsense. */
const maxWrappings = 5;

/**
 * The arguments of a call as the tool wants them: unwrapped, under their right names, of the right types, with defaults. Unknown ones are dropped.
 * AppError `invalid_request` with one sentence for text that is no JSON object, for a value of a wrong type and for a required one that is missing.
 */
export function canonicalArguments(tool: Tool, given: Value | undefined): JsonObject {
  return withDefaults(tool, namedArguments(tool, given));
}

/** Only what the call itself says, under the right names and of the right types. */
export function namedArguments(tool: Tool, given: Value | undefined): JsonObject {
  const values = unwrapped(tool, given);
  const named: JsonObject = {};
  for (const [argument, parameter] of Object.entries(tool.parameters)) {
    const value = valueOf(values, [argument, ...(tool.synonyms?.[argument] ?? [])]);
    // Models write null for what they leave out.
    if (value === undefined || value === null) continue;
    named[argument] = coerceArgument(value, parameter, { tool: tool.name, argument });
  }
  return named;
}

/** Adds the defaults of arguments that are absent. AppError `invalid_request` for a required one. */
export function withDefaults(tool: Tool, named: JsonObject): JsonObject {
  const complete: JsonObject = {};
  for (const [argument, parameter] of Object.entries(tool.parameters)) {
    const value = named[argument] ?? parameter.default;
    if (value === undefined) {
      throw new AppError("invalid_request", `The tool '${tool.name}' needs the argument '${argument}'`);
    }
    complete[argument] = value;
  }
  return complete;
}

/**
 * Replaces the paths among a tool's named arguments by where they really are, so that whoever is asked for consent sees that and not a way there.
 * Without a workspace they stay as they are. AppError `forbidden` for a path outside.
 */
export async function resolvePaths(tool: Tool, named: JsonObject, workspace: Workspace | null): Promise<JsonObject> {
  const resolved = { ...named };
  if (!workspace) return resolved;
  for (const { argument, default: otherwise } of tool.paths ?? []) {
    const value = named[argument] ?? otherwise;
    if (typeof value === "string") resolved[argument] = (await workspace.resolve(value)).path;
    if (Array.isArray(value)) {
      resolved[argument] = await Promise.all(
        value.map(async (each) => (typeof each === "string" ? (await workspace.resolve(each)).path : each)),
      );
    }
  }
  return resolved;
}

/** Exact names win over similar ones, the right name over its synonyms. */
function valueOf(values: JsonObject, names: string[]): Value | undefined {
  const keys = Object.keys(values);
  for (const name of names) {
    if (Object.hasOwn(values, name)) return values[name];
    const similar = keys.find((key) => looseName(key) === looseName(name));
    if (similar !== undefined) return values[similar];
  }
  return undefined;
}

/** Some models put the arguments once more under `arguments`. */
function unwrapped(tool: Tool, given: Value | undefined): JsonObject {
  let values = objectOf(tool, given);
  for (let count = 0; count < maxWrappings; count += 1) {
    const inner = "arguments" in tool.parameters ? undefined : values["arguments"];
    if (!isObject(inner) && !(typeof inner === "string" && inner.trimStart().startsWith("{"))) break;
    const { arguments: _inner, ...outer } = values;
    values = { ...outer, ...objectOf(tool, inner) };
  }
  return values;
}

function objectOf(tool: Tool, given: Value | undefined): JsonObject {
  if (given === undefined || given === null || (typeof given === "string" && given.trim() === "")) return {};
  const value = typeof given === "string" ? parsedOrNull(given) : given;
  if (isObject(value)) return value;
  throw new AppError("invalid_request", `The arguments of '${tool.name}' are not a JSON object`);
}

function parsedOrNull(text: string): Value {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
