import { AppError } from "#core/errors.ts";
import type { McpServerSettings } from "#tools/mcp/mcp-settings.ts";

export function cancelledError({ id }: McpServerSettings, { reason }: AbortSignal): AppError {
  if (reason instanceof AppError) return reason;
  return new AppError("cancelled", `the request to the MCP server "${id}" was cancelled`, { cause: reason });
}
