import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { AppError, messageOf } from "#core/errors.ts";
import { cancelledError } from "#tools/mcp/cancelled-error.ts";
import type { McpTrace } from "#tools/mcp/mcp-connection.ts";
import type { McpServerSettings } from "#tools/mcp/mcp-settings.ts";

interface Context {
  trace: McpTrace;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * What went wrong with a server, in one sentence: `cancelled`, `timeout`, `gone` for a session that the server has forgotten,
 * `unprocessable` when the server itself refuses the request, `unavailable` for everything else.
 */
export function mcpError(settings: McpServerSettings, error: unknown, { trace, timeoutMs, signal }: Context): AppError {
  if (error instanceof AppError) return error;
  const name = `the MCP server "${settings.id}"`;
  if (signal.aborted) return cancelledError(settings, signal);
  const options = { cause: error, retryable: true };
  if (isCode(error, ErrorCode.RequestTimeout)) {
    const sentence = `${name} did not answer within ${timeoutMs / 1000} s`;
    const hasOddOutput = settings.transport === "stdio" && trace.error !== null;
    return new AppError("timeout", sentence + (hasOddOutput ? `; before, ${oddOutput(trace.error)}` : ""), options);
  }
  if (isCode(error, ErrorCode.ConnectionClosed)) {
    const end = settings.transport === "stdio" ? endOf(trace) : `cannot be used: ${reasonOf(settings, trace.error)}`;
    return new AppError("unavailable", `${name} ${end}`, options);
  }
  if (error instanceof McpError) {
    // The SDK puts "MCP error -32602: " before the server's words; the SDK of servers does so, too.
    const words = error.message.replace(/^(MCP error -?\d+: )+/, "");
    return new AppError("unprocessable", `${name} refuses the request: ${oneLine(words)}`, { cause: error });
  }
  if (error instanceof StreamableHTTPError && error.code === 404)
    return new AppError("gone", `${name} answers with HTTP status 404 at ${addressOf(settings)}`, options);
  return new AppError("unavailable", `${name} cannot be used: ${reasonOf(settings, error)}`, options);
}

function isCode(error: unknown, code: number): boolean {
  return error instanceof McpError && error.code === code;
}

function endOf({ output, error }: McpTrace): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  // Stack traces begin with what matters, but only their end may be left: the line that names an error is the best of both.
  const line = lines.find((each) => /error/i.test(each)) ?? lines.at(-1);
  if (line !== undefined) return `ended before it answered; it wrote: ${oneLine(line)}`;
  return error !== null ? `ended before it answered; before, ${oddOutput(error)}` : "ended before it answered";
}

function oddOutput(error: unknown): string {
  return `it sent something that is not MCP (${oneLine(messageOf(error))})`;
}

function reasonOf(settings: McpServerSettings, error: unknown): string {
  if (error === null) return "it closed the connection";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (settings.transport === "stdio") {
    if (code === "ENOENT") return `its command "${settings.command}" is not there`;
    if (code === "EACCES") return `its command "${settings.command}" may not be run`;
  }
  if (code === 401 || code === 403) return `it refuses the credentials with HTTP status ${code}`;
  if (code === "ConnectionRefused" || code === "ECONNREFUSED") return `nobody answers at ${addressOf(settings)}`;
  if (error instanceof StreamableHTTPError && typeof code === "number" && code > 0) return `HTTP status ${code}`;
  if (error instanceof Error && "issues" in error) return "its answer is not MCP";
  return oneLine(messageOf(error));
}

/** Without the query, which may hold a key. */
function addressOf(settings: McpServerSettings): string {
  if (settings.transport === "stdio") return settings.command;
  const { origin, pathname } = new URL(settings.url);
  return origin + pathname;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
