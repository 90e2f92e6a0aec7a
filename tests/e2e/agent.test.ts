import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";

let server: OpenAiServer;
let dataDir: string;
let workspace: string;
let gateway: Gateway;

const start = () =>
  startGateway({
    dataDir,
    env: {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
    },
  });

beforeEach(async () => {
  server = await startOpenAiServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-agent-"));
  workspace = await mkdtemp(join(tmpdir(), "gateway-workspace-"));
  gateway = await start();
});
afterEach(async () => {
  await gateway.close();
  await server.close();
  await rm(workspace, { recursive: true, force: true });
});

const calls = (...each: [name: string, args: object][]): Reply => ({
  content: "",
  toolCalls: each.map(([name, args], index) => ({ id: `c${index + 1}`, name, arguments: JSON.stringify(args) })),
});

const startAgent = (prompt: string, input: object = {}) =>
  gateway.start("agent", { prompt, workspace_root: workspace, ...input });

/** The child run of the agent's node. */
async function loopOf(runId: string): Promise<string> {
  const events = await gateway.follow(runId, (event) => event.data.record?.status === "waiting");
  return events.at(-1)?.data.record.result.wait.details.sub_run_id as string;
}

const outputOf = async (runId: string) =>
  (await gateway.ledger(runId)).findLast((record) => record.result?.completed)?.result.output;
const toldTo = (request: OpenAiServer["requests"][number] | undefined) =>
  request?.body.messages.map((message: any) => [message.role, message.content]);

test("an agent reads files with tools and answers; everything is in two ledgers", async () => {
  await writeFile(join(workspace, "secret.txt"), "The word is river.\n");
  server.replies.push(calls(["list_files", {}], ["read_file", { file_path: "secret.txt" }]), {
    content: "The word is river.",
  });
  const runId = await startAgent("What is the secret word?");
  await gateway.follow(runId);
  expect(await outputOf(runId)).toMatchObject({
    response: "The word is river.",
    success: true,
    meta: { tool_calls: 2, iterations: 2 },
  });
  const second = server.requests.filter(({ path }) => path.endsWith("/chat/completions"))[1];
  expect(toldTo(second).slice(-2)).toEqual([
    ["tool", expect.stringContaining("secret.txt")],
    ["tool", expect.stringContaining("river")],
  ]);
  expect(second?.body.tools.map((tool: any) => tool.function.name)).toContain("execute_command");
  const parent = await gateway.ledger(runId);
  const child = parent.find((record) => record.status === "waiting").result.wait.details.sub_run_id;
  const rows = (await gateway.ledger(child)).map(
    (record) => `${record.node_id} ${record.effect?.type ?? "-"} ${record.status}`,
  );
  expect(rows.slice(0, 4)).toEqual([
    "reason llm_call started",
    "reason llm_call completed",
    "act tool_calls started",
    "act tool_calls completed",
  ]);
});

test("a tool that writes waits for consent; approved by another client it acts, denied it does not", async () => {
  server.replies.push(calls(["write_file", { file_path: "a.txt", content: "hello" }]), { content: "Written." });
  const runId = await startAgent("Write a file");
  const child = await loopOf(runId);
  const waiting = await gateway.until(child, "waiting");
  expect(waiting.waiting.wait_key).toMatch(/^tool_approval:[0-9a-f]{32}$/);
  expect(waiting.waiting).toMatchObject({
    reason: "user",
    prompt: null,
    details: {
      mode: "approval_required",
      tool_calls: [
        { name: "write_file", arguments: { file_path: join(workspace, "a.txt"), content: "hello" }, call_id: "c1" },
      ],
      executor: { kind: "tool_approval" },
    },
  });
  expect(existsSync(join(workspace, "a.txt"))).toBe(false);
  const answer = { wait_key: waiting.waiting.wait_key, payload: { approved: true } };
  expect((await gateway.command(child, "resume", answer)).status).toBe(200);
  await gateway.follow(runId);
  expect(await readFile(join(workspace, "a.txt"), "utf8")).toBe("hello");
  const statuses = (await gateway.ledger(child))
    .filter((record) => record.node_id === "act")
    .map((record) => `${record.effect.type} ${record.status}`);
  expect(statuses).toEqual(["tool_calls started", "tool_calls waiting", "tool_calls completed", "resume completed"]);

  server.replies.push(calls(["write_file", { file_path: "b.txt", content: "x" }]), { content: "I may not." });
  const denied = await startAgent("Write another");
  const deniedChild = await loopOf(denied);
  await gateway.until(deniedChild, "waiting");
  await gateway.command(deniedChild, "resume", { payload: { approved: false, reason: "not today" } });
  await gateway.follow(denied);
  expect(existsSync(join(workspace, "b.txt"))).toBe(false);
  expect(toldTo(server.requests.at(-1)).at(-1)).toEqual(["tool", "Error: not today"]);
});

test("a command that was under way when the process died is asked about before it runs again", async () => {
  const marks = join(workspace, "marks");
  server.replies.push(calls(["execute_command", { command: `echo x >> ${marks}; sleep 30` }]), { content: "Done." });
  const runId = await startAgent("Make a mark");
  const child = await loopOf(runId);
  await gateway.until(child, "waiting");
  await gateway.command(child, "resume", { payload: { approved: true } });
  while (!existsSync(marks)) await Bun.sleep(20);
  await gateway.kill();
  gateway = await start();
  const again = await gateway.until(child, "waiting");
  expect(again.waiting.prompt).toContain("execute_command was under way");
  expect(again.waiting.details.mode).toBe("approval_required");
  expect(await readFile(marks, "utf8")).toBe("x\n");
  await gateway.command(child, "resume", { payload: { approved: false, reason: "it has acted" } });
  await gateway.follow(runId);
  expect(await readFile(marks, "utf8")).toBe("x\n");
  expect(await outputOf(runId)).toMatchObject({ response: "Done.", success: true });
});

test("cancelling the run ends the command and what it started", async () => {
  const pidFile = join(workspace, "pid");
  server.replies.push(calls(["execute_command", { command: `sleep 300 & echo $! > ${pidFile}; wait` }]));
  const runId = await startAgent("Wait for long");
  const child = await loopOf(runId);
  await gateway.until(child, "waiting");
  await gateway.command(child, "resume", { payload: { approved: true } });
  while (!existsSync(pidFile) || (await readFile(pidFile, "utf8")) === "") await Bun.sleep(20);
  const pid = Number(await readFile(pidFile, "utf8"));
  await gateway.command(runId, "cancel", { reason: "enough" });
  await gateway.follow(child);
  for (let tries = 0; tries < 100 && isAlive(pid); tries++) await Bun.sleep(20);
  expect(isAlive(pid)).toBe(false);
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("cancelled");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("paths outside the workspace, unknown tools and wrong arguments are observations, not the end", async () => {
  server.replies.push(calls(["read_file", { file_path: "/etc/passwd" }], ["fly_to_moon", {}], ["read_file", {}]), {
    content: "I could not.",
  });
  const runId = await startAgent("Try", { tools: ["read_file"] });
  await gateway.follow(runId);
  const told = toldTo(server.requests.at(-1)).slice(-3);
  expect(told.map(([, text]: [string, string]) => text)).toEqual([
    expect.stringMatching(/^Error: .*(outside|workspace)/),
    "Error: Tool 'fly_to_moon' is not allowed for this node",
    expect.stringContaining("file_path"),
  ]);
  expect(await outputOf(runId)).toMatchObject({ response: "I could not.", success: true });
});

test("the agent asks its user, and goes on with the answer", async () => {
  server.replies.push(calls(["ask_user", { question: "Which colour?" }]), { content: "Blue it is." });
  const runId = await startAgent("Paint");
  const child = await loopOf(runId);
  const waiting = await gateway.until(child, "waiting");
  expect(waiting.waiting).toMatchObject({ reason: "user", prompt: "Which colour?" });
  await gateway.command(child, "resume", { payload: { response: "blue" } });
  await gateway.follow(runId);
  expect(toldTo(server.requests.at(-1)).at(-1)).toEqual(["tool", "blue"]);
});

test("arguments that nobody can read are the model's own error: nothing runs, and it may try again", async () => {
  const half = { id: "c1", name: "write_file", arguments: '{"file_path": "a.txt", "content": ' };
  server.replies.push({ content: "", toolCalls: [half] }, calls(["list_files", {}]), { content: "Sorry." });
  const runId = await startAgent("Write a file");
  await gateway.follow(runId);
  expect(await outputOf(runId)).toMatchObject({ response: "Sorry.", meta: { tool_calls: 2 } });
  const second = server.requests.filter(({ path }) => path.endsWith("/chat/completions"))[1];
  expect(toldTo(second).at(-1)).toEqual([
    "tool",
    'Error: The arguments are not a JSON object: {"file_path": "a.txt", "content": ',
  ]);
  expect(existsSync(join(workspace, "a.txt"))).toBe(false);
});

test("how hard to think goes to the server, and its thoughts and the price are in the record", async () => {
  server.replies.push({ content: "Four.", reasoning: "Two and two …", cost: 0.0125 });
  const runId = await startAgent("What is 2 + 2?", { _runtime: { thinking: "high" } });
  await gateway.follow(runId);
  expect(server.requests.at(-1)?.body.reasoning_effort).toBe("high");
  const child = (await gateway.ledger(runId)).find((record) => record.status === "waiting").result.wait.details
    .sub_run_id;
  const { result } = (await gateway.ledger(child)).find(
    (record) => record.node_id === "reason" && record.status === "completed",
  );
  expect(result).toMatchObject({ content: "Four.", reasoning: "Two and two …", usage: { cost_usd: 0.0125 } });
});

test("an agent delegates: the other agent is a run of its own, and what it answers is the call's result", async () => {
  server.replies.push(
    calls(["delegate_agent", { task: "Read secret.txt", tools: ["read_file"] }]),
    calls(["read_file", { file_path: "secret.txt" }]),
    { content: "It says river." },
    { content: "The word is river." },
  );
  await writeFile(join(workspace, "secret.txt"), "river");
  const runId = await startAgent("What is the secret word?", { tools: ["read_file", "delegate_agent"] });
  await gateway.follow(runId);
  expect(await outputOf(runId)).toMatchObject({ response: "The word is river.", success: true });
  const asked = server.requests.filter(({ path }) => path.endsWith("/chat/completions"));
  expect(asked).toHaveLength(4);
  expect(toldTo(asked[1]).at(-1)).toEqual(["user", "Read secret.txt"]);
  expect(asked[1]?.body.tools.map((tool: any) => tool.function.name)).toEqual(["read_file"]);
  expect(toldTo(asked[3]).at(-1)).toEqual(["tool", "It says river."]);
  const loop = (await gateway.ledger(runId)).find((record) => record.status === "waiting").result.wait.details
    .sub_run_id;
  const wait = (await gateway.ledger(loop)).find((record) => record.status === "waiting").result.wait;
  expect(wait.details).toMatchObject({ wrap_as_tool_result: true, tool_name: "delegate_agent", call_id: "c1" });
  expect((await gateway.get(`/runs/${wait.details.sub_run_id}`)).body).toMatchObject({
    parent_run_id: loop,
    status: "completed",
  });
});

test("an agent whose agent fails is told so, and goes on", async () => {
  server.replies.push(
    calls(["delegate_agent", { task: "Fail" }]),
    { status: 400, message: "no" },
    { content: "It failed." },
  );
  const runId = await startAgent("Try", { tools: ["delegate_agent"] });
  await gateway.follow(runId);
  expect(await outputOf(runId)).toMatchObject({ response: "It failed." });
  const asked = server.requests.filter(({ path }) => path.endsWith("/chat/completions"));
  expect(toldTo(asked[2]).at(-1)[1]).toMatch(/^Error: .*openai-compatible answered 400: no/);
});

test("a run may say itself which tools need no consent, for its agents too", async () => {
  server.replies.push(calls(["write_file", { file_path: "a.txt", content: "hello" }]), { content: "Written." });
  const policy = { auto_approve_tools: ["write_file"], require_approval_tools: [] };
  const runId = await startAgent("Write a file", { _runtime: { tool_policy: policy } });
  await gateway.follow(runId);
  expect(await outputOf(runId)).toMatchObject({ response: "Written." });
  expect(await readFile(join(workspace, "a.txt"), "utf8")).toBe("hello");
});
