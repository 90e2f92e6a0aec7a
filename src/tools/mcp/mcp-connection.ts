import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type CallToolResult, type Tool, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import type { JsonObject } from "#core/value.ts";
import { mcpError } from "#tools/mcp/mcp-error.ts";
import type { McpServerSettings, McpStdioSettings } from "#tools/mcp/mcp-settings.ts";
import { lenientValidator } from "#tools/mcp/output-validator.ts";
import { untilAborted } from "#tools/web/until-aborted.ts";

export interface McpConnectionEvents {
  /** The server's list of tools is not what it was. */
  toolsChanged(): void;
  /** Nothing can be asked any more, for whatever reason. */
  closed(): void;
}

export interface McpCallOptions {
  signal: AbortSignal;
  timeoutMs: number;
}

/** One conversation with a server, from the handshake to the end of its process or session. All errors are AppErrors of `mcpError`. */
export interface McpConnection {
  listTools(signal: AbortSignal): Promise<Tool[]>;
  call(name: string, args: JsonObject, options: McpCallOptions): Promise<CallToolResult>;
  /** Ends the child process or the session. */
  close(): Promise<void>;
}

export interface OpenOptions {
  events: McpConnectionEvents;
  /** For the handshake and for each page of the list of tools. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Lists have pages; a server that never comes to an end of them is wrong. */
const maxPages = 50;
const pingTimeoutMs = 5_000;
const endSessionTimeoutMs = 2_000;

/** What may explain a failure afterwards: the end of the standard error output, and what last went wrong beside any request. */
export interface McpTrace {
  output: string;
  error: unknown;
}

export async function openMcpConnection(settings: McpServerSettings, options: OpenOptions): Promise<McpConnection> {
  const { events, timeoutMs, signal } = options;
  const trace: McpTrace = { output: "", error: null };
  const transport = settings.transport === "stdio" ? stdioTransport(settings, trace) : httpTransport(settings);
  const client = new Client({ name: "abstractgateway", version: "0.1.0" }, { jsonSchemaValidator: lenientValidator() });
  const ended = Promise.withResolvers<void>();
  let hasEnded = false;
  client.onclose = () => {
    hasEnded = true;
    ended.resolve();
    events.closed();
  };
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => events.toolsChanged());
  const connection = connectionOf({ settings, client, transport, trace, timeoutMs, ended: ended.promise });
  client.onerror = (error) => {
    trace.error = error;
    if (settings.transport === "http") connection.probe();
  };
  let childId: number | null = null;
  try {
    const handshake = client.connect(transport, { timeout: timeoutMs });
    childId = transport instanceof StdioClientTransport ? transport.pid : null;
    await untilAborted(handshake, signal);
    return connection;
  } catch (error) {
    await client.close();
    // Who cannot even say hello gets no time to say goodbye.
    if (childId !== null && !hasEnded) {
      kill(childId);
      await ended.promise;
    }
    throw mcpError(settings, error, { trace, timeoutMs, signal });
  }
}

interface Parts {
  settings: McpServerSettings;
  client: Client;
  transport: StdioClientTransport | StreamableHTTPClientTransport;
  trace: McpTrace;
  timeoutMs: number;
  ended: Promise<void>;
}

function connectionOf({
  settings,
  client,
  transport,
  trace,
  timeoutMs,
  ended,
}: Parts): McpConnection & { probe(): void } {
  let isProbing = false;
  /** After a sign of trouble: a server that does not answer a ping either is given up, with all that waits for it. */
  const probe = () => {
    if (isProbing) return;
    isProbing = true;
    const pinging = client.ping({ timeout: pingTimeoutMs }).catch((error: unknown) => {
      trace.error = error;
      return client.close();
    });
    void pinging.catch(() => undefined).finally(() => (isProbing = false));
  };
  return {
    probe,
    async listTools(signal) {
      if (!client.getServerCapabilities()?.tools) return [];
      try {
        return await allTools(client, { signal, timeout: timeoutMs });
      } catch (error) {
        throw mcpError(settings, error, { trace, timeoutMs, signal });
      }
    },
    async call(name, args, options) {
      const { signal, timeoutMs } = options;
      try {
        const limits = { signal, timeout: timeoutMs, resetTimeoutOnProgress: true, maxTotalTimeout: timeoutMs };
        return (await client.callTool({ name, arguments: args }, undefined, limits)) as CallToolResult;
      } catch (error) {
        const failure = mcpError(settings, error, { trace, timeoutMs, signal });
        if (failure.code === "timeout") probe();
        // Without so much as a status: whoever answers next at this address knows nothing of this session.
        if (failure.code === "unavailable" && !(error instanceof StreamableHTTPError)) await client.close();
        throw failure;
      }
    },
    async close() {
      if (transport instanceof StreamableHTTPClientTransport) await endSession(transport);
      await client.close();
      if (transport instanceof StdioClientTransport) await ended;
    },
  };
}

async function allTools(client: Client, options: { signal: AbortSignal; timeout: number }): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const { tools: more, nextCursor } = await client.listTools(cursor === undefined ? {} : { cursor }, options);
    tools.push(...more);
    if (nextCursor === undefined) return tools;
    cursor = nextCursor;
  }
  throw new Error(`its list of tools has more than ${maxPages} pages`);
}

function stdioTransport(settings: McpStdioSettings, trace: McpTrace): StdioClientTransport {
  const { command, args, env, workingDirectory } = settings;
  const transport = new StdioClientTransport({
    command,
    args,
    env,
    // Read, not shown: servers log there, and the gateway's own output is for the operator.
    stderr: "pipe",
    ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
  });
  transport.stderr?.on("data", (chunk: Buffer) => {
    trace.output = (trace.output + chunk.toString()).slice(-2000);
  });
  return transport;
}

function httpTransport({
  url,
  headers,
}: Extract<McpServerSettings, { transport: "http" }>): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
}

async function endSession(transport: StreamableHTTPClientTransport): Promise<void> {
  try {
    await untilAborted(transport.terminateSession(), AbortSignal.timeout(endSessionTimeoutMs));
  } catch {
    // A server that is gone has ended the session, too.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was faster.
  }
}
