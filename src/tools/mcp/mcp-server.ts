import type { Tool as ListedTool } from "@modelcontextprotocol/sdk/types.js";
import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { cancelledError } from "#tools/mcp/cancelled-error.ts";
import type { McpConnection } from "#tools/mcp/mcp-connection.ts";
import { parametersOf, sentArguments } from "#tools/mcp/mcp-parameters.ts";
import { resultOf } from "#tools/mcp/mcp-result.ts";
import type { McpServerSettings } from "#tools/mcp/mcp-settings.ts";
import type { Tool } from "#tools/tool.ts";
import { untilAborted } from "#tools/web/until-aborted.ts";

export interface McpServerOptions {
  /** For the handshake; 20 s by default. */
  connectTimeoutMs?: number;
  /** For one call, where the server's own settings say nothing; 60 s by default. */
  callTimeoutMs?: number;
  /** After a failed connection, who asks gets the same failure for so long instead of another attempt; 5 s by default. */
  retryMs?: number;
  /** The tools of a server are not what they were. */
  onToolsChanged?: () => void;
}

/** One configured server: connected when first needed, and again after it went away. */
export class McpServer {
  readonly settings: McpServerSettings;
  /** As last listed; kept while the server is away, so that a catalogue does not flicker. */
  tools: Tool[] = [];
  /** Why it cannot be used, as last seen. */
  error: string | null = null;
  private readonly options: McpServerOptions;
  private readonly closing = new AbortController();
  private opening: Promise<McpConnection> | null = null;
  /** Tells the end of this connection from that of one before. */
  private generation = 0;
  private failure: { error: unknown; at: number } | null = null;

  constructor(settings: McpServerSettings, options: McpServerOptions) {
    this.settings = settings;
    this.options = options;
  }

  /** Returns when the tools are known. Errors are AppErrors of `mcpError`. */
  async connect(signal: AbortSignal): Promise<McpConnection> {
    if (this.closing.signal.aborted) throw closedError(this.settings.id);
    const { retryMs = 5_000 } = this.options;
    if (!this.opening && this.failure && performance.now() - this.failure.at < retryMs) throw this.failure.error;
    this.opening ??= this.open();
    try {
      return await untilAborted(this.opening, signal);
    } catch (error) {
      throw signal.aborted ? cancelledError(this.settings, signal) : error;
    }
  }

  async close(): Promise<void> {
    this.closing.abort(closedError(this.settings.id));
    const connection = await this.opening?.catch(() => null);
    await connection?.close();
  }

  private async open(): Promise<McpConnection> {
    let connection: McpConnection | null = null;
    this.generation += 1;
    const { generation } = this;
    const closed = () => {
      if (this.generation === generation) this.opening = null;
    };
    try {
      // With the SDK: a gateway without such servers never loads it.
      const { openMcpConnection } = await import("#tools/mcp/mcp-connection.ts");
      connection = await openMcpConnection(this.settings, {
        timeoutMs: this.options.connectTimeoutMs ?? 20_000,
        signal: this.closing.signal,
        events: { toolsChanged: () => this.refresh(), closed },
      });
      await this.list(connection);
      this.failure = null;
      this.error = null;
      return connection;
    } catch (error) {
      await connection?.close();
      this.opening = null;
      this.failure = { error, at: performance.now() };
      this.error = messageOf(error);
      throw error;
    }
  }

  private async list(connection: McpConnection): Promise<void> {
    const listed = await connection.listTools(this.closing.signal);
    this.tools = listed.map((tool) => this.toolOf(tool));
    this.options.onToolsChanged?.();
  }

  private refresh(): void {
    // While it connects the list is read anyway, and a server that cannot answer is told by the next call.
    const refreshing = this.opening?.then((connection) => this.list(connection));
    refreshing?.catch((error: unknown) => (this.error = messageOf(error)));
  }

  private toolOf(listed: ListedTool): Tool {
    const { id, autoApprove = [], callTimeoutMs = this.options.callTimeoutMs ?? 60_000 } = this.settings;
    const inputSchema = listed.inputSchema as JsonObject;
    const isReadOnly = listed.annotations?.readOnlyHint === true;
    const title = listed.title ?? listed.annotations?.title;
    return {
      name: `mcp::${id}::${listed.name}`,
      description: listed.description ?? title ?? listed.name,
      toolset: `mcp::${id}`,
      parameters: parametersOf(inputSchema),
      approval: isReadOnly || autoApprove.includes(listed.name) ? "auto" : "required",
      replay: isReadOnly ? "safe" : "ask",
      // Our own limit comes first, because its sentence says more.
      timeoutMs: callTimeoutMs + 1_000,
      run: async (args, { signal }) => {
        const call = { name: listed.name, args: sentArguments(args, inputSchema), signal, timeoutMs: callTimeoutMs };
        return resultOf(listed.name, await this.call(call));
      },
    };
  }

  private async call(call: { name: string; args: JsonObject; signal: AbortSignal; timeoutMs: number }) {
    const { name, args, ...options } = call;
    const connection = await this.connect(options.signal);
    try {
      return await connection.call(name, args, options);
    } catch (error) {
      // A session that the server has forgotten: it has not looked at the call, so it may be made once more in a new one.
      if (!(error instanceof AppError) || error.code !== "gone") throw error;
      await connection.close();
      const next = await this.connect(options.signal);
      return next.call(name, args, options);
    }
  }
}

function closedError(id: string): AppError {
  return new AppError("unavailable", `the MCP server "${id}" is closed`);
}
