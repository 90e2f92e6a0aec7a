import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Attachments } from "#artifacts/attachments.ts";
import { commsTools } from "#app/comms.ts";
import { toolRefusal, workspaceOpener } from "#app/workspace-access.ts";
import type { Settings } from "#config/settings.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { MediaSources } from "#effects/media/given-media.ts";
import type { ToolCallDependencies } from "#effects/tool-calls.ts";
import { agentToolSpecs } from "#engine/react/agent-tools.ts";
import { builtinTools } from "#tools/builtin-tools.ts";
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
  const comms = await commsTools(settings, attachments);
  const own = createToolRegistry({
    tools: [...builtinTools({ environment }), openAttachmentTool(attachments), ...web, ...comms],
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

export function toolCallDependencies(
  settings: Settings,
  { tools, evidence }: Pick<ToolCallDependencies, "tools" | "evidence">,
): ToolCallDependencies {
  const openWorkspace = workspaceOpener(settings);
  return { tools, mode: settings.toolMode, openWorkspace, refusal: toolRefusal(settings), evidence };
}

/** Where attachments of model calls come from. */
export function mediaSources(settings: Settings, attachments: Attachments, tools: ToolCallDependencies): MediaSources {
  const fetch = createGuardedFetch(createAddressGuard({ allow: settings.web.allowedHosts }));
  return { attachments, fetch, openWorkspace: tools.openWorkspace };
}

/** Catalogue entries of tools, as flows and model calls name them. */
export function specOf(tools: ToolRegistry): (name: string) => JsonObject | null {
  return (name) => {
    const own = agentToolSpecs.find((spec) => spec["name"] === name);
    if (own) return own;
    const tool = tools.find(name);
    return tool && (toolSpec(tool) as unknown as JsonObject);
  };
}
