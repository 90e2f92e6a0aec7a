import { afterEach, expect, test } from "bun:test";
import { newId } from "#core/ids.ts";
import { systemClock } from "#core/time.ts";
import { rejection } from "#fixtures/rejection.ts";
import { ask, loop, model, short } from "#fixtures/sample-flows.ts";
import { createAnnotateRun } from "#runner/annotate.ts";
import { type Harness, createHarness, said, scriptedModel } from "./harness.ts";

let harness: Harness | null = null;
afterEach(async () => {
  await harness?.close();
  harness = null;
});

async function open(options: Parameters<typeof createHarness>[0]) {
  harness = await createHarness(options);
  const { ledger, records } = harness;
  const annotate = createAnnotateRun({ ledger, now: systemClock, newId });
  const note = (runId: string, name = "abstract.summary") =>
    annotate({ runId, name, payload: { text: "so it was" }, actor_id: "ada" });
  const notes = async (runId: string) =>
    (await records(runId)).flatMap(({ node_id, effect }, index) =>
      node_id === "abstract.note" ? [`${index + 1} ${String(effect?.payload["name"])}`] : [],
    );
  return { ...harness, note, notes };
}

async function isSound({ ledger }: Harness): Promise<void> {
  const problems = [];
  for await (const problem of ledger.verify({})) problems.push(problem);
  expect(problems).toEqual([]);
}

test("a note about a run that has ended follows its last record", async () => {
  const opened = await open({ flows: [short] });
  const runId = await opened.start("short");
  const run = await opened.ended(runId);
  await opened.note(runId);
  expect(await opened.notes(runId)).toEqual([`${run.head_seq + 1} abstract.summary`]);
  expect((await opened.ledger.getRun(runId))?.status).toBe("completed");
  await isSound(opened);
});

test("a note about a run that works is written between its steps, also while a model answers", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<ReturnType<typeof said>>();
  const handler = scriptedModel([
    async () => {
      begun.resolve();
      return answer.promise;
    },
  ]);
  const opened = await open({ flows: [model], handlers: [handler] });
  const runId = await opened.start("model", { prompt: "x" });
  await begun.promise;
  await opened.note(runId);
  expect(await opened.notes(runId)).toEqual(["2 abstract.summary"]);
  answer.resolve(said("ok"));
  expect((await opened.ended(runId)).output).toMatchObject({ response: "ok" });
  await isSound(opened);
});

test("a note about a run that waits for a person lies there until the answer, so that the question stays the last record", async () => {
  const opened = await open({ flows: [ask] });
  const runId = await opened.start("ask");
  const waiting = await opened.until(runId, (run) => run.status === "waiting");
  await opened.note(runId);
  expect((await opened.records(runId)).at(-1)?.status).toBe("waiting");
  await opened.command(runId, "resume", { wait_key: waiting.wait?.wait_key ?? "", payload: { response: "red" } });
  await opened.ended(runId);
  expect(await opened.notes(runId)).toHaveLength(1);
  await isSound(opened);
});

test("a note about a run that waits is not lost when the run is cancelled", async () => {
  const opened = await open({ flows: [ask] });
  const runId = await opened.start("ask");
  await opened.until(runId, (run) => run.status === "waiting");
  await opened.note(runId, "abstract.chat");
  await opened.command(runId, "cancel");
  expect((await opened.ended(runId)).status).toBe("cancelled");
  expect(await opened.notes(runId)).toHaveLength(1);
});

test("notes that come in the moment of the end are neither lost nor written twice", async () => {
  const opened = await open({ flows: [loop] });
  const runId = await opened.start("loop", { end: 200 });
  const all: Promise<void>[] = [];
  for (let n = 0; n < 40; n++) {
    all.push(opened.note(runId, `note-${n}`));
    await Bun.sleep(1);
  }
  await opened.ended(runId);
  await Promise.all(all);
  const names = (await opened.notes(runId)).map((each) => each.split(" ")[1]);
  expect(names).toHaveLength(40);
  expect(new Set(names)).toEqual(new Set(Array.from({ length: 40 }, (_, n) => `note-${n}`)));
  await isSound(opened);
}, 30_000);

test("a note about no run is not found", async () => {
  const opened = await open({ flows: [short] });
  expect(await rejection(opened.note("nobody"))).toMatchObject({ code: "not_found" });
});
