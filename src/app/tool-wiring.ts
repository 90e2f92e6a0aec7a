import { join } from "node:path";
import type { Settings } from "#config/settings.ts";
import type { JsonObject } from "#core/value.ts";
import type { ToolCallDependencies } from "#effects/tool-calls.ts";
import { askUserSpec } from "#engine/react/ask-user-spec.ts";
import { createWorkspace } from "#tools/create-workspace.ts";
import { toolSpec } from "#tools/tool-spec.ts";
import type { ToolRegistry } from "#tools/tool.ts";

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
