import { afterEach, describe, expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { ask, listener, loop, model, parent, short, timer } from "#fixtures/sample-flows.ts";
import { type Harness, type HarnessOptions, createHarness, said, scriptedModel } from "./harness.ts";

let harness: Harness | null = null;

async function open(options: HarnessOptions): Promise<Harness> {
  harness = await createHarness(options);
  return harness;
}

afterEach(async () => {
  await harness?.close();
  harness = null;
});

const rows = (records: { effect: { type: string } | null; status: string; attempt: number }[]) =>
  records.map((record) => `${record.effect?.type ?? "-"} ${record.status} ${record.attempt}`);

test("a short run is one start and one commit more", async () => {
  let commits = 0;
  const counted = (ledger: Ledger): Ledger =>
    new Proxy(ledger, {
      get(target, key) {
        const value = Reflect.get(target, key) as unknown;
        if (key === "commit") commits++;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  // A busy machine may not end the slice by time.
  const slice = { maxRecords: 64, ms: 60_000 };
  const { start, ended } = await open({ flows: [short], wrapLedger: counted, runner: { slice } });
  const before = commits;
  const run = await ended(await start("short"));
  expect([run.status, run.head_seq, commits - before]).toEqual(["completed", 8, 2]);
});

test("a run of thousands of steps does not hold up a short one", async () => {
  const { start, ended, ledger } = await open({ flows: [loop, short], runner: { maxActiveRuns: 1 } });
  const long = await start("loop", { end: 4001 });
  const quick = await start("short");
  await ended(quick);
  expect((await ledger.getRun(long))?.status).toBe("running");
  expect((await ended(long)).head_seq).toBe(16_002);
});

test("a failed attempt is tried again after a back-off, and the provider's retry-after is honoured", async () => {
  const handler = scriptedModel([
    async () => ({ outcome: { status: "failed", error: "busy", retryable: true } }),
    async () => ({ outcome: { status: "failed", error: "limit", retryable: true, retry_after_s: 7 } }),
    async () => said("ok"),
  ]);
  const { start, ended, records, sleeps } = await open({ flows: [model], handlers: [handler] });
  const runId = await start("model", { prompt: "x" });
  expect((await ended(runId)).output).toMatchObject({ response: "ok" });
  expect(rows(await records(runId)).slice(0, 6)).toEqual([
    "llm_call started 1",
    "llm_call failed 1",
    "llm_call started 2",
    "llm_call failed 2",
    "llm_call started 3",
    "llm_call completed 3",
  ]);
  expect(sleeps).toEqual([750, 7000]);
});

test("when every attempt fails the run fails with the node and the last message", async () => {
  const handler = scriptedModel([
    async () => ({ outcome: { status: "failed", error: "no credit", retryable: false } }),
  ]);
  const { start, ended } = await open({ flows: [model], handlers: [handler] });
  const run = await ended(await start("model", { prompt: "x" }));
  expect(run.status).toBe("failed");
  expect(run.error).toContain("no credit");
  expect(run.error).toContain("llm");
});

test("cancel aborts the effect in flight and nothing of it is recorded as an outcome", async () => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const handler = scriptedModel([
    (signal) =>
      new Promise((resolve) => {
        begun.resolve();
        signal.addEventListener("abort", () => {
          aborted.resolve();
          resolve(said("too late"));
        });
      }),
  ]);
  const { start, ended, command, records } = await open({ flows: [model], handlers: [handler] });
  const runId = await start("model", { prompt: "x" });
  await begun.promise;
  await command(runId, "cancel", { reason: "stop" });
  await aborted.promise;
  const run = await ended(runId);
  expect([run.status, run.error]).toEqual(["cancelled", "stop"]);
  expect(rows(await records(runId))).toEqual(["llm_call started 1", "emit_event completed 1"]);
});

test("pausing while an effect is under way keeps its outcome until the run goes on, and uses it once", async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const handler = scriptedModel([
    async () => {
      begun.resolve();
      await release.promise;
      return said("kept");
    },
  ]);
  const { start, ended, command, outcome, until } = await open({ flows: [model], handlers: [handler] });
  const runId = await start("model", { prompt: "x" });
  await begun.promise;
  expect(await outcome(await command(runId, "pause", {}))).toMatchObject({ status: "applied" });
  const paused = await until(runId, (run) => run.pause?.paused === true);
  expect([paused.status, paused.wait?.wait_key]).toEqual(["waiting", `pause:${runId}`]);
  release.resolve();
  expect(await outcome(await command(runId, "pause", {}))).toMatchObject({ status: "ignored" });
  await command(runId, "resume", {});
  expect((await ended(runId)).output).toMatchObject({ response: "kept" });
  expect(handler.calls).toBe(1);
});

test("a runner that stops aborts what takes too long, and the next one asks again", async () => {
  const begun = Promise.withResolvers<void>();
  const handler = scriptedModel([
    (signal) =>
      new Promise((_, reject) => {
        begun.resolve();
        signal.addEventListener("abort", () => reject(new Error("aborted")));
      }),
    async () => said("second time"),
  ]);
  const { start, ended, runner, another, records } = await open({ flows: [model], handlers: [handler] });
  const runId = await start("model", { prompt: "x" });
  await begun.promise;
  await runner.stop();
  const next = another();
  await next.start();
  expect((await ended(runId)).output).toMatchObject({ response: "second time" });
  expect(rows(await records(runId)).slice(0, 4)).toEqual([
    "llm_call started 1",
    "llm_call failed 1",
    "llm_call started 2",
    "llm_call completed 2",
  ]);
  await next.stop();
});

test("a second runner stands by until the first one has gone", async () => {
  const { runner, another } = await open({ flows: [short], runner: { leaseMs: 60 } });
  const second = another();
  await second.start();
  expect([runner.status().state, second.status().state]).toEqual(["running", "standby"]);
  await runner.stop();
  while (second.status().state !== "running") await Bun.sleep(5);
  await second.stop();
});

test("when the disk is full for a moment the run goes on afterwards and nothing is recorded twice", async () => {
  let failures = 3;
  const flaky = (ledger: Ledger): Ledger =>
    new Proxy(ledger, {
      get(target, key) {
        const value = Reflect.get(target, key) as unknown;
        if (key === "commit") {
          return async (batch: Parameters<Ledger["commit"]>[0]) => {
            if (batch.updates && failures-- > 0) throw new AppError("storage", "The disk is full");
            return target.commit(batch);
          };
        }
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const { start, ended, records, reports } = await open({ flows: [short], wrapLedger: flaky });
  const runId = await start("short");
  expect((await ended(runId)).status).toBe("completed");
  expect((await records(runId)).length).toBe(8);
  expect(reports.join()).toContain("The disk is full");
});

test("a child's end resumes its parent with the child's output", async () => {
  const { start, ended, ledger } = await open({ flows: [parent, short] });
  const runId = await start("parent");
  expect((await ended(runId)).status).toBe("completed");
  const children = await ledger.children(runId);
  expect(children.length).toBe(1);
});

test("a parent goes on when its child was cancelled, and is told so", async () => {
  const asking = {
    ...parent,
    id: "parent",
    nodes: parent.nodes.map((node) =>
      node.id === "sub" ? { ...node, data: { ...node.data, subflowId: "ask" } } : node,
    ),
  };
  const { start, ended, ledger, command, until, records } = await open({ flows: [asking, ask] });
  const runId = await start("parent");
  await until(runId, (run) => run.status === "waiting");
  const [childId = ""] = await ledger.children(runId);
  await until(childId, (run) => run.status === "waiting");
  await command(childId, "cancel", { reason: "no" });
  expect((await ended(runId)).status).toBe("completed");
  const resumed = (await records(runId)).find((record) => record.effect?.type === "resume");
  expect(resumed?.effect?.payload["payload"]).toMatchObject({
    sub_run_id: childId,
    output: { success: false, cancelled: true, error: "no" },
  });
});

test("two answers at once: one is applied, the other learns why not", async () => {
  const { start, ended, command, outcome, until } = await open({ flows: [ask] });
  const runId = await start("ask");
  await until(runId, (run) => run.status === "waiting");
  const both = await Promise.all([
    command(runId, "resume", { payload: { response: "a" } }),
    command(runId, "resume", { payload: { response: "b" } }),
  ]);
  const outcomes = await Promise.all(both.map(outcome));
  expect(outcomes.filter((each) => each.status === "applied").length).toBe(1);
  expect((await ended(runId)).output).toMatchObject({ response: expect.stringMatching(/^[ab]$/) });
});

test.each([
  ["a payload that is not an object", { payload: "yes" }, "must be an object"],
  ["a wait key of another wait", { wait_key: "user:x:y", payload: { response: "a" } }, "wait_key mismatch"],
])("an answer with %s is refused and the question stays open", async (_name, payload, reason) => {
  const { start, command, outcome, until, ledger } = await open({ flows: [ask] });
  const runId = await start("ask");
  await until(runId, (run) => run.status === "waiting");
  const told = await outcome(await command(runId, "resume", payload));
  expect(told.status).toBe("refused");
  expect(told.message).toContain(reason);
  expect((await ledger.getRun(runId))?.status).toBe("waiting");
});

test("commands that the run cannot take are refused in so many words", async () => {
  const { start, command, outcome, until } = await open({ flows: [ask] });
  const runId = await start("ask");
  await until(runId, (run) => run.status === "waiting");
  for (const [type, reason] of [
    ["update_schedule", "The run is not that of a schedule"],
    ["compact_memory", "Conversations cannot be compacted here"],
  ] as const) {
    expect(await outcome(await command(runId, type, {}))).toMatchObject({ status: "refused", message: reason });
  }
});

test("a timer fires without anybody asking, and not while the run is paused", async () => {
  const { start, ended, command, outcome, until, ledger } = await open({ flows: [timer] });
  const quick = await start("timer");
  expect((await ended(quick)).status).toBe("completed");
  const held = await start("timer");
  await until(held, (run) => run.status === "waiting");
  await outcome(await command(held, "pause", {}));
  const other = await start("timer");
  await ended(other);
  expect((await ledger.getRun(held))?.status).toBe("waiting");
  await command(held, "resume", {});
  expect((await ended(held)).status).toBe("completed");
});

test("listeners end with their root run", async () => {
  const { start, ended, command, until, ledger } = await open({ flows: [listener] });
  const runId = await start("listener");
  await until(runId, (run) => run.status === "waiting");
  const [listenerId = ""] = await ledger.children(runId);
  await until(listenerId, (run) => run.status === "waiting");
  await command(runId, "resume", { payload: { response: "done" } });
  await ended(runId);
  expect((await ended(listenerId)).status).toBe("cancelled");
});

test("a text over the inline limit is an artifact in the record and whole in the run", async () => {
  const handler = scriptedModel([async () => said("x".repeat(300_000))]);
  const { start, ended, records, ledger } = await open({ flows: [model], handlers: [handler] });
  const runId = await start("model", { prompt: "x" });
  const run = await ended(runId);
  expect((run.output as { response: string }).response.length).toBe(300_000);
  const call = (await records(runId)).find(
    (record) => record.status === "completed" && record.effect?.type === "llm_call",
  );
  const reference = (call?.result as { content: { $artifact: string } }).content.$artifact;
  expect(reference).toMatch(/^[0-9a-f]{32}$/);
  expect((await ledger.getArtifact(reference, null))?.size_bytes).toBe(300_000);
});

describe("a run whose workflow is gone", () => {
  async function without() {
    const harness = await open({ flows: [ask] });
    const runId = await harness.start("ask");
    await harness.until(runId, (run) => run.status === "waiting");
    await harness.runner.stop();
    let isBack = false;
    const loadPlan = (digest: string, workflowId: string) =>
      isBack
        ? harness.loadPlan(digest, workflowId)
        : Promise.reject(new AppError("gone", "The bundle is not stored here"));
    const next = harness.another({ loadPlan });
    await next.start();
    return { harness, runId, close: () => next.stop(), bringBack: () => (isBack = true) };
  }

  test("can be cancelled", async () => {
    const { harness, runId, close } = await without();
    const commandId = await harness.command(runId, "cancel", { reason: "it will not come back" });
    expect(await harness.ended(runId)).toMatchObject({ status: "cancelled", error: "it will not come back" });
    expect(await harness.outcome(commandId)).toMatchObject({ status: "applied" });
    expect((await harness.records(runId)).at(-1)?.idempotency_key).toBe("system:terminal_status:cancelled");
    await close();
  });

  test("keeps what it is told and goes on when the workflow is back", async () => {
    const { harness, runId, close, bringBack } = await without();
    await harness.command(runId, "resume", { payload: { response: "Ada" } });
    await harness.reported("cannot be loaded");
    expect((await harness.ledger.getRun(runId))?.status).toBe("waiting");
    bringBack();
    expect((await harness.ended(runId)).status).toBe("completed");
    await close();
  });
});
