import { afterEach, describe, expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import { type TestFlow, exec, flow } from "#fixtures/bundles.ts";
import { rejection } from "#fixtures/rejection.ts";
import { ask, listener, loop, model, timer } from "#fixtures/sample-flows.ts";
import { type Harness, type HarnessOptions, createHarness, said } from "./harness.ts";

let harness: Harness | null = null;

async function open(options: HarnessOptions): Promise<Harness> {
  harness = await createHarness(options);
  return harness;
}

afterEach(async () => {
  await harness?.close();
  harness = null;
});

/** A call, a question, a second call whose prompt is the input `topic`. */
function chat(id: string, first = "one"): TestFlow {
  return flow(
    id,
    [
      exec("start", "on_flow_start", { out: ["topic:string"] }),
      exec(first, "llm_call", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "first" } }),
      exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "Go on?" } }),
      exec("two", "llm_call", { in: ["prompt:string"], out: ["response:string"] }),
      exec("end", "on_flow_end", { in: ["first:string", "answer:string", "second:string"] }),
    ],
    [
      `start > ${first}`,
      `${first} > ask`,
      "ask > two",
      "two > end",
      "start.topic -> two.prompt",
      `${first}.response -> end.first`,
      "ask.response -> end.answer",
      "two.response -> end.second",
    ],
  );
}

/** Answers with the prompt and the number of the call. A prompt `hold` is answered when `release` is called. */
function countingModel() {
  const prompts: string[] = [];
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const handler: EffectHandler = {
    type: "llm_call",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run(effect) {
      const prompt = String(effect.payload["prompt"]);
      prompts.push(prompt);
      if (prompt === "hold" && prompts.filter((each) => each === "hold").length === 1) {
        asked.resolve();
        await held.promise;
      }
      return said(`${prompt} ${prompts.length}`);
    },
  };
  return { handler, prompts, release: held.resolve, asked: asked.promise };
}

async function answered(gateway: Harness, runId: string, response: string) {
  await gateway.until(runId, (run) => run.status === "waiting");
  await gateway.command(runId, "resume", { payload: { response } });
  return gateway.ended(runId);
}

const rows = async (gateway: Harness, runId: string) =>
  (await gateway.records(runId)).map((record) => `${record.effect?.type ?? "-"} ${record.status}`);

/** A chat that was answered: 1 call begins, 2 it ends, 3 and 4 the question, 5 the answer, 6 and 7 the second call, 8 and 9 the end. */
async function ended(gateway: Harness): Promise<string> {
  const runId = await gateway.start("chat", { topic: "bees" });
  await answered(gateway, runId, "yes");
  expect(await rows(gateway, runId)).toEqual([
    "llm_call started",
    "llm_call completed",
    "ask_user started",
    "ask_user waiting",
    "resume completed",
    "llm_call started",
    "llm_call completed",
    "- completed",
    "emit_event completed",
  ]);
  return runId;
}

describe("a fork", () => {
  test("of a question waits for its own answer, calls no model again for what was before, and tells where it comes from", async () => {
    const calls = countingModel();
    const gateway = await open({ flows: [chat("chat")], handlers: [calls.handler] });
    const parent = await ended(gateway);
    const before = await gateway.records(parent);
    const { run_id, forked_from } = await gateway.fork(parent, { at: 4 });
    expect(forked_from).toEqual({ run_id: parent, cursor: 4, record_hash: before[4]?.prev_hash ?? "" });
    const fork = await gateway.ledger.getRun(run_id);
    expect(fork).toMatchObject({ status: "waiting", forked_from, parent_run_id: null, root_run_id: run_id });
    expect(fork?.session_id).toBe(parent);
    expect(fork?.wait).toMatchObject({ wait_key: `user:${run_id}:ask`, prompt: "Go on?" });
    const done = await answered(gateway, run_id, "no");
    expect(done.output).toMatchObject({ first: "first 1", answer: "no", second: "bees 3" });
    expect(calls.prompts).toEqual(["first", "bees", "bees"]);
    expect(await rows(gateway, run_id)).toEqual([
      "fork completed",
      "ask_user waiting",
      "resume completed",
      "llm_call started",
      "llm_call completed",
      "- completed",
      "emit_event completed",
    ]);
    expect(await gateway.records(parent)).toEqual(before);
    for await (const problem of gateway.ledger.verify({})) throw new Error(problem.message);
  });

  test("after a model's answer keeps it; in the middle of an effect does the effect again, as its own first attempt", async () => {
    const calls = countingModel();
    const gateway = await open({ flows: [chat("chat")], handlers: [calls.handler] });
    const parent = await ended(gateway);
    const after = await gateway.fork(parent, { at: 7 });
    expect(after.forked_from.cursor).toBe(7);
    expect((await gateway.ended(after.run_id)).output).toMatchObject({ second: "bees 2" });
    expect(calls.prompts).toHaveLength(2);
    const within = await gateway.fork(parent, { at: 6 });
    expect((await gateway.ended(within.run_id)).output).toMatchObject({ first: "first 1", second: "bees 3" });
    const records = await gateway.records(within.run_id);
    expect(records.slice(0, 3).map((each) => [each.effect?.type, each.status, each.attempt])).toEqual([
      ["fork", "completed", 1],
      ["llm_call", "started", 1],
      ["llm_call", "completed", 1],
    ]);
    const original = (await gateway.records(parent))[5];
    expect(records[1]?.idempotency_key).not.toBe(original?.idempotency_key ?? "");
    expect(records[1]?.step_id).toBe(records[2]?.step_id as string);
  });

  test("in the middle of a commit begins at the commit before, and says so", async () => {
    const gateway = await open({ flows: [loop], runner: { slice: { maxRecords: 64, ms: 60_000 } } });
    const parent = await gateway.start("loop", { end: 5 });
    const { head_seq } = await gateway.ended(parent);
    const { run_id, forked_from } = await gateway.fork(parent, { at: head_seq - 1 });
    expect(forked_from).toMatchObject({ cursor: 0, record_hash: null });
    expect((await gateway.ended(run_id)).head_seq).toBe(head_seq + 1);
  });

  test("from 0 is the run again with other input, and from later on nodes see the changed input too", async () => {
    const calls = countingModel();
    const gateway = await open({ flows: [chat("chat")], handlers: [calls.handler] });
    const parent = await ended(gateway);
    const again = await gateway.fork(parent, { at: 0, input: { topic: "ants" } });
    expect((await answered(gateway, again.run_id, "ok")).output).toMatchObject({ first: "first 3", second: "ants 4" });
    const later = await gateway.fork(parent, { at: 5, input: { topic: "cats", _temp: {}, _flow_error: "x" } });
    expect((await gateway.ended(later.run_id)).output).toMatchObject({ first: "first 1", second: "cats 5" });
    expect((await gateway.records(later.run_id))[0]?.effect?.payload["changed"]).toContain("topic");
  });

  test("onto another version goes on there; a version without the node is refused by name", async () => {
    const calls = countingModel();
    const flows = [chat("chat"), chat("next"), chat("other", "begin")];
    const gateway = await open({ flows, handlers: [calls.handler] });
    const parent = await ended(gateway);
    const forked = await gateway.fork(parent, { at: 4 }, "next");
    expect((await gateway.ledger.getRun(forked.run_id))?.workflow_id).toBe("next@1.0.0:next");
    expect((await answered(gateway, forked.run_id, "v2")).output).toMatchObject({ first: "first 1", answer: "v2" });
    expect(await rejection(gateway.fork(parent, { at: 1 }, "other"))).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("'other@1.0.0:other' has no node 'one'"),
    });
    expect((await gateway.fork(parent, { at: 0 }, "other")).forked_from.cursor).toBe(0);
  });

  test("of what has ended is refused with the reason, and a cursor that is not there too", async () => {
    const gateway = await open({ flows: [chat("chat")], handlers: [countingModel().handler] });
    const parent = await ended(gateway);
    expect(await rejection(gateway.fork(parent))).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("is completed at cursor 9"),
    });
    expect(await rejection(gateway.fork(parent, { at: 10 }))).toMatchObject({
      code: "unprocessable",
      message: expect.stringContaining("there is no cursor 10"),
    });
  });

  test("of a question of consent asks again, and a yes carries the call out in the fork alone", async () => {
    let calls = 0;
    const consent = { reason: "user" as const, wait_key: "tool_approval:x", until: null, prompt: null, choices: null };
    const asking: EffectHandler = {
      type: "llm_call",
      world: true,
      onInterrupted: "retry",
      retry: { attempts: 1, baseMs: 0, maxMs: 0 },
      async run({ payload, result_key }) {
        if (payload["approval"]) return said(`done ${++calls}`);
        const next = typeof payload["resume_to_node"] === "string" ? payload["resume_to_node"] : null;
        const details = { mode: "approval_required" };
        const wait = { ...consent, resume_to_node: next, result_key, allow_free_text: true, details };
        return { outcome: { status: "waiting", wait } };
      },
    };
    const gateway = await open({ flows: [model], handlers: [asking] });
    const parent = await gateway.start("model", { prompt: "x" });
    await gateway.until(parent, (run) => run.status === "waiting");
    const { run_id } = await gateway.fork(parent);
    await gateway.command(run_id, "resume", { payload: { approved: true } });
    expect((await gateway.ended(run_id)).output).toMatchObject({ response: "done 1" });
    const records = await gateway.records(run_id);
    const steps = records.filter((each) => each.effect?.type === "llm_call");
    expect(steps.map((each) => each.status)).toEqual(["waiting", "completed"]);
    expect(new Set(steps.map((each) => each.step_id)).size).toBe(1);
    expect((await gateway.ledger.getRun(parent))?.status).toBe("waiting");
  });

  test("of a run whose states were given up begins again from 0 or is refused with the reason", async () => {
    const gateway = await open({ flows: [chat("chat")], handlers: [countingModel().handler] });
    const parent = await ended(gateway);
    await gateway.ledger.compactStates(parent, { headSeq: 9, snapshot: JSON.stringify({ changed: true }) });
    for (const at of [1, 4, 8]) {
      expect(await rejection(gateway.fork(parent, { at }))).toMatchObject({
        code: "conflict",
        message: `The state of run '${parent}' at cursor ${at} is no longer kept: only its records are`,
      });
    }
    const again = await gateway.fork(parent, { at: 0 });
    expect((await answered(gateway, again.run_id, "ok")).status).toBe("completed");
  });

  test("of a run that is paused over an effect in flight does the effect again, is not paused, and both end", async () => {
    const calls = countingModel();
    const gateway = await open({ flows: [chat("chat")], handlers: [calls.handler] });
    const parent = await gateway.start("chat", { topic: "hold" });
    await gateway.until(parent, (run) => run.status === "waiting");
    await gateway.command(parent, "resume", { payload: { response: "a" } });
    await calls.asked;
    await gateway.command(parent, "pause", {});
    await gateway.until(parent, (run) => run.pause?.paused === true);
    const { run_id } = await gateway.fork(parent);
    expect((await gateway.ended(run_id)).output).toMatchObject({ answer: "a", second: "hold 3" });
    calls.release();
    await gateway.command(parent, "resume", {});
    expect((await gateway.ended(parent)).output).toMatchObject({ second: "hold 3" });
  });

  test("outlives its parent", async () => {
    const gateway = await open({ flows: [ask] });
    const parent = await gateway.start("ask");
    await gateway.until(parent, (run) => run.status === "waiting");
    const { run_id } = await gateway.fork(parent);
    await gateway.ledger.deleteRuns([parent]);
    expect((await answered(gateway, run_id, "Ada")).output).toMatchObject({ response: "Ada" });
    expect((await gateway.ledger.getRun(run_id))?.forked_from?.run_id).toBe(parent);
  });

  test("of a timer wakes by itself", async () => {
    const gateway = await open({ flows: [timer] });
    const parent = await gateway.start("timer");
    await gateway.until(parent, (run) => run.status === "waiting");
    const { run_id } = await gateway.fork(parent);
    expect((await gateway.ended(run_id)).status).toBe("completed");
    expect((await gateway.ended(parent)).status).toBe("completed");
    const late = await gateway.fork(parent, { at: 2 });
    expect((await gateway.ended(late.run_id)).status).toBe("completed");
  });

  test("hears events with listeners of its own, which end with it", async () => {
    const gateway = await open({ flows: [listener] });
    const parent = await gateway.start("listener");
    await gateway.until(parent, (run) => run.status === "waiting");
    const { run_id } = await gateway.fork(parent, { sessionId: "other" });
    const [child = ""] = await gateway.ledger.children(run_id);
    const heard = await gateway.until(child, (run) => run.status === "waiting");
    expect(heard.wait?.wait_key).toBe("evt:session:other:ping");
    await answered(gateway, run_id, "done");
    expect((await gateway.ended(child)).status).toBe("cancelled");
  });

  test("of a listener in another session waits for that session's events", async () => {
    const gateway = await open({ flows: [listener] });
    const root = await gateway.start("listener");
    const [child = ""] = await gateway.ledger.children(root);
    await gateway.until(child, (run) => run.status === "waiting");
    const { run_id } = await gateway.fork(child, { sessionId: "other" });
    const id = await gateway.command("other", "emit_event", { name: "ping", session_id: "other", payload: { n: 3 } });
    expect((await gateway.outcome(id)).result).toMatchObject({ delivered_to: [run_id] });
  });
});

describe("a fork of a run that waits for a child", () => {
  const asking: TestFlow = flow(
    "asking",
    [
      exec("start", "on_flow_start"),
      exec("sub", "subflow", { in: ["input:object"], out: ["output:object"], data: { subflowId: "chat" } }),
      exec("end", "on_flow_end", { in: ["said:object"] }),
    ],
    ["start > sub", "sub > end", "sub.output -> end.said"],
  );

  async function waiting(gateway: Harness): Promise<{ parent: string; child: string }> {
    const parent = await gateway.start("asking");
    await gateway.until(parent, (run) => run.status === "waiting");
    const [child = ""] = await gateway.ledger.children(parent);
    await gateway.until(child, (run) => run.status === "waiting");
    return { parent, child };
  }

  test("as it stands forks the child as it stands", async () => {
    const calls = countingModel();
    const gateway = await open({ flows: [asking, chat("chat")], handlers: [calls.handler] });
    const { parent, child } = await waiting(gateway);
    const { run_id } = await gateway.fork(parent);
    const [own = ""] = await gateway.ledger.children(run_id);
    expect((await gateway.ledger.getRun(own))?.forked_from).toMatchObject({ run_id: child, cursor: 4 });
    expect((await gateway.ledger.getRun(run_id))?.wait?.wait_key).toBe(`subworkflow:${own}`);
    await answered(gateway, own, "mine");
    const output = (await gateway.ended(run_id)).output as JsonObject;
    expect(output["said"]).toMatchObject({ first: "first 1", answer: "mine" });
    expect((await gateway.ledger.getRun(parent))?.status).toBe("waiting");
  });

  test("at a cursor starts the child again; with the child gone it is refused", async () => {
    const calls = countingModel();
    const gateway = await open({ flows: [asking, chat("chat")], handlers: [calls.handler] });
    const { parent, child } = await waiting(gateway);
    await answered(gateway, child, "theirs");
    const cursor = (await gateway.records(parent)).findIndex((record) => record.status === "waiting") + 1;
    const { run_id } = await gateway.fork(parent, { at: cursor });
    const [own = ""] = await gateway.ledger.children(run_id);
    await answered(gateway, own, "mine");
    const output = (await gateway.ended(run_id)).output as JsonObject;
    expect(output["said"]).toMatchObject({ first: "first 3", answer: "mine" });
    await gateway.ledger.deleteRuns([child]);
    expect(await rejection(gateway.fork(parent, { at: cursor }))).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("no longer kept"),
    });
  });

  test("is cancelled with its own child and leaves the others alone", async () => {
    const gateway = await open({ flows: [asking, chat("chat")], handlers: [countingModel().handler] });
    const { parent, child } = await waiting(gateway);
    const { run_id } = await gateway.fork(parent);
    const [own = ""] = await gateway.ledger.children(run_id);
    await gateway.command(run_id, "cancel", {});
    expect((await gateway.ended(own)).status).toBe("cancelled");
    for (const runId of [parent, child]) expect((await gateway.ledger.getRun(runId))?.status).toBe("waiting");
  });
});

test("one key forks once, and with another request it is refused", async () => {
  const gateway = await open({ flows: [ask] });
  const parent = await gateway.start("ask");
  await gateway.until(parent, (run) => run.status === "waiting");
  const idempotency = { key: "k", principal: "p", bodyHash: "h" };
  const [first, second] = await Promise.all([
    gateway.fork(parent, { idempotency }),
    gateway.fork(parent, { idempotency }),
  ]);
  expect(second.run_id).toBe(first.run_id);
  expect(first.duplicate).not.toBe(second.duplicate);
  expect(second.forked_from).toEqual(first.forked_from);
  await answered(gateway, parent, "over");
  expect((await gateway.fork(parent, { idempotency })).run_id).toBe(first.run_id);
  const other = { idempotency: { ...idempotency, bodyHash: "other" } };
  expect(await rejection(gateway.fork(parent, other))).toMatchObject({ code: "unprocessable" });
});
