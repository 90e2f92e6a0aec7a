import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { startMcpHttpServer } from "#fixtures/mcp-http-server.ts";
import { rejection } from "#fixtures/rejection.ts";
import { startWebSite } from "#fixtures/web-site.ts";
import type { McpServerOptions } from "#tools/mcp/mcp-server.ts";
import { type McpServers, createMcpServers } from "#tools/mcp/mcp-servers.ts";
import type { McpServerSettings } from "#tools/mcp/mcp-settings.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const script = resolve(import.meta.dirname, "../../fixtures/mcp-stdio-server.ts");
const stdio = (...args: string[]): McpServerSettings => ({
  id: "lamps",
  transport: "stdio",
  command: process.execPath,
  args: ["run", script, ...args],
  env: { LAMP: "on" },
});
const http = (url: string, headers: Record<string, string> = {}): McpServerSettings => ({
  id: "lamps",
  transport: "http",
  url,
  headers,
});

const never = () => new AbortController().signal;

function start(settings: McpServerSettings, options: McpServerOptions = {}): McpServers {
  const servers = createMcpServers([settings], { retryMs: 0, ...options });
  cleanups.push(() => servers.close());
  return servers;
}

async function call(servers: McpServers, name: string, args: JsonObject = {}, signal = never()): Promise<any> {
  const tool = await servers.find(`mcp::lamps::${name}`, signal);
  return tool!.run(args, {
    run: { run_id: "r", root_run_id: "r", session_id: null, runtime_id: "default", actor_id: null },
    workspace: null,
    signal,
  });
}
const failure = async (...args: Parameters<typeof call>) => (await rejection(call(...args))) as AppError;

function startHttp(options: Parameters<typeof startMcpHttpServer>[0] = {}) {
  const server = startMcpHttpServer(options);
  cleanups.push(() => server.close());
  return server;
}

async function pidFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  return join(folder, "pid");
}
const readPid = async (path: string) => Number(await Bun.file(path).text());
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.each(["stdio", "http"] as const)("over %s", (transport) => {
  const settings = () => (transport === "stdio" ? stdio("good") : http(startHttp().url));

  test("nothing is connected before it is needed", async () => {
    const servers = start(settings());
    expect(servers.list()).toEqual([]);
    expect(servers.states()).toEqual([{ id: "lamps", transport, tools: [], error: null }]);
  });

  test("all pages of tools are listed under the server's name", async () => {
    const servers = start(settings());
    const [state] = await servers.load(never());
    expect(state).toMatchObject({ id: "lamps", error: null });
    expect(servers.list().map(({ name }) => name)).toEqual(state!.tools);
    expect(state!.tools).toContain("mcp::lamps::echo");
    expect(state!.tools).toContain("mcp::lamps::die");
    expect(servers.list()[0]).toMatchObject({ toolset: "mcp::lamps", approval: "auto", replay: "safe" });
    expect(servers.list()[1]).toMatchObject({ description: "Add numbers", approval: "required", replay: "ask" });
  });

  test("a tool is called with what was given, and only that", async () => {
    const { content } = await call(start(settings()), "echo", { words: "hi", times: 2, tone: null });
    expect(JSON.parse(content)).toEqual({ words: "hi", times: 2 });
  });

  test("structured content comes beside the text", async () => {
    const result = await call(start(settings()), "add", { a: 1, b: 2 });
    expect(result).toEqual({ content: "", structured_content: { sum: 3 }, rendered: '{"sum":3}' });
  });

  test("images and resources are described", async () => {
    const { content } = await call(start(settings()), "picture");
    expect(content).toBe("Here:\n[image image/png, 10 bytes]\n[resource more: file:///more]\na note");
  });

  test.each([
    ["fail", "unprocessable", "the lamp is out"],
    ["refuse", "unprocessable", 'the MCP server "lamps" refuses the request: no such lamp'],
    ["wrong_output", "unprocessable", "does not match the tool's output schema"],
  ])("the tool %s fails", async (name, code, sentence) => {
    const error = await failure(start(settings()), name);
    expect(error.code).toBe(code as AppError["code"]);
    expect(error.message).toContain(sentence);
  });

  test("a call that hangs ends at its limit, and the server stays usable", async () => {
    const servers = start({ ...settings(), callTimeoutMs: 300 });
    const error = await failure(servers, "never");
    expect(error).toMatchObject({ code: "timeout", message: 'the MCP server "lamps" did not answer within 0.3 s' });
    expect((await call(servers, "add", { a: 1, b: 1 })).structured_content).toEqual({ sum: 2 });
  });

  test("a list that changes is read again", async () => {
    const changes = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let count = 0;
    const servers = start(settings(), { onToolsChanged: () => changes[count++]?.resolve() });
    await servers.load(never());
    expect(servers.list().map(({ name }) => name)).not.toContain("mcp::lamps::grown");
    await call(servers, "grow");
    await changes[1]!.promise;
    expect(servers.list().map(({ name }) => name)).toContain("mcp::lamps::grown");
  });

  test("an unknown tool is null", async () => {
    const servers = start(settings());
    expect(await servers.find("mcp::lamps::nothing", never())).toBeNull();
    expect(await servers.find("mcp::others::echo", never())).toBeNull();
    expect(await servers.find("echo", never())).toBeNull();
  });

  test("who cancels is not kept waiting", async () => {
    const servers = start(settings());
    await servers.load(never());
    const stop = new AbortController();
    const calling = failure(servers, "never", {}, stop.signal);
    queueMicrotask(() => stop.abort());
    expect(await calling).toMatchObject({ code: "cancelled" });
  });

  test("after close nothing is connected any more", async () => {
    const servers = start(settings());
    await servers.load(never());
    await servers.close();
    expect(await failure(servers, "echo", { words: "x" })).toMatchObject({
      message: 'the MCP server "lamps" is closed',
    });
  });
});

describe("a child process", () => {
  test("gets its own variables and not the gateway's", async () => {
    process.env["GATEWAY_SECRET"] = "secret";
    const { content } = await call(start(stdio("good")), "environment");
    delete process.env["GATEWAY_SECRET"];
    expect(JSON.parse(content)).toEqual({ lamp: "on" });
  });

  test("that dies in a call is told with its last words, and is started again", async () => {
    const servers = start(stdio("good"));
    const error = await failure(servers, "die");
    expect(error).toMatchObject({ code: "unavailable" });
    expect(error.message).toBe('the MCP server "lamps" ended before it answered; it wrote: Error: the oil is burnt');
    expect((await call(servers, "add", { a: 1, b: 2 })).structured_content).toEqual({ sum: 3 });
  });

  test("that writes other things in between is understood", async () => {
    expect((await call(start(stdio("chatty")), "add", { a: 1, b: 2 })).structured_content).toEqual({ sum: 3 });
  });

  test("ends with close", async () => {
    const file = await pidFile();
    const servers = start(stdio("good", file));
    await servers.load(never());
    const pid = await readPid(file);
    expect(isAlive(pid)).toBe(true);
    await servers.close();
    expect(isAlive(pid)).toBe(false);
  });

  test("that ignores everything is killed when the handshake takes too long", async () => {
    const file = await pidFile();
    const servers = start(stdio("stubborn", file), { connectTimeoutMs: 1500 });
    const [state] = await servers.load(never());
    expect(state!.error).toBe('the MCP server "lamps" did not answer within 1.5 s');
    await servers.close();
    expect(isAlive(await readPid(file))).toBe(false);
  });

  test("is killed when everything closes during the handshake", async () => {
    const servers = start(stdio("silent"));
    const loading = servers.load(never());
    await servers.close();
    expect((await loading)[0]!.error).toBe('the MCP server "lamps" is closed');
  });

  test.each([
    ["ends", "ended before it answered; it wrote: TypeError: no lamp is configured"],
    ["garbage", "did not answer within 1.5 s; before, it sent something that is not MCP"],
    ["silent", "did not answer within 1.5 s"],
  ])("that is %s is told in one sentence", async (behaviour, sentence) => {
    const [state] = await start(stdio(behaviour), { connectTimeoutMs: 1500 }).load(never());
    expect(state!.error).toContain(`the MCP server "lamps" ${sentence}`);
    expect(state!.error).not.toContain("\n");
  });

  test("whose command is not there is told", async () => {
    const servers = start({ id: "lamps", transport: "stdio", command: "no-such-command", args: [], env: {} });
    expect((await servers.load(never()))[0]!.error).toBe(
      'the MCP server "lamps" cannot be used: its command "no-such-command" is not there',
    );
  });
});

describe("an HTTP server", () => {
  test("gets the configured headers", async () => {
    const server = startHttp({ token: "key" });
    const servers = start(http(server.url, { authorization: "Bearer key" }));
    expect((await servers.load(never()))[0]!.error).toBeNull();
  });

  test("that refuses the credentials is told", async () => {
    const server = startHttp({ token: "key" });
    expect((await start(http(server.url)).load(never()))[0]!.error).toBe(
      'the MCP server "lamps" cannot be used: it refuses the credentials with HTTP status 401',
    );
  });

  test("hears that a call was cancelled", async () => {
    const server = startHttp();
    const servers = start(http(server.url));
    await servers.load(never());
    const stop = new AbortController();
    const calling = failure(servers, "never", {}, stop.signal);
    const before = server.requests.length;
    while (server.requests.length <= before) await new Promise(setImmediate);
    stop.abort();
    await calling;
    await server.cancelled;
  });

  test("that has forgotten the session gets the call in a new one", async () => {
    const server = startHttp();
    const servers = start(http(server.url));
    await servers.load(never());
    await server.forgetSessions();
    expect((await call(servers, "add", { a: 1, b: 2 })).structured_content).toEqual({ sum: 3 });
    expect(server.sessions()).toBe(1);
  });

  test("is told when everything closes", async () => {
    const server = startHttp();
    const servers = start(http(server.url));
    await servers.load(never());
    expect(server.sessions()).toBe(1);
    await servers.close();
    expect(server.sessions()).toBe(0);
  });

  test("that is gone is told, and used again when it is back", async () => {
    const server = startHttp();
    const servers = start(http(`${server.url}?key=secret`));
    await servers.load(never());
    await server.close();
    const error = await failure(servers, "add", { a: 1, b: 2 });
    expect(error).toMatchObject({ code: "unavailable" });
    expect(error.message).toBe(`the MCP server "lamps" cannot be used: nobody answers at ${server.url}`);
    startHttp({ port: server.port });
    expect((await call(servers, "add", { a: 1, b: 2 })).structured_content).toEqual({ sum: 3 });
  });

  test.each([
    ["/article", "cannot be used"],
    ["/nowhere", "answers with HTTP status 404"],
    ["/json", "cannot be used: its answer is not MCP"],
    ["/never", "did not answer within 0.3 s"],
  ])("that is none, at %s, is told in one sentence", async (path, sentence) => {
    const site = startWebSite();
    cleanups.push(() => site.close());
    const [state] = await start(http(site.origin + path), { connectTimeoutMs: 300 }).load(never());
    expect(state!.error).toContain(`the MCP server "lamps" ${sentence}`);
    expect(state!.error).not.toContain("\n");
  });
});

test("a failed connection is not tried again at once", async () => {
  const site = startWebSite();
  cleanups.push(() => site.close());
  const servers = start(http(`${site.origin}/nowhere`), { retryMs: 60_000 });
  await servers.load(never());
  await servers.load(never());
  expect(site.requests).toHaveLength(1);
});

test("two servers with one id are refused", () => {
  expect(() => createMcpServers([stdio("good"), stdio("good")])).toThrow("two MCP servers have the same id");
});
