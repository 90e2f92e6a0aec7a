import { join } from "node:path";
import type { JsonObject } from "#core/value.ts";
import { ownRuntime } from "#http/route-context.ts";
import type { Services } from "#http/services.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import type { Workspace } from "#tools/workspace.ts";

/** What a request may say about the folders that it means. Counts only with the operator's leave. */
export interface WorkspaceFields {
  workspace_root?: string | null | undefined;
  workspace_access_mode?: string | null | undefined;
  workspace_allowed_paths?: string | null | undefined;
  workspace_ignored_paths?: string | null | undefined;
}

/**
 * The folders that a request for files may use: the operator's, else those of the runs; named ones by their names. AppError
 * `invalid_request` for an unknown mode.
 */
export function requestWorkspace({ settings, openWorkspace, ledger }: Services, fields: WorkspaceFields): Workspace {
  const { dir, mounts, allowsClientScope } = settings.workspace;
  const own: JsonObject = {
    workspace_root: dir ?? join(settings.dataDir, "workspaces"),
    workspace_access_mode: mounts.length > 0 ? "workspace_or_allowed" : "workspace_only",
    workspace_allowed_paths: mounts.map(({ path }) => path),
  };
  const given = Object.entries(fields).filter(([, value]) => typeof value === "string" && value !== "");
  const vars = allowsClientScope ? { ...own, ...Object.fromEntries(given as [string, string][]) } : own;
  return workspaceOf({ workspace: openWorkspace(vars, ownRuntime(ledger)) });
}
