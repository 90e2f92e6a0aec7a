import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";

interface McpServerBase {
  /** Letters, digits, `-` and `_`: it is a part of the names of tools. */
  id: string;
  /** For one call of a tool. */
  callTimeoutMs?: number;
  /** Tools that run without anybody's consent, beside those that the server calls read-only. */
  autoApprove?: string[];
}
export interface McpStdioSettings extends McpServerBase {
  transport: "stdio";
  command: string;
  args: string[];
  /** Beside the few variables that every program needs, such as `PATH`; nothing else of the gateway's environment is handed on. */
  env: Record<string, string>;
  workingDirectory?: string;
}
export interface McpHttpSettings extends McpServerBase {
  transport: "http";
  url: string;
  headers: Record<string, string>;
}
/** A server of tools that the operator has configured. */
export type McpServerSettings = McpStdioSettings | McpHttpSettings;

export interface ParseOptions {
  /** What `${NAME}` and `${NAME:-default}` in values stand for. */
  environment?: Record<string, string | undefined>;
}

/**
 * Reads the configuration file that other MCP clients use: `{"mcpServers": {"<id>": {command, args?, env?, cwd?} | {url, headers?}}}`,
 * each with `disabled?`, `timeout?` (ms) and `autoApprove?` (names of tools). AppError `invalid_request` names the server, the key and the reason.
 */
export function parseMcpServers(text: string, { environment = {} }: ParseOptions = {}): McpServerSettings[] {
  const servers = serversOf(text);
  return Object.entries(servers).flatMap(([id, value]) => {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id))
      throw refusal(id, "its id may hold only letters, digits, - and _, and at most 64 of them");
    if (!isObject(value)) throw refusal(id, "it must be an object");
    return value["disabled"] === true ? [] : [serverOf(id, expandAll(id, value, environment) as JsonObject)];
  });
}

function serversOf(text: string): JsonObject {
  let file: Value;
  try {
    file = parseJson(text);
  } catch (error) {
    throw new AppError("invalid_request", `the file of MCP servers is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const servers = isObject(file) ? file["mcpServers"] : undefined;
  if (isObject(servers)) return servers;
  throw new AppError("invalid_request", 'the file of MCP servers must be an object with the object "mcpServers"');
}

function serverOf(id: string, value: JsonObject): McpServerSettings {
  const { command, url, type } = value;
  const common = {
    ...(value["timeout"] === undefined ? {} : { callTimeoutMs: positive(id, value["timeout"]) }),
    ...(value["autoApprove"] === undefined ? {} : { autoApprove: textList(id, value, "autoApprove") }),
  };
  if (command !== undefined && url !== undefined) throw refusal(id, '"command" and "url" exclude each other');
  if (type === "sse")
    throw refusal(id, 'the type "sse" is outdated and not supported; most servers answer as "http" too');
  if (url !== undefined) {
    if (type === "stdio") throw refusal(id, 'a server of the type "stdio" has a "command", not a "url"');
    return { id, transport: "http", url: httpUrl(id, url), headers: texts(id, value, "headers"), ...common };
  }
  if (typeof command !== "string" || command.trim() === "") throw refusal(id, 'it needs a "command" or a "url"');
  const { cwd } = value;
  if (cwd !== undefined && typeof cwd !== "string") throw refusal(id, '"cwd" must be a text');
  return {
    id,
    transport: "stdio",
    command,
    args: textList(id, value, "args"),
    env: texts(id, value, "env"),
    ...(cwd === undefined ? {} : { workingDirectory: cwd }),
    ...common,
  };
}

function httpUrl(id: string, value: Value): string {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  throw refusal(id, '"url" must be an http or https URL');
}

function positive(id: string, value: Value | undefined): number {
  const number = numberOf(value);
  // A timer holds no more.
  if (number !== null && number > 0 && number <= 2 ** 31 - 1) return number;
  throw refusal(id, '"timeout" must be a number of milliseconds above 0');
}

function textList(id: string, server: JsonObject, key: string): string[] {
  const value = server[key];
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw refusal(id, `"${key}" must be a list of texts`);
}

function texts(id: string, server: JsonObject, key: string): Record<string, string> {
  const value = server[key];
  if (value === undefined) return {};
  if (isObject(value) && Object.values(value).every((each) => typeof each === "string"))
    return value as Record<string, string>;
  throw refusal(id, `"${key}" must be an object of texts`);
}

function expandAll(id: string, value: Value, environment: Record<string, string | undefined>): Value {
  if (typeof value === "string") return expand(id, value, environment);
  if (Array.isArray(value)) return value.map((each) => expandAll(id, each, environment));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expandAll(id, each, environment)]));
}

function expand(id: string, text: string, environment: Record<string, string | undefined>): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_whole, name: string, otherwise: string | undefined) => {
    const found = environment[name] ?? otherwise;
    if (found === undefined) throw refusal(id, `the variable ${name} is not set`);
    return found;
  });
}

function refusal(id: string, reason: string): AppError {
  return new AppError("invalid_request", `the MCP server "${id}": ${reason}`);
}
