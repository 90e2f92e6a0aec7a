import { looseName } from "#tools/same-name.ts";
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
    close: async () => {},
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
