import { readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { Attachments } from "#artifacts/attachments.ts";
import type { Settings } from "#config/settings.ts";
import { localAdminScope } from "#auth/principal.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { defaultRuntime } from "#core/scope.ts";
import type { JsonObject } from "#core/value.ts";
import type { MediaSources } from "#effects/media/given-media.ts";
import type { ToolCallDependencies } from "#effects/tool-calls.ts";
import { delegateAgentSpec } from "#engine/react/delegation.ts";
import { askUserSpec } from "#engine/react/ask-user-spec.ts";
import { builtinTools } from "#tools/builtin-tools.ts";
import { createWorkspace } from "#tools/create-workspace.ts";
import { openAttachmentTool } from "#tools/open-attachment.ts";
import { createMcpServers } from "#tools/mcp/mcp-servers.ts";
import { parseMcpServers } from "#tools/mcp/mcp-settings.ts";
import { createToolRegistry, withMcpTools } from "#tools/registry.ts";
import type { SearchSettings } from "#tools/web/search-provider.ts";
import { createAddressGuard } from "#tools/web/address-guard.ts";
import { createGuardedFetch } from "#tools/web/guarded-fetch.ts";
import { createWebTools } from "#tools/web/web-tools.ts";
import { toolSpec } from "#tools/tool-spec.ts";
import type { ToolRegistry } from "#tools/tool.ts";

/** Every tool of this gateway. AppError `invalid_request` when the file of MCP servers cannot be used. */
export async function createTools(
  settings: Settings,
  environment: Record<string, string | undefined>,
  attachments: Attachments,
): Promise<ToolRegistry> {
  const { allowedHosts, search } = settings.web;
  const web = createWebTools({ allow: allowedHosts, search: searchSettings(search) });
  const own = createToolRegistry({
    tools: [...builtinTools({ environment }), openAttachmentTool(attachments), ...web],
  });
  const servers = await readMcpServers(settings, environment);
  return servers.length === 0 ? own : withMcpTools(own, createMcpServers(servers));
}

/** A file that was named must be there; the one in the data folder may be. */
async function readMcpServers(settings: Settings, environment: Record<string, string | undefined>) {
  const path = settings.mcpFile ?? join(settings.dataDir, "mcp.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isMissing && settings.mcpFile === null) return [];
    throw new AppError("invalid_request", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  try {
    return parseMcpServers(text, { environment });
  } catch (cause) {
    throw new AppError("invalid_request", `${path}: ${messageOf(cause)}`, { cause });
  }
}

/** What a provider needs beside its name was checked with the settings. */
function searchSettings({ provider, baseUrl, apiKey }: Settings["web"]["search"]): SearchSettings {
  if (provider === "searxng") return { provider, baseUrl: baseUrl ?? "", ...(apiKey === null ? {} : { apiKey }) };
  if (provider === "brave") return { provider, apiKey: apiKey ?? "", ...(baseUrl === null ? {} : { baseUrl }) };
  return { provider, ...(baseUrl === null ? {} : { baseUrl }) };
}

/**
 * Runs use their own folder under the data folder and the operator's; others only when the operator trusts the clients. Among several
 * users, only runs of the operator's own runtimes are trusted so far: a shell would reach the files of everybody.
 */
export function toolCallDependencies(settings: Settings, tools: ToolRegistry): ToolCallDependencies {
  const { dir, mounts, allowsClientScope } = settings.workspace;
  const { users } = settings.auth;
  const isOperators = (runtimeId: string) => !users.enabled || operatorRuntimes.includes(runtimeId);
  const workspacesDir = join(settings.dataDir, "workspaces");
  const given = dir === null ? [] : [dir];
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
  return {
    tools,
    mode: settings.toolMode,
    openWorkspace(vars, runtimeId) {
      if (isOperators(runtimeId)) return createWorkspace(vars, operators);
      const workspace = createWorkspace(vars, usersLimits(vars));
      if (workspace) return workspace;
      throw new AppError("forbidden", "The run has no workspace_root, and no other folder is open to it");
    },
    refusal: (tool, runtimeId) =>
      tool !== shellTool || isOperators(runtimeId) || users.mayExecute
        ? null
        : `'${shellTool}' is not open to users (ABSTRACTGATEWAY_USERS_MAY_EXECUTE)`,
  };
}

const shellTool = "execute_command";
const operatorRuntimes = [defaultRuntime, localAdminScope];

/** The folder that was made for a run, out of its `workspace_root`. */
function ownWorkspace(vars: JsonObject, workspacesDir: string): string | null {
  const root = vars["workspace_root"];
  if (typeof root !== "string") return null;
  const [name = ""] = relative(workspacesDir, resolve(workspacesDir, root.trim())).split(sep);
  return /^[0-9a-f]{32}$/.test(name) ? join(workspacesDir, name) : null;
}

/** Where attachments of model calls come from. */
export function mediaSources(settings: Settings, attachments: Attachments, tools: ToolCallDependencies): MediaSources {
  const fetch = createGuardedFetch(createAddressGuard({ allow: settings.web.allowedHosts }));
  return { attachments, fetch, openWorkspace: tools.openWorkspace };
}

/** Catalogue entries of tools, as flows and model calls name them. */
export function specOf(tools: ToolRegistry): (name: string) => JsonObject | null {
  return (name) => {
    const own = [askUserSpec, delegateAgentSpec].find((spec) => spec["name"] === name);
    if (own) return own;
    const tool = tools.find(name);
    return tool && (toolSpec(tool) as unknown as JsonObject);
  };
}
