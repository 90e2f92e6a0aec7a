import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow, pure } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";

/* What agents remember with tools of their own, what tools leave as evidence, and schemas of the graph's vocabulary: through the executable. */

let gateway: Gateway;
let server: OpenAiServer;
let workspace: string;

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), "gateway-remember-"));
  server = await startOpenAiServer();
  gateway = await startGateway({
    env: {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
      ABSTRACTGATEWAY_TOOL_MODE: "local",
    },
  });
  const nodes = [
    exec("start", "on_flow_start", { out: ["prompt:string", "tools:array"] }),
    exec("agent", "agent", { in: ["prompt:string", "tools:array"], out: ["response:string", "tool_results:array"] }),
    exec("end", "on_flow_end", { in: ["response:string", "tool_results:array"] }),
  ];
  const lines = [
    "start > agent",
    "agent > end",
    "start.prompt -> agent.prompt",
    "start.tools -> agent.tools",
    "agent.response -> end.response",
    "agent.tool_results -> end.tool_results",
  ];
  await gateway.upload("helper", archive("helper", [flow("helper", nodes, lines)]));
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
  await rm(workspace, { recursive: true, force: true });
});

const calls = (...each: [name: string, args: object][]): Reply => ({
  content: "",
  toolCalls: each.map(([name, args], index) => ({ id: `c${index + 1}`, name, arguments: JSON.stringify(args) })),
});

async function run(tools: string[], more: object, ...replies: Reply[]) {
  server.replies.push(...replies, { content: "Done." });
  const runId = await gateway.start(
    "helper",
    { prompt: "Help", tools, workspace_root: workspace, ...more },
    { session_id: "tea" },
  );
  await gateway.follow(runId);
  const records = await gateway.ledger(runId);
  const child = records.find((record) => record.status === "waiting")?.result.wait.details.sub_run_id as string;
  const output = records.findLast((record) => record.result?.completed)?.result.output;
  expect((await gateway.get(`/runs/${runId}`)).body.error).toBeNull();
  return { child, results: output.tool_results as any[], records: await gateway.ledger(child) };
}

const chats = () => server.requests.filter(({ path }) => path.endsWith("/chat/completions"));
const effectsOf = (records: any[]) =>
  records.filter(({ status }) => status === "completed").map(({ effect }) => effect?.type ?? "-");

test("an agent keeps a note, tags it and finds it again in a later run of its session", async () => {
  const tools = ["recall_memory", "remember", "remember_note"];
  const first = await run(
    tools,
    {},
    calls([
      "remember_note",
      { note: "The kettle is blue.", scope: "session", tags: { topic: "kitchen" }, target_run_id: "x" },
    ]),
  );
  expect(first.results[0]).toMatchObject({ call_id: "c1", name: "remember_note", success: true });
  expect(effectsOf(first.records)).toContain("memory_note");
  const offered = chats()
    .at(-1)
    ?.body.tools.map((tool: any) => tool.function.name);
  expect(offered.sort()).toEqual(tools);
  const id = first.results[0].meta.span_id;

  const second = await run(
    tools,
    {},
    calls(["remember", { span_id: id, tags: { mood: "calm" } }], ["recall_memory", { query: "KETTLE" }]),
  );
  expect(second.results.map(({ name, success }) => [name, success])).toEqual([
    ["remember", true],
    ["recall_memory", true],
  ]);
  expect(second.results[1].output).toContain("note: The kettle is blue.");
  expect(second.results[1].output).toContain("mood=calm");
  expect(effectsOf(second.records)).toEqual(expect.arrayContaining(["memory_tag", "memory_query"]));
  const told = chats()
    .at(-1)
    ?.body.messages.filter(({ role }: any) => role === "tool");
  expect(told.map(({ tool_call_id }: any) => tool_call_id)).toEqual(["c1", "c2"]);
}, 60_000);

test("what is wrong with a memory call is told to the agent, and a tool that it was not given is refused", async () => {
  const { results } = await run(
    ["remember", "inspect_vars"],
    {},
    calls(
      ["remember", { span_id: "nowhere", tags: { a: "b" } }],
      ["inspect_vars", { path: "scratchpad.nothing" }],
      ["inspect_vars", { path: "/context/task" }],
      ["recall_memory", { query: "kettle" }],
    ),
  );
  expect(results.map(({ success, output, error }) => [success, output, error])).toEqual([
    [false, null, "Span 'nowhere' not found"],
    [false, null, "There is nothing at 'scratchpad.nothing'"],
    [true, '"Help"', null],
    [false, null, "Tool 'recall_memory' is not allowed for this node"],
  ]);
}, 60_000);

test("an agent compacts its own conversation, and no answer of a tool is left without its call", async () => {
  const looks = Array.from({ length: 6 }, (_, index) =>
    calls(["inspect_vars", { path: `context`, keys_only: index > 9 }]),
  );
  const summary = { content: JSON.stringify({ summary: "It looked around.", key_points: [], confidence: 1 }) };
  const { results, records } = await run(
    ["inspect_vars", "compact_memory"],
    {},
    ...looks,
    calls(["compact_memory", { preserve_recent: 3 }]),
    summary,
  );
  expect(results.at(-1)).toMatchObject({ name: "compact_memory", success: true });
  expect(effectsOf(records)).toContain("memory_compact");
  const { messages } = chats().at(-1)?.body;
  expect(messages.some(({ content }: any) => String(content).includes("It looked around."))).toBe(true);
  const known = new Set<string>();
  for (const message of messages) {
    for (const call of message.tool_calls ?? []) known.add(call.id);
    if (message.role === "tool") expect(known.has(message.tool_call_id)).toBe(true);
  }
  expect(messages.filter(({ role }: any) => role === "tool")).toHaveLength(3);
}, 60_000);

test("the catalogue of tools lists what agents remember with", async () => {
  const { body } = await gateway.get("/discovery/tools");
  const memory = body.items.filter(({ toolset }: any) => toolset === "memory");
  expect(memory.map(({ name, approval }: any) => [name, approval])).toEqual(
    ["recall_memory", "remember_note", "remember", "inspect_vars", "compact_memory"].map((name) => [name, "auto"]),
  );
  expect(body.items.map(({ name }: any) => name)).toEqual(expect.arrayContaining(["ask_user", "delegate_agent"]));
  expect(memory[1]).toMatchObject({ required_args: ["note"], parameters: { note: { type: "string" } } });
});

test("what a command wrote at length is an artifact and evidence; recall does not find evidence", async () => {
  const { child, results, records } = await run(
    ["execute_command", "recall_memory", "inspect_vars"],
    {},
    calls(
      ["execute_command", { command: "seq 1 5000" }],
      ["recall_memory", { query: "seq" }],
      ["inspect_vars", { path: "_runtime.memory_spans" }],
    ),
  );
  const [command, recalled, index] = results;
  expect(command).toMatchObject({ success: true, output: { return_code: 0, stderr: "" } });
  expect(command.output.stdout).toBeUndefined();
  const content = async (id: string) =>
    fetch(`${gateway.url}/api/gateway/runs/${child}/artifacts/${id}/content`, {
      headers: { authorization: `Bearer ${token}` },
    });
  const stdout = await (await content(command.output.stdout_artifact.$artifact)).text();
  expect(stdout.trim().split("\n")).toHaveLength(5000);
  expect(await (await content(command.meta.evidence_id)).json()).toMatchObject({
    tool_name: "execute_command",
    call_id: "c1",
    run_id: child,
    node_id: "act",
    command: "seq 1 5000",
    success: true,
    sizes: { stdout: stdout.length, stderr: 0 },
    artifacts: { stdout: command.output.stdout_artifact },
    session_id: "tea",
  });
  expect(recalled.output).toBe("No matching memory spans.");
  expect(JSON.parse(index.output)).toEqual([
    expect.objectContaining({ kind: "evidence", artifact_id: command.meta.evidence_id, command: "seq 1 5000" }),
  ]);
  const inLedger = records.find(({ effect, status }) => effect?.type === "tool_calls" && status === "completed");
  expect(inLedger.result.results[0].meta).toEqual(command.meta);
}, 60_000);

test("a short output stays where it is, and a refused call is no evidence", async () => {
  const { results } = await run(
    ["execute_command"],
    {},
    calls(["execute_command", { command: "echo hi" }], ["fetch_url", { url: "http://127.0.0.1:1/" }]),
  );
  expect(results[0]).toMatchObject({ output: { stdout: "hi\n" }, meta: { evidence_id: expect.any(String) } });
  expect(results[1]).toMatchObject({ success: false, output: null });
  expect(results[1].meta).toBeUndefined();
}, 60_000);

test("a model call may name the schema of assertions: only predicates of the vocabulary fit, and what fits is asserted", async () => {
  const upload = (id: string, ref: string) => {
    const nodes = [
      exec("start", "on_flow_start", { out: ["prompt:string"] }),
      exec("llm", "llm_call", {
        in: ["prompt:string", "resp_schema:object"],
        out: ["data:object"],
        defaults: { resp_schema: { $ref: ref } },
      }),
      pure("part", "break_object", {
        in: ["object:object"],
        out: ["assertions:array"],
        data: { breakConfig: { selectedPaths: ["assertions"] } },
      }),
      exec("learn", "memory_kg_assert", {
        in: ["assertions:array", "scope:string"],
        out: ["count:number"],
        defaults: { scope: "global" },
      }),
      exec("end", "on_flow_end", { in: ["count:number"] }),
    ];
    const lines = [
      "start > llm",
      "llm > learn",
      "learn > end",
      "start.prompt -> llm.prompt",
      "llm.data -> part.object",
      "part.assertions -> learn.assertions",
      "learn.count -> end.count",
    ];
    return gateway.upload(id, archive(id, [flow(id, nodes, lines)]), true);
  };
  await upload("extract", "abstractsemantics:kg_assertion_schema_v0");
  const fact = (predicate: string) => ({
    content: JSON.stringify({
      assertions: [
        { subject: "ex:ada", predicate, object: "ex:tea", attributes: { evidence_quote: "Ada drinks tea." } },
      ],
    }),
  });
  server.replies.push(fact("ex:drinks"), fact("schema:knowsAbout"));
  const before = chats().length;
  const runId = await gateway.start("extract", { prompt: "Ada drinks tea." });
  await gateway.follow(runId);
  const asked = chats().slice(before);
  // The first answer was refused by the schema and asked for again.
  expect(asked).toHaveLength(2);
  const schema = JSON.stringify(asked[0]?.body.response_format);
  expect(schema).toContain("schema:knowsAbout");
  expect(schema).toContain("schema:Person");
  const { items } = (await gateway.post("/kg/query", { scope: "global", subject: "ex:ada" })).body;
  expect(items.map(({ predicate, object }: any) => [predicate, object])).toEqual([["schema:knowsabout", "ex:tea"]]);

  await upload("unknown", "abstractsemantics:something_else");
  const failed = await gateway.start("unknown", { prompt: "x" });
  await gateway.follow(failed);
  expect((await gateway.get(`/runs/${failed}`)).body).toMatchObject({
    status: "failed",
    error: expect.stringContaining("'abstractsemantics:something_else' is not known"),
  });
}, 60_000);

test("what a model was shown at a step is told from the ledger: messages, tools, attachments by name, however large", async () => {
  const nodes = [
    exec("start", "on_flow_start", { out: ["prompt:string"] }),
    exec("llm", "llm_call", {
      in: ["prompt:string", "system:string", "use_context:boolean", "tools:array"],
      out: ["response:string"],
      defaults: { system: "Be brief.", use_context: true, tools: ["read_file"] },
    }),
    exec("end", "on_flow_end", { in: ["response:string"] }),
  ];
  const lines = ["start > llm", "llm > end", "start.prompt -> llm.prompt", "llm.response -> end.response"];
  await gateway.upload("shown", archive("shown", [flow("shown", nodes, lines)]));
  await Bun.write(join(workspace, "notes.txt"), "The kettle is blue.");
  const long = "a long story ".repeat(40_000);
  const before = chats().length;
  const runId = await gateway.start("shown", {
    prompt: "And?",
    workspace_root: workspace,
    context: { messages: [{ role: "user", content: long }], attachments: [{ path: "notes.txt" }] },
  });
  await gateway.follow(runId);
  const step = (await gateway.ledger(runId)).find(({ node_id: node }) => node === "llm");
  const { status, body } = await gateway.get(`/runs/${runId}/steps/${step.step_id}/prompt`);
  expect([status, body]).toEqual([
    200,
    {
      run_id: runId,
      step_id: step.step_id,
      node_id: "llm",
      cursor: expect.any(Number),
      status: "completed",
      provider: "openai-compatible",
      model: "test-model",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: long },
        { role: "user", content: "And?" },
      ],
      tools: ["read_file"],
      params: { temperature: 0.7 },
      response_schema: null,
      attachments: [{ artifact_id: null, filename: "notes.txt", content_type: null, source: "path" }],
      missing: [],
    },
  ]);
  // The ledger itself has only a reference to the long one, and the model was shown the same.
  expect(JSON.stringify(step).length).toBeLessThan(20_000);
  const shown = chats()[before]?.body.messages;
  expect(shown[1].content).toBe(long);
}, 60_000);
