import { looseName } from "#tools/same-name.ts";
import type { McpServers } from "#tools/mcp/mcp-servers.ts";
import type { Tool, ToolRegistry } from "#tools/tool.ts";

/** Tools by name, in the order of catalogues: by toolset, then by name. Throws when two have the same name, spelling aside. */
export function createToolRegistry({ tools }: { tools: readonly Tool[] }): ToolRegistry {
  const exact = new Map<string, Tool>();
  const loose = new Map<string, Tool>();
  for (const tool of tools) {
    const taken = loose.get(looseName(tool.name));
    if (taken) throw new Error(`two tools are called '${taken.name}' and '${tool.name}'`);
    exact.set(tool.name, tool);
    loose.set(looseName(tool.name), tool);
  }
  const sorted = [...tools].sort((a, b) => compare(a.toolset, b.toolset) || compare(a.name, b.name));
  return {
    list: () => [...sorted],
    find: (name) => exact.get(name) ?? loose.get(looseName(name.trim())) ?? null,
    load: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Our own tools, and those that MCP servers have by now. A tool of ours wins over a server's of the same name. */
export function withMcpTools(own: ToolRegistry, servers: McpServers): ToolRegistry {
  const find = (name: string) => {
    const wanted = name.trim();
    return servers.list().find((tool) => tool.name === wanted) ?? null;
  };
  return {
    list: () => [...own.list(), ...servers.list().sort((a, b) => compare(a.name, b.name))],
    find: (name) => own.find(name) ?? find(name),
    async load(signal) {
      await servers.load(signal);
    },
    close: () => servers.close(),
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
