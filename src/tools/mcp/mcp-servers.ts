import { AppError } from "#core/errors.ts";
import { McpServer, type McpServerOptions } from "#tools/mcp/mcp-server.ts";
import type { McpServerSettings } from "#tools/mcp/mcp-settings.ts";
import type { Tool } from "#tools/tool.ts";

export interface McpServerState {
  id: string;
  transport: McpServerSettings["transport"];
  /** Full names, as last listed. */
  tools: string[];
  error: string | null;
}

/** The tools of all configured MCP servers, named `mcp::<server>::<tool>`. */
export interface McpServers {
  /** Those that are known by now: of servers that were connected once. */
  list(): Tool[];
  /** Connects what is not connected and tells how it went; never throws for a server. */
  load(signal: AbortSignal): Promise<McpServerState[]>;
  /** Connects the server that the name points to, if need be. Null for a name of no configured server, or of no tool that it has. AppError when it cannot be used. */
  find(name: string, signal: AbortSignal): Promise<Tool | null>;
  states(): McpServerState[];
  /** Ends all sessions and child processes. */
  close(): Promise<void>;
}

/** Connects nothing yet. AppError `invalid_request` for two servers with one id. */
export function createMcpServers(settings: readonly McpServerSettings[], options: McpServerOptions = {}): McpServers {
  const servers = new Map(settings.map((each) => [each.id, new McpServer(each, options)]));
  if (servers.size < settings.length) throw new AppError("invalid_request", "two MCP servers have the same id");
  const all = [...servers.values()];
  const states = () => all.map(stateOf);
  return {
    list: () => all.flatMap(({ tools }) => tools),
    states,
    async load(signal) {
      await Promise.allSettled(all.map((server) => server.connect(signal)));
      signal.throwIfAborted();
      return states();
    },
    async find(name, signal) {
      const server = servers.get(/^mcp::([^:]+)::/.exec(name)?.[1] ?? "");
      if (!server) return null;
      const known = server.tools.find((tool) => tool.name === name);
      if (known) return known;
      await server.connect(signal);
      return server.tools.find((tool) => tool.name === name) ?? null;
    },
    async close() {
      await Promise.all(all.map((server) => server.close()));
    },
  };
}

function stateOf({ settings, tools, error }: McpServer): McpServerState {
  return { id: settings.id, transport: settings.transport, tools: tools.map(({ name }) => name), error };
}
