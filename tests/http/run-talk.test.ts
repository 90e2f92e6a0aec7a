import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import type { GenerateRequest, Provider, ProviderRegistry } from "#models/provider.ts";
import { type Harness, createHarness } from "./harness.ts";

const api = "/api/gateway";
const asked: GenerateRequest[] = [];
let say: () => string = () => "It asked for a colour.";
let gateway: Harness;

const provider: Provider = {
  id: "fake",
  label: "Fake",
  accepts: [],
  caching: "none",
  models: async () => [{ id: "small", provider: "fake", capabilities: ["text"], contextTokens: 2000 }],
  async generate(request) {
    asked.push(request);
    return {
      content: say(),
      reasoning: null,
      data: null,
      toolCalls: [],
      usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      model: request.model,
      finishReason: "stop",
      genTimeMs: 1,
      ttftMs: null,
    };
  },
  close: async () => undefined,
};
const providers: ProviderRegistry = {
  list: () => [provider],
  discover: async () => [provider],
  get: (id) => (id === "fake" ? provider : null),
  defaultRoute: async () => ({ provider: "fake", model: "small" }),
  embeddingRoute: async () => null,
  mediaRoute: () => null,
  close: async () => undefined,
};

beforeAll(async () => {
  gateway = await createHarness({ providers });
});
afterAll(() => gateway.close());
beforeEach(() => {
  asked.length = 0;
  say = () => "It asked for a colour.";
});

let count = 0;
async function endedRun(records = 2): Promise<string> {
  const runId = `run-${++count}`;
  const writer = await gateway.addRun(runId, records);
  await writer.finish();
  return runId;
}
const post = (path: string, body: unknown) => gateway.request("POST", `${api}${path}`, { body });
const ledgerOf = async (runId: string) => (await gateway.request("GET", `${api}/runs/${runId}/ledger`)).body.items;

describe("a summary", () => {
  test("is what a model says of the run's records, and stands in the ledger after the end", async () => {
    const runId = await endedRun();
    const before = (await gateway.request("GET", `${api}/runs/${runId}`)).body;
    const { status, body } = await post(`/runs/${runId}/summary`, {});
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["ok", "run_id", "provider", "model", "generated_at", "summary"]);
    expect(body).toMatchObject({ ok: true, run_id: runId, provider: "fake", model: "small" });
    expect(body.summary).toBe("It asked for a colour.");
    const system = asked[0]?.messages[0]?.content ?? "";
    for (const part of [`Run ${runId} of workflow ask@1.0.0:main`, "status: completed", "m1", 'input: {"prompt":"hi"}'])
      expect(system).toContain(part);
    const last = (await ledgerOf(runId)).at(-1);
    expect(last).toMatchObject({
      node_id: "abstract.note",
      status: "completed",
      effect: { type: "emit_event", payload: { name: "abstract.summary", payload: { summary: body.summary } } },
      result: { name: "abstract.summary" },
      actor_id: "local-admin",
      session_id: "s1",
    });
    const after = (await gateway.request("GET", `${api}/runs/${runId}`)).body;
    expect(after).toEqual(before);
    // What was said long after the end is no part of how long the run took.
    const history = await gateway.request("GET", `${api}/runs/${runId}/history_bundle?include_session=true`);
    const turn = history.body.session.turns.find((each: any) => each.run_id === runId);
    expect(turn.stats.duration_ms).toBe(500);
    const stream = await gateway.request("GET", `${api}/runs/${runId}/ledger/stream?after=3`);
    expect(stream.text).toMatch(/^id: 4\nevent: step\n[^]*event: done\n/);
  });

  test("of a long run leaves out what does not fit the model's window, and says so", async () => {
    const runId = await endedRun(300);
    await post(`/runs/${runId}/summary`, {});
    const system = asked[0]?.messages[0]?.content ?? "";
    expect(system.length).toBeLessThan(2000 * 3);
    expect(system).toMatch(/\(\d+ records are not shown\)/);
    expect(system).toContain("1. a answer_user");
    expect(system).toContain("301. a answer_user");
  });

  test("may be asked of a named model, with child runs or without", async () => {
    const runId = await endedRun();
    await gateway.addRun(`${runId}-child`, 1, { parent_run_id: runId, root_run_id: runId });
    await post(`/runs/${runId}/summary`, { provider: "fake", model: "other" });
    expect(asked[0]?.model).toBe("other");
    expect(asked[0]?.messages[0]?.content).toContain(`Child run ${runId}-child`);
    await post(`/runs/${runId}/summary`, { include_subruns: false });
    expect(asked[1]?.messages[0]?.content).not.toContain("Child run");
  });

  test("asked for several times at once stands there as often, in one chain", async () => {
    const runId = await endedRun();
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(`/runs/${runId}/summary`, {})));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await ledgerOf(runId)).toHaveLength(11);
    const problems = [];
    for await (const problem of gateway.ledger.verify({ runId })) problems.push(problem);
    expect(problems).toEqual([]);
  });
});

describe("a chat", () => {
  const messages = [
    { role: "user", content: "What happened?" },
    { role: "assistant", content: "Much." },
    { role: "user", content: "What exactly?" },
  ];

  test("is asked with what was said before, and leaves nothing behind unless it shall", async () => {
    const runId = await endedRun();
    const { body } = await post(`/runs/${runId}/chat`, { messages });
    expect(Object.keys(body)).toEqual(["ok", "run_id", "provider", "model", "generated_at", "answer"]);
    expect(asked[0]?.messages.slice(1)).toEqual(messages as (typeof asked)[0]["messages"]);
    expect(await ledgerOf(runId)).toHaveLength(3);
    await post(`/runs/${runId}/chat`, { messages, persist: true });
    expect((await ledgerOf(runId)).at(-1).effect.payload).toMatchObject({
      name: "abstract.chat",
      payload: {
        question: "What exactly?",
        answer: "It asked for a colour.",
        provider: "fake",
        model: "small",
        source: "gateway",
      },
    });
  });

  test("that a model cannot answer is a bad request with the reason, and leaves nothing behind", async () => {
    const runId = await endedRun();
    say = () => {
      throw new AppError("unavailable", "nobody answers");
    };
    const failed = await post(`/runs/${runId}/chat`, { messages, persist: true });
    expect([failed.status, failed.body]).toEqual([400, { detail: "Run chats failed: nobody answers" }]);
    say = () => "  ";
    expect((await post(`/runs/${runId}/chat`, { messages, persist: true })).status).toBe(400);
    expect(await ledgerOf(runId)).toHaveLength(3);
  });
});

describe("a conversation that is kept", () => {
  const thread = { title: "Colours", messages: [{ role: "user", content: "Which?", ts: "2026-11-23T00:00:00Z" }] };

  test("is an artifact of the run and a note in its ledger, once", async () => {
    const runId = await endedRun();
    const { status, body } = await post(`/runs/${runId}/chat_threads`, thread);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, run_id: runId, duplicate: false, title: "Colours", message_count: 1 });
    expect(body.chat_artifact).toMatchObject({
      content_type: "application/json; charset=utf-8",
      filename: "chat_thread.json",
      size_bytes: expect.any(Number),
    });
    const content = await gateway.request(
      "GET",
      `${api}/runs/${runId}/artifacts/${body.chat_artifact.$artifact}/content`,
    );
    expect(content.body).toMatchObject({ schema: "abstract.chat.thread.v0", run_id: runId, ...thread });
    expect((await ledgerOf(runId)).at(-1).effect.payload).toMatchObject({
      name: "abstract.chat.thread",
      payload: { thread_id: body.thread_id, chat_artifact: body.chat_artifact },
    });
    const again = await post(`/runs/${runId}/chat_threads`, { ...thread, title: "Another name" });
    expect(again.body).toEqual({ ...body, duplicate: true });
    expect(await ledgerOf(runId)).toHaveLength(4);
  });

  test("is refused when it is too large", async () => {
    const runId = await endedRun();
    const messages = [{ role: "user", content: "x".repeat(760_000) }];
    const { status, body } = await post(`/runs/${runId}/chat_threads`, { messages });
    expect([status, body.detail]).toEqual([413, expect.stringMatching(/^Chat thread too large/)]);
    expect(await ledgerOf(runId)).toHaveLength(3);
  });
});

const refused: [path: string, body: unknown, status: number, detail: unknown][] = [
  ["/runs/none/summary", {}, 404, "Run 'none' not found"],
  ["/runs/none/chat", { messages: [] }, 404, "Run 'none' not found"],
  ["/runs/none/chat_threads", { messages: [] }, 404, "Run 'none' not found"],
  ["/runs/R/summary", { provider: "nobody", model: "x" }, 400, expect.stringContaining("Provider 'nobody'")],
  ["/runs/R/summary", { provider: "fake" }, 400, "provider needs a model beside it"],
  ["/runs/R/summary", { include_subruns: "no" }, 422, [expect.objectContaining({ type: "bool_type" })]],
  ["/runs/R/chat", {}, 400, "messages must have a message of the role user"],
  [
    "/runs/R/chat",
    { messages: [{ role: "user", content: " " }] },
    400,
    "messages must have a message of the role user",
  ],
  [
    "/runs/R/chat",
    { messages: [{ role: "user" }] },
    422,
    [expect.objectContaining({ loc: ["body", "messages", 0, "content"] })],
  ],
  ["/runs/R/chat", { messages: ["hi"] }, 422, [expect.objectContaining({ type: "dict_type" })]],
  ["/runs/R/chat_threads", {}, 400, "messages must not be empty"],
  ["/runs/R/chat_threads", { messages: {} }, 422, [expect.objectContaining({ type: "list_type" })]],
];
test.each(refused)("%s %j is refused with the reason", async (path, body, status, detail) => {
  const runId = await endedRun();
  const answer = await post(path.replace("/R/", `/${runId}/`), body);
  expect([answer.status, answer.body.detail]).toEqual([status, detail]);
});

test("without any model the answer says what is missing", async () => {
  const bare = await createHarness();
  const writer = await bare.addRun("r", 1);
  await writer.finish();
  const { status, body } = await bare.request("POST", `${api}/runs/r/summary`, { body: {} });
  expect([status, body.detail]).toEqual([400, "No provider/model is configured for run summaries"]);
  await bare.close();
});
