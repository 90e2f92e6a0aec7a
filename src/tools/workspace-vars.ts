import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { JsonObject, Value } from "#core/value.ts";

export const accessModes = ["workspace_only", "workspace_or_allowed", "all_except_ignored"] as const;
export type AccessMode = (typeof accessModes)[number];

export interface WorkspaceVars {
  root: string;
  mode: AccessMode;
  allowedPaths: string[];
  ignoredPaths: string[];
}

/** The four `workspace_*` vars of a run; null when it has no `workspace_root`. AppError `invalid_request` for an unknown mode. */
export function readWorkspaceVars(vars: JsonObject): WorkspaceVars | null {
  const root = vars["workspace_root"];
  if (typeof root !== "string" || root.trim() === "") return null;
  return {
    root: root.trim(),
    mode: accessMode(vars["workspace_access_mode"]),
    allowedPaths: pathList(vars["workspace_allowed_paths"]),
    ignoredPaths: pathList(vars["workspace_ignored_paths"]),
  };
}

function accessMode(value: Value | undefined): AccessMode {
  if (value === undefined || value === null || value === "") return "workspace_only";
  const text = typeof value === "string" ? value.trim().toLowerCase() : JSON.stringify(value);
  const mode = accessModes.find((each) => each === text);
  if (mode) return mode;
  throw new AppError("invalid_request", `workspace_access_mode '${text}' is not one of ${accessModes.join(", ")}`);
}

/** A list, the JSON text of a list, or one path per line. */
function pathList(value: Value | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => (typeof each === "string" ? clean(each) : []));
  if (typeof value !== "string") return [];
  const list = value.trim().startsWith("[") ? jsonList(value) : null;
  return list ? pathList(list) : value.split(/\r?\n/).flatMap(clean);
}

function jsonList(text: string): Value[] | null {
  try {
    const value = parseJson(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function clean(path: string): string[] {
  return path.trim() === "" ? [] : [path.trim()];
}
