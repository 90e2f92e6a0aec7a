import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { answerOf } from "#core/answer-text.ts";
import { answerInLedger, promptOf } from "#http/history/turn-text.ts";
import { type Harness, createHarness, sampleRecord } from "./harness.ts";

let gateway: Harness;

beforeAll(async () => {
  gateway = await createHarness();
});

afterAll(() => gateway.close());

const get = async (path: string) => (await gateway.request("GET", `/api/gateway${path}`)).body;

test("a history holds the run, its children's ledgers with their own cursors, and the timeline run by run", async () => {
  const root = await gateway.addRun("root", 2, {}, '{"prompt":"hi","_runtime":{"x":1},"n":5.0}');
  await gateway.addRun("kid", 1, { parent_run_id: "root", root_run_id: "root" });
  await gateway.addRun("grandkid", 1, { parent_run_id: "kid", root_run_id: "root" });
  await root.finish();
  const body = await get("/runs/root/history_bundle?ledger_max_items=2");
  expect(Object.keys(body)).toEqual([
    "version",
    "generated_at",
    "root_run_id",
    "run",
    "workflow_snapshot",
    "input_data",
    "ledgers",
    "timeline",
    "lineage",
    "session",
  ]);
  expect(body).toMatchObject({
    version: 1,
    root_run_id: "root",
    run: { run_id: "root", status: "completed", waiting: null, output: { response: "Bob" } },
    input_data: { prompt: "hi", n: 5 },
    session: null,
  });
  expect(body.input_data).not.toHaveProperty("_runtime");
  expect(Object.keys(body.ledgers)).toEqual(["root", "kid", "grandkid"]);
  expect(body.ledgers.root).toMatchObject({
    run_id: "root",
    total: 3,
    cursor_start: 2,
    cursor_end: 3,
    items: [
      { cursor: 2, record: { step_id: "step-2" } },
      { cursor: 3, record: { step_id: "step-3" } },
    ],
    artifacts: [],
  });
  expect(body.timeline.map((row: any) => [row.run_id, row.cursor])).toEqual([
    ["root", 2],
    ["root", 3],
    ["kid", 1],
    ["grandkid", 1],
  ]);
  expect(body.timeline[0]).toEqual({
    run_id: "root",
    cursor: 2,
    node_id: "a",
    status: "completed",
    effect_type: "answer_user",
    started_at: "2026-11-23T00:00:01.000000+00:00",
    ended_at: "2026-11-23T00:00:01.500000+00:00",
    duration_ms: 500,
  });
});

test("all records come in full mode and with no limit, and children can be left out", async () => {
  for (const query of ["ledger_mode=full&ledger_max_items=1", "ledger_max_items=0"]) {
    const body = await get(`/runs/root/history_bundle?${query}&include_subruns=false`);
    expect(body.ledgers).toMatchObject({ root: { cursor_start: 1, cursor_end: 3, total: 3 } });
    expect(Object.keys(body.ledgers)).toEqual(["root"]);
  }
});

test("an empty ledger is an empty window", async () => {
  await gateway.addRun("empty");
  const body = await get("/runs/empty/history_bundle");
  expect(body.ledgers.empty).toEqual({
    run_id: "empty",
    total: 0,
    cursor_start: 1,
    cursor_end: 0,
    items: [],
    artifacts: [],
  });
});

test("turns of a session are those up to the run, oldest first, with prompt, answer and counts", async () => {
  const session = { session_id: "talk" };
  const at = (second: number) => `2026-11-23T00:00:0${second}.000000+00:00`;
  const first = await gateway.addRun("t1", 0, { ...session, created_at: at(1) }, '{"prompt":"one"}');
  await first.write(
    1,
    {},
    {
      effect: { type: "llm_call", payload: {}, result_key: null },
      result: { usage: { prompt_tokens: 3, completion_tokens: 4 } },
    },
  );
  await first.write(
    1,
    {},
    { effect: { type: "tool_calls", payload: {}, result_key: null }, result: { mode: "executed", results: [{}, {}] } },
  );
  await first.finish();
  const second = await gateway.addRun("t2", 0, { ...session, created_at: at(2) }, '{"message":"two"}');
  await second.write(1, { status: "completed", output: { success: true } });
  await gateway.addRun("t3", 0, { ...session, created_at: at(3) });
  await gateway.addRun("t0", 0, { ...session, created_at: at(0), workflow_id: "__session_memory__" });
  const body = await get("/runs/t2/history_bundle?include_session=true");
  expect(body.session.session_id).toBe("talk");
  expect(body.session.turns.map((turn: any) => [turn.run_id, turn.kind, turn.prompt, turn.answer])).toEqual([
    ["t1", "run", "one", "Bob"],
    ["t2", "run", "two", "m1"],
  ]);
  expect(body.session.turns[0].stats).toEqual({
    duration_ms: 500,
    llm_calls: 1,
    tool_calls: 2,
    usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
    tok_s: 14,
  });
  const limited = await get("/runs/t2/history_bundle?include_session=true&session_turn_limit=1");
  expect(limited.session.turns.map((turn: any) => turn.run_id)).toEqual(["t2"]);
});

test("when a session has chats, only they are its turns", async () => {
  const session = { session_id: "chats" };
  await gateway.addRun("c1", 0, { ...session, created_at: "2026-11-23T00:00:01+00:00" }, '{"prompt":"not a chat"}');
  const vars = '{"context":{"messages":[{"role":"user","content":"hello"}],"attachments":[{"$artifact":"a"}]}}';
  await gateway.addRun("c2", 0, { ...session, created_at: "2026-11-23T00:00:02+00:00" }, vars);
  const { turns } = (await get("/runs/c2/history_bundle?include_session=1")).session;
  expect(turns).toMatchObject([
    { run_id: "c2", kind: "chat", prompt: "hello", attachments: [{ $artifact: "a" }], answer: null },
  ]);
});

test("a prompt is the first text there is, without its metadata", () => {
  expect(promptOf({ prompt: " ", message: "m", task: "t" }).prompt).toBe("m");
  expect(promptOf({ context: { task: "ct" } }).prompt).toBe("ct");
  const messages = [
    { role: "user", content: "a" },
    { role: "user", content: "b" },
    { role: "assistant", content: "c" },
  ];
  expect(promptOf({ context: { messages } }).prompt).toBe("b");
  expect(promptOf({})).toEqual({ prompt: null, metadata: null });
  expect(promptOf({ prompt: '<runtime_metadata>{"a":1}</runtime_metadata>\nhi' })).toEqual({
    prompt: "hi",
    metadata: { a: 1 },
  });
  const broken = "<runtime_metadata>{</runtime_metadata>hi";
  expect(promptOf({ prompt: broken })).toEqual({ prompt: broken, metadata: null });
});

test("an answer is the first text under the usual keys, there or one level inside", () => {
  expect(answerOf({ text: "t", response: "r" })).toBe("r");
  expect(answerOf({ success: true, result: { answer: "inner" } })).toBe("inner");
  expect(answerOf({ output: { content: "c" } })).toBe("c");
  expect(answerOf({ response: "  " })).toBeNull();
  expect(answerOf(null)).toBeNull();
  const started = { ...sampleRecord("r", 1), status: "started" as const };
  const done = { ...sampleRecord("r", 2), effect: null, result: { completed: true, output: { message: "said" } } };
  expect(answerInLedger([started, done])).toBe("said");
});

const lifecycle = (retention: Record<string, string | number>) => ({
  purpose: "draft_test",
  retention: { mode: "ephemeral", ...retention },
});

async function purge(body: Record<string, unknown>) {
  const answer = await gateway.request("POST", "/api/gateway/runs/purge_drafts", { body });
  expect(answer.status).toBe(200);
  return answer.body;
}

test("a purge tells of each run why it stays or what goes", async () => {
  const past = lifecycle({ expires_at: "2020-01-01T00:00:00Z" });
  const over = { status: "completed" as const, session_id: "drafts" };
  await gateway.addRun("d-expired", 0, { ...over, lifecycle: past });
  await gateway.addRun("d-fresh", 0, { ...over, lifecycle: lifecycle({ expires_at: "2999-01-01T00:00:00Z" }) });
  await gateway.addRun("d-unreadable", 0, { ...over, lifecycle: lifecycle({ expires_at: "soon" }) });
  await gateway.addRun("d-active", 0, { session_id: "drafts", lifecycle: past });
  await gateway.addRun("d-kept", 0, { ...over, lifecycle: { purpose: "draft_test", retention: { mode: "keep" } } });
  await gateway.addRun("d-tree", 0, { ...over, lifecycle: past });
  await gateway.addRun("d-tree-child", 2, { parent_run_id: "d-tree", root_run_id: "d-tree", session_id: "drafts" });
  await gateway.addRun("no-draft", 0, over);
  const ids = ["d-expired", "d-fresh", "d-unreadable", "d-active", "d-kept", "d-tree", "no-draft", "nowhere"];
  const body = await purge({ run_ids: ids });
  expect(body).toMatchObject({ ok: true, dry_run: true, scanned: 8, eligible: 1, purged: 0, skipped: 7 });
  expect(Object.fromEntries(body.items.map((item: any) => [item.run_id, item.reason]))).toEqual({
    "d-expired": null,
    "d-fresh": "not_expired",
    "d-unreadable": "no_effective_expiration",
    "d-active": "active_run",
    "d-kept": "not_ephemeral_draft",
    "d-tree": "active_run_tree",
    "no-draft": "not_ephemeral_draft",
    nowhere: "missing",
  });
  const bySession = await purge({ session_id: "drafts", force: true });
  expect(bySession.items.map((item: any) => item.run_id)).not.toContain("no-draft");
  expect(bySession.eligible).toBe(3);
  expect(await gateway.ledger.getRun("d-expired")).not.toBeNull();
});

test("what a purge removes is gone with its children, records and own workspace, and nothing else", async () => {
  const own = join(gateway.dataDir, "workspaces", "0".repeat(32));
  const foreign = join(gateway.dataDir, "elsewhere");
  await Promise.all([mkdir(own, { recursive: true }), mkdir(foreign)]);
  const gone = { status: "completed" as const, lifecycle: lifecycle({ ttl_s: 1 }) };
  const vars = (path: string) => JSON.stringify({ workspace_root: path });
  await gateway.addRun("p-root", 0, gone, vars(own));
  const kid = await gateway.addRun("p-kid", 0, { parent_run_id: "p-root", root_run_id: "p-root" }, vars(foreign));
  await kid.finish(3);
  const body = await purge({ run_ids: ["p-root"], dry_run: false, force: true });
  expect(body.items[0].purge).toEqual({
    ok: true,
    dry_run: false,
    run_ids: ["p-root", "p-kid"],
    deleted: { runs: 2, ledger_records: 3, commands: 0, artifacts: 0, workspaces: 1 },
    artifact_gc: null,
  });
  expect(body.purged).toBe(1);
  for (const path of ["/runs/p-root", "/runs/p-kid"]) {
    expect((await gateway.request("GET", `/api/gateway${path}`)).status).toBe(404);
  }
  await expect(stat(own)).rejects.toThrow();
  expect((await stat(foreign)).isDirectory()).toBe(true);
});

test("artifacts cannot be kept without their run", async () => {
  const answer = await gateway.request("POST", "/api/gateway/runs/purge_drafts", { body: { delete_artifacts: false } });
  expect(answer.status).toBe(501);
});
