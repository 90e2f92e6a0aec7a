import { join, relative, resolve, sep } from "node:path";
import { localAdminScope } from "#auth/principal.ts";
import type { Settings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import { defaultRuntime } from "#core/scope.ts";
import type { JsonObject } from "#core/value.ts";
import { type OpenWorkspace, createWorkspace } from "#tools/create-workspace.ts";

/**
 * Runs use their own folder under the data folder and the operator's; others only when the operator trusts the clients. Among several
 * users, only runs of the operator's own runtimes are trusted so far: a shell would reach the files of everybody.
 */
export function workspaceOpener(settings: Settings): OpenWorkspace {
  const { dir, mounts, allowsClientScope } = settings.workspace;
  const workspacesDir = join(settings.dataDir, "workspaces");
  const given = [...(dir === null ? [] : [dir]), ...mounts.map(({ path }) => path)];
  const operators = {
    baseDir: dir ?? process.cwd(),
    folders: allowsClientScope ? null : [workspacesDir, ...given],
    mounts,
    allowsEverything: allowsClientScope,
    workspacesDir,
  };
  // A run's folder has a name that nobody can guess; the folder of all of them would open everybody's.
  const usersLimits = (vars: JsonObject) => {
    const own = ownWorkspace(vars, workspacesDir);
    const folders = [...(own === null ? [] : [own]), ...given];
    return { baseDir: dir ?? workspacesDir, folders, mounts, allowsEverything: false, workspacesDir: own };
  };
  return (vars, runtimeId) => {
    if (isOperators(settings, runtimeId)) return createWorkspace(vars, operators);
    const workspace = createWorkspace(vars, usersLimits(vars));
    if (workspace) return workspace;
    throw new AppError("forbidden", "The run has no workspace_root, and no other folder is open to it");
  };
}

/** Why the owner of a runtime may not use a tool; null when they may. */
export function toolRefusal(settings: Settings): (tool: string, runtimeId: string) => string | null {
  const { users } = settings.auth;
  return (tool, runtimeId) =>
    tool !== shellTool || isOperators(settings, runtimeId) || users.mayExecute
      ? null
      : `'${shellTool}' is not open to users (ABSTRACTGATEWAY_USERS_MAY_EXECUTE)`;
}

const shellTool = "execute_command";
const operatorRuntimes = [defaultRuntime, localAdminScope];

function isOperators({ auth }: Settings, runtimeId: string): boolean {
  return !auth.users.enabled || operatorRuntimes.includes(runtimeId);
}

/** The folder that was made for a run, out of its `workspace_root`. */
function ownWorkspace(vars: JsonObject, workspacesDir: string): string | null {
  const root = vars["workspace_root"];
  if (typeof root !== "string") return null;
  const [name = ""] = relative(workspacesDir, resolve(workspacesDir, root.trim())).split(sep);
  return /^[0-9a-f]{32}$/.test(name) ? join(workspacesDir, name) : null;
}
