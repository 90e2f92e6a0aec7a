import { join } from "node:path";
import type { Settings } from "#config/settings.ts";
import type { JsonObject } from "#core/value.ts";
import type { ToolCallDependencies } from "#effects/tool-calls.ts";
import { askUserSpec } from "#engine/react/ask-user-spec.ts";
import { builtinTools } from "#tools/builtin-tools.ts";
import { createWorkspace } from "#tools/create-workspace.ts";
import { createToolRegistry } from "#tools/registry.ts";
import type { SearchSettings } from "#tools/web/search-provider.ts";
import { createWebTools } from "#tools/web/web-tools.ts";
import { toolSpec } from "#tools/tool-spec.ts";
import type { ToolRegistry } from "#tools/tool.ts";

/** Every tool of this gateway. */
export function createTools(settings: Settings, environment: Record<string, string | undefined>): ToolRegistry {
  const { allowedHosts, search } = settings.web;
  const web = createWebTools({ allow: allowedHosts, search: searchSettings(search) });
  return createToolRegistry({ tools: [...builtinTools({ environment }), ...web] });
}

/** What a provider needs beside its name was checked with the settings. */
function searchSettings({ provider, baseUrl, apiKey }: Settings["web"]["search"]): SearchSettings {
  if (provider === "searxng") return { provider, baseUrl: baseUrl ?? "", ...(apiKey === null ? {} : { apiKey }) };
  if (provider === "brave") return { provider, apiKey: apiKey ?? "", ...(baseUrl === null ? {} : { baseUrl }) };
  return { provider, ...(baseUrl === null ? {} : { baseUrl }) };
}

/** Runs use their own folder under the data folder and the operator's; others only when the operator trusts the clients. */
export function toolCallDependencies(settings: Settings, tools: ToolRegistry): ToolCallDependencies {
  const { dir, mounts, allowsClientScope } = settings.workspace;
  const workspacesDir = join(settings.dataDir, "workspaces");
  const limits = {
    baseDir: dir ?? process.cwd(),
    folders: allowsClientScope ? null : [workspacesDir, ...(dir === null ? [] : [dir])],
    mounts,
    allowsEverything: allowsClientScope,
    workspacesDir,
  };
  return { tools, mode: settings.toolMode, openWorkspace: (vars) => createWorkspace(vars, limits) };
}

/** Catalogue entries of tools, as flows and model calls name them. */
export function specOf(tools: ToolRegistry): (name: string) => JsonObject | null {
  return (name) => {
    if (name === askUserSpec["name"]) return askUserSpec;
    const tool = tools.find(name);
    return tool && (toolSpec(tool) as unknown as JsonObject);
  };
}
