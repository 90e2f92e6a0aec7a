import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type McpHttpServer, startMcpHttpServer } from "#fixtures/mcp-http-server.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";

let model: OpenAiServer;
let http: McpHttpServer;
let dataDir: string;
let gateway: Gateway | null = null;

const stdioServer = resolve(import.meta.dirname, "../fixtures/mcp-stdio-server.ts");

beforeEach(async () => {
  model = await startOpenAiServer();
  http = startMcpHttpServer({ token: "lamp-token" });
  dataDir = await mkdtemp(join(tmpdir(), "gateway-mcp-"));
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
  await http.close();
  await model.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(behaviour = "good"): Promise<Gateway> {
  const lamps = { command: process.execPath, args: [stdioServer, behaviour, join(dataDir, "pid")], env: {} };
  const remote = { url: http.url, headers: { authorization: "Bearer ${LAMP_TOKEN}" }, autoApprove: ["add"] };
  await writeFile(join(dataDir, "mcp.json"), JSON.stringify({ mcpServers: { lamps, remote } }));
  gateway = await startGateway({
    dataDir,
    env: {
      LAMP_TOKEN: "lamp-token",
      OPENAI_BASE_URL: `${model.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
    },
  });
  return gateway;
}

const pid = async () => Number(await Bun.file(join(dataDir, "pid")).text());
const call = (name: string, args: object): Reply => ({
  content: "",
  toolCalls: [{ id: "c1", name, arguments: JSON.stringify(args) }],
});

async function ask(tools: string[], ...replies: Reply[]): Promise<{ runId: string; told: any[]; body: any }> {
  model.replies.push(...replies);
  const runId = await gateway!.start("agent", { prompt: "Go.", tools });
  await gateway!.follow(runId, (event) => event.data.record?.result?.wait?.reason === "user");
  const { body } = model.requests.findLast(({ path }) => path.endsWith("/chat/completions"))!;
  return { runId, told: body.messages, body };
}

test("tools of MCP servers are in the catalogue, with their schema and whether they ask first", async () => {
  await start();
  const { items } = (await gateway!.get("/discovery/tools")).body;
  const add = items.filter(({ name }: any) => name.endsWith("::add"));
  expect(add.map(({ name, toolset, approval }: any) => [name, toolset, approval])).toEqual([
    ["mcp::lamps::add", "mcp::lamps", "required"],
    ["mcp::remote::add", "mcp::remote", "auto"],
  ]);
});

test("an agent calls one by a name that the provider accepts, and sees its result", async () => {
  await start();
  const { told, body } = await ask(["mcp::remote::echo"], call("mcp_remote_echo", { words: "light" }), {
    content: "Done.",
  });
  expect(body.tools.map((tool: any) => tool.function.name)).toEqual(["mcp_remote_echo"]);
  expect(told.at(-2).tool_calls[0].function.name).toBe("mcp_remote_echo");
  expect(told.at(-1).content).toContain("light");
});

test("one that is not approved in advance waits for consent, and its server's end is told to the model", async () => {
  await start();
  model.replies.push(call("mcp_lamps_die", {}), { content: "The lamp is broken." });
  const runId = await gateway!.start("agent", { prompt: "Go.", tools: ["mcp::lamps::die"] });
  const events = await gateway!.follow(runId, (event) => event.data.record?.status === "waiting");
  const child = events.at(-1)?.data.record.result.wait.details.sub_run_id as string;
  const waiting = await gateway!.until(child, "waiting");
  expect(waiting.waiting.details.tool_calls[0].name).toBe("mcp::lamps::die");
  await gateway!.command(child, "resume", { payload: { approved: true } });
  await gateway!.follow(runId);
  const { body } = model.requests.findLast(({ path }) => path.endsWith("/chat/completions"))!;
  expect(body.messages.at(-1).content).toContain("the oil is burnt");
  expect((await gateway!.get(`/runs/${runId}`)).body.status).toBe("completed");
});

test("a stop ends the child processes of servers", async () => {
  await start();
  await gateway!.get("/discovery/tools");
  const child = await pid();
  expect(() => process.kill(child, 0)).not.toThrow();
  gateway!.process.kill("SIGTERM");
  await gateway!.process.exited;
  expect(() => process.kill(child, 0)).toThrow();
});

test("a server that cannot start leaves the others and the gateway alone", async () => {
  await start("ends");
  const { items } = (await gateway!.get("/discovery/tools")).body;
  const toolsets = new Set(items.map(({ toolset }: any) => toolset));
  expect(toolsets.has("mcp::remote")).toBe(true);
  expect(toolsets.has("mcp::lamps")).toBe(false);
});

test("a file that cannot be used keeps the gateway from starting, with the place and the reason", async () => {
  await writeFile(join(dataDir, "mcp.json"), '{"mcpServers": {"lamps": {"command": "x", "url": "http://y"}}}');
  const failed = await startGateway({ dataDir }).then(
    () => "started",
    (error: Error) => error.message,
  );
  expect(failed).toContain('mcp.json: the MCP server "lamps": "command" and "url" exclude each other');
});
