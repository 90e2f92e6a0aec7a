import { describe, expect, test } from "bun:test";
import { parseMcpServers } from "#tools/mcp/mcp-settings.ts";

const parse = (servers: unknown, environment: Record<string, string> = {}) =>
  parseMcpServers(JSON.stringify({ mcpServers: servers }), { environment });

test("both kinds of servers are read", () => {
  expect(
    parse({
      files: { command: "node", args: ["server.js", "/data"], env: { KEY: "1" }, cwd: "/srv", timeout: 5000 },
      remote: { type: "streamable-http", url: "https://mcp.test/mcp", headers: { authorization: "Bearer x" } },
      plain: { type: "stdio", command: "lamp" },
      off: { command: "lamp", disabled: true },
    }),
  ).toEqual([
    {
      id: "files",
      transport: "stdio",
      command: "node",
      args: ["server.js", "/data"],
      env: { KEY: "1" },
      workingDirectory: "/srv",
      callTimeoutMs: 5000,
    },
    { id: "remote", transport: "http", url: "https://mcp.test/mcp", headers: { authorization: "Bearer x" } },
    { id: "plain", transport: "stdio", command: "lamp", args: [], env: {} },
  ]);
});

test("variables stand for what the environment says, or for their default", () => {
  const value = { url: "https://${HOST:-mcp.test}/mcp", headers: { authorization: "Bearer ${KEY}" } };
  expect(parse({ a: value }, { KEY: "k" })).toMatchObject([
    { url: "https://mcp.test/mcp", headers: { authorization: "Bearer k" } },
  ]);
  expect(() => parse({ a: value })).toThrow('the MCP server "a": the variable KEY is not set');
});

test("no servers are no error", () => {
  expect(parse({})).toEqual([]);
});

describe("a file is refused", () => {
  test.each([
    ["", "is not JSON"],
    ["[]", 'must be an object with the object "mcpServers"'],
    ["{}", 'must be an object with the object "mcpServers"'],
    ['{"mcpServers": []}', 'must be an object with the object "mcpServers"'],
  ])("%s", (text, sentence) => {
    expect(() => parseMcpServers(text)).toThrow(sentence);
  });
});

describe("a server is refused", () => {
  test.each([
    ["a::b", { command: "x" }, "its id may hold only"],
    ["", { command: "x" }, "its id may hold only"],
    ["a", "x", "it must be an object"],
    ["a", {}, 'it needs a "command" or a "url"'],
    ["a", { command: "" }, 'it needs a "command" or a "url"'],
    ["a", { command: "x", url: "http://y/" }, "exclude each other"],
    ["a", { type: "sse", url: "http://y/" }, '"sse" is outdated'],
    ["a", { type: "stdio", url: "http://y/" }, 'has a "command", not a "url"'],
    ["a", { url: "file:///x" }, '"url" must be an http or https URL'],
    ["a", { url: 5 }, '"url" must be an http or https URL'],
    ["a", { command: "x", args: "y" }, '"args" must be a list of texts'],
    ["a", { command: "x", args: [1] }, '"args" must be a list of texts'],
    ["a", { command: "x", env: { A: 1 } }, '"env" must be an object of texts'],
    ["a", { url: "http://y/", headers: [] }, '"headers" must be an object of texts'],
    ["a", { command: "x", cwd: 1 }, '"cwd" must be a text'],
    ["a", { command: "x", timeout: 0 }, '"timeout" must be a number'],
    ["a", { command: "x", timeout: 1e12 }, '"timeout" must be a number'],
  ])("%s: %j", (id, value, sentence) => {
    expect(() => parse({ [id]: value })).toThrow(`the MCP server "${id}": `);
    expect(() => parse({ [id]: value })).toThrow(sentence);
  });
});
