import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { archive, exec, flow, pure } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";

/* What runs remember, through the executable: the graph with the tiny model for embeddings, spans and compaction with a model server. */

let gateway: Gateway;
let server: OpenAiServer;
let folder: string;
let env: Record<string, string>;
const models = resolve(import.meta.dirname, "../fixtures/models");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-memory-"));
  for (const each of ["models", "data"]) await mkdir(join(folder, each));
  await copyFile(join(models, "tiny-embed.gguf"), join(folder, "models/tiny-embed.gguf"));
  server = await startOpenAiServer([], (body) => {
    const said = body.messages.map(({ content }: { content: string }) => content).join("\n");
    if (body.response_format?.json_schema) {
      return { content: JSON.stringify({ summary: "They spoke of tea.", key_points: ["tea"], confidence: 0.9 }) };
    }
    return { content: said.includes("ex:ada") ? "I remember Ada." : "I remember nothing." };
  });
  env = {
    ABSTRACTGATEWAY_MODELS_DIR: join(folder, "models"),
    ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "test", baseUrl: `${server.url}/v1`, apiKey: "test" }]),
    ABSTRACTGATEWAY_DEFAULT_PROVIDER: "test",
    ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
  };
  gateway = await startGateway({ dataDir: join(folder, "data"), env });
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

async function upload(id: string, ...nodes: Parameters<typeof flow>): Promise<void> {
  const answer = await gateway.upload(id, archive(id, [flow(...nodes)]), true);
  expect(answer.status).toBe(200);
}

async function ended(runId: string) {
  for (let look = 0; look < 500; look++) {
    const { body } = await gateway.get(`/runs/${runId}`);
    if (["completed", "failed", "cancelled"].includes(body.status)) return body;
    await Bun.sleep(20);
  }
  throw new Error(`run ${runId} does not end`);
}

async function start(id: string, input: Record<string, unknown>, more: object = {}): Promise<string> {
  const { status, body } = await gateway.post("/runs/start", { bundle_id: id, input_data: input, ...more });
  expect([status, body]).toEqual([200, { run_id: expect.any(String) }]);
  return body.run_id;
}

const outputOf = async (runId: string) =>
  (await gateway.ledger(runId)).findLast((record) => record.result?.output !== undefined)?.result.output;

/** What became of a command to compact the run's conversation. */
async function outcomeOf(run: string, payload: Record<string, unknown>): Promise<unknown> {
  const id = crypto.randomUUID();
  await gateway.command(run, "compact_memory", payload, id);
  for (let look = 0; look < 300; look++) {
    const { outcome } = (await gateway.get(`/commands/${id}`)).body;
    if (outcome) return outcome;
    await Bun.sleep(20);
  }
  throw new Error("the command has no outcome");
}

const kg = (path: string, body: object) => gateway.post(`/kg/${path}`, body);

test("a run writes to the graph, another of its session finds it by meaning, and the writer is known", async () => {
  await upload(
    "learns",
    "learns",
    [
      exec("start", "on_flow_start", { out: ["facts:array"] }),
      exec("learn", "memory_kg_assert", {
        in: ["assertions:array", "scope:string"],
        out: ["assertion_ids:array", "count:number"],
        defaults: { scope: "session" },
      }),
      exec("end", "on_flow_end", { in: ["assertion_ids:array", "count:number"] }),
    ],
    [
      "start > learn",
      "learn > end",
      "start.facts -> learn.assertions",
      "learn.assertion_ids -> end.assertion_ids",
      "learn.count -> end.count",
    ],
  );
  const facts = ["the violin and the guitar", "the judge sent him to prison", "bread from flour and yeast"].map(
    (object, index) => ({
      subject: `ex:fact-${index}`,
      predicate: "dcterms:description",
      object,
      attributes: { literal: true },
    }),
  );
  const writer = await start("learns", { facts }, { session_id: "facts" });
  expect((await ended(writer)).status).toBe("completed");
  const { assertion_ids: ids } = await outputOf(writer);
  expect(ids).toHaveLength(3);

  const found = await kg("query", { session_id: "facts", query_text: "a concert of the band", limit: 1 });
  expect(found.body).toMatchObject({
    count: 1,
    items: [{ object: "the violin and the guitar", attributes: { _retrieval: { metric: "cosine" } } }],
    warnings: null,
    store: { backend: "lancedb", capabilities: { semantic_query: true } },
  });
  expect((await kg("query", { session_id: "other", query_text: "a concert" })).body.count).toBe(0);

  const { body: told } = await gateway.get(`/kg/assertions/${ids[0]}`);
  expect(told.written_by).toMatchObject({ run_id: writer, node_id: "learn", cursor: 2 });
  const records = await gateway.ledger(writer);
  expect(records[1]).toMatchObject({ node_id: "learn", status: "completed" });

  expect((await kg("undo", { run_id: writer })).body).toEqual({ ok: true, count: 3 });
  expect((await kg("query", { session_id: "facts" })).body.count).toBe(0);
}, 60_000);

test("what the graph holds is there after kill -9, and the index is made again when its folder is gone", async () => {
  await kg("assert", {
    scope: "global",
    assertions: [{ subject: "ex:ada", predicate: "schema:knowsAbout", object: "ex:engines" }],
  });
  await gateway.kill();
  await rm(join(gateway.dataDir, "abstractmemory"), { recursive: true, force: true });
  gateway = await startGateway({ dataDir: gateway.dataDir, env });
  const { body } = await kg("query", { scope: "global", subject: "ex:ada" });
  expect(body.items.map((item: any) => item.object)).toEqual(["ex:engines"]);
}, 60_000);

test("a model call is told what the graph knows", async () => {
  await upload(
    "remembers",
    "remembers",
    [
      exec("start", "on_flow_start", { out: ["prompt:string"] }),
      pure("memory", "literal_json", {
        out: ["value:any"],
        data: { literalValue: { use_kg_memory: true, memory_scope: "global", kg_min_score: 0 } },
      }),
      exec("llm", "llm_call", { in: ["prompt:string", "memory:object"], out: ["response:string"] }),
      exec("end", "on_flow_end", { in: ["response:string"] }),
    ],
    [
      "start > llm",
      "llm > end",
      "start.prompt -> llm.prompt",
      "memory.value -> llm.memory",
      "llm.response -> end.response",
    ],
  );
  const run = await start("remembers", { prompt: "who knows about engines?" });
  expect((await ended(run)).status).toBe("completed");
  expect(await outputOf(run)).toMatchObject({ response: "I remember Ada." });
  const effects = (await gateway.ledger(run)).map((record) => record.effect?.type);
  expect(effects).toContain("memory_kg_query");
}, 60_000);

const messages = Array.from({ length: 20 }, (_, index) => ({
  role: index % 2 === 0 ? "user" : "assistant",
  content: `message ${index} about tea`,
  timestamp: `2026-01-01T00:00:${String(index).padStart(2, "0")}+00:00`,
  metadata: { message_id: `m${index}` },
}));

test("a note is kept, found, tagged; a conversation is compacted and put back", async () => {
  await upload(
    "notes",
    "notes",
    [
      exec("start", "on_flow_start", { out: ["text:string", "tags:object"] }),
      exec("note", "memory_note", {
        in: ["content:string", "tags:object", "scope:string"],
        out: ["note_id:string"],
        defaults: { scope: "session" },
      }),
      exec("tag", "memory_tag", {
        in: ["span_id:string", "tags:object", "scope:string"],
        defaults: { scope: "session", tags: { mood: "calm" } },
        out: ["success:boolean"],
      }),
      exec("find", "memory_query", {
        in: ["query:string", "scope:string"],
        defaults: { query: "KETTLE", scope: "session" },
        out: ["rendered:string", "span_ids:array"],
      }),
      exec("end", "on_flow_end", { in: ["note_id:string", "rendered:string", "span_ids:array"] }),
    ],
    [
      "start > note",
      "note > tag",
      "tag > find",
      "find > end",
      "start.text -> note.content",
      "start.tags -> note.tags",
      "note.note_id -> tag.span_id",
      "note.note_id -> end.note_id",
      "find.rendered -> end.rendered",
      "find.span_ids -> end.span_ids",
    ],
  );
  const first = await start(
    "notes",
    { text: "The kettle is blue.", tags: { topic: "kitchen" } },
    { session_id: "home" },
  );
  expect((await ended(first)).error).toBeNull();
  const { note_id: id, rendered, span_ids: ids } = await outputOf(first);
  expect(ids).toEqual([id]);
  expect(rendered).toContain("note: The kettle is blue.");
  expect(rendered).toContain("topic=kitchen");
  expect(rendered).toContain("mood=calm");
  const second = await start("notes", { text: "The kettle is old.", tags: {} }, { session_id: "home" });
  await ended(second);
  expect((await outputOf(second)).span_ids).toHaveLength(2);
}, 60_000);

test("the command compact_memory works in any run, beside what it does, and its outcome is told", async () => {
  await upload(
    "waits",
    "waits",
    [
      exec("start", "on_flow_start", { out: ["context:object"] }),
      exec("ask", "ask_user", { in: ["prompt:string"], defaults: { prompt: "Go on?" }, out: ["response:string"] }),
      exec("back", "memory_rehydrate", { in: ["span_ids:array"], out: ["inserted:number"] }),
      exec("end", "on_flow_end", { in: ["inserted:number"] }),
    ],
    ["start > ask", "ask > back", "back > end", "ask.response -> back.span_ids", "back.inserted -> end.inserted"],
  );
  const run = await start("waits", { context: { messages } });
  for (let look = 0; look < 200 && (await gateway.get(`/runs/${run}`)).body.status !== "waiting"; look++)
    await Bun.sleep(20);
  const outcome = await outcomeOf(run, { preserve_recent: 4, focus: "tea" });
  expect(outcome).toMatchObject({ status: "applied", message: expect.stringContaining("Compacted 16 messages") });
  const { body: state } = await gateway.get(`/runs/${run}/state`);
  const kept = state.vars.context.messages;
  expect(kept.map((message: any) => message.metadata.message_id ?? "").slice(1)).toEqual(["m16", "m17", "m18", "m19"]);
  expect(kept[0]).toMatchObject({ role: "system", metadata: { kind: "memory_summary", source_message_count: 16 } });
  expect(kept[0].content).toContain("They spoke of tea.");
  const span = kept[0].metadata.source_artifact_id;
  await gateway.command(run, "resume", { payload: { response: span } });
  expect((await ended(run)).error).toBeNull();
  expect(await outputOf(run)).toMatchObject({ inserted: 16 });
  const archived = await gateway.get(`/runs/${run}/artifacts/${span}/content`);
  expect(archived.body.messages.map((message: any) => message.content)).toEqual(
    messages.slice(0, 16).map(({ content }) => content),
  );
}, 60_000);

test("compacting what is not there is told, and so is a model that fails", async () => {
  const run = await start("waits", {});
  for (let look = 0; look < 200 && (await gateway.get(`/runs/${run}`)).body.status !== "waiting"; look++)
    await Bun.sleep(20);
  expect(await outcomeOf(run, {})).toMatchObject({
    status: "applied",
    message: "Nothing to compact: the conversation is short.",
  });
  expect(await outcomeOf(run, { target_run_id: "elsewhere" })).toMatchObject({ status: "refused" });
  expect(await outcomeOf(run, { compression_mode: "brutal" })).toMatchObject({
    status: "refused",
    message: expect.stringContaining("compression_mode"),
  });
  await gateway.command(run, "cancel", {});
}, 60_000);

test("a conversation that fills its window is compacted by itself; what shrinks is what the model sees, and nothing else", async () => {
  await upload(
    "chat",
    "chat",
    [
      exec("start", "on_flow_start", { out: ["context:object"] }),
      exec("one", "llm_call", {
        in: ["prompt:string", "use_context:boolean"],
        out: ["response:string"],
        defaults: { prompt: "and now?", use_context: true },
      }),
      exec("ask", "ask_user", { in: ["prompt:string"], defaults: { prompt: "Go on?" }, out: ["response:string"] }),
      exec("two", "llm_call", {
        in: ["prompt:string", "use_context:boolean"],
        out: ["response:string"],
        defaults: { prompt: "the end?", use_context: true },
      }),
      exec("end", "on_flow_end", { in: ["response:string"] }),
    ],
    ["start > one", "one > ask", "ask > two", "two > end", "two.response -> end.response"],
  );
  // The server says that each prompt has 7 tokens.
  const begin = (maxTokens: number) => start("chat", { context: { messages }, _limits: { max_tokens: maxTokens } });
  const roomy = await begin(8);
  const run = await begin(7);
  const stateOf = async (id: string) => (await gateway.get(`/runs/${id}/state`)).body.vars;
  const deadline = Date.now() + 20_000;
  while ((await stateOf(run)).context.messages.length > 7 && Date.now() < deadline) await Bun.sleep(20);
  const { context } = await stateOf(run);
  expect(context.messages).toHaveLength(7);
  expect(context.messages[0].metadata).toMatchObject({ kind: "memory_summary", source_message_count: 16 });

  const before = server.requests.length;
  await gateway.command(run, "resume", { payload: { response: "yes" } });
  expect((await ended(run)).error).toBeNull();
  const seen = server.requests.slice(before).map(({ body }) => JSON.stringify(body?.messages ?? ""));
  expect(seen[0]).toContain("They spoke of tea.");
  expect(seen[0]).toContain("message 19 about tea");
  expect(seen[0]).not.toContain("message 3 about tea");

  const records = await gateway.ledger(run);
  expect(
    JSON.stringify(records.find(({ node_id: node, status }) => node === "one" && status === "completed")),
  ).toContain("message 3 about tea");
  const compactions = records.filter(({ effect }) => effect?.type === "memory_compact");
  expect(compactions.map(({ status, idempotency_key: key }) => [status, key.split(":")[0]])).toEqual([
    ["completed", "auto"],
  ]);
  const { body: history } = await gateway.get(`/runs/${run}/history_bundle`);
  expect(JSON.stringify(history)).toContain("message 3 about tea");
  const { body: input } = await gateway.get(`/runs/${run}/input_data`);
  expect(input.input_data.context.messages).toHaveLength(20);
  const span = context.messages[0].metadata.source_artifact_id;
  const { body: archived } = await gateway.get(`/runs/${run}/artifacts/${span}/content`);
  expect(archived.messages.map(({ content }: any) => content).slice(0, 2)).toEqual([
    "message 0 about tea",
    "message 1 about tea",
  ]);
  expect(archived.messages).toHaveLength(16);

  // One with room is left alone.
  expect((await stateOf(roomy)).context.messages).toHaveLength(22);
  await gateway.command(roomy, "cancel", {});
}, 60_000);
