import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import { rejection } from "#fixtures/rejection.ts";
import { openFileLedger } from "#ledger/file/file-ledger.ts";
import { readFileLedger } from "#ledger/file/read-ledger.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { artifact } from "../conformance.ts";
import { Chain, command, newRun, progress, tick } from "../sample-runs.ts";

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "file-ledger-"));
  path = join(root, "ledger");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (at = path, crashPoint?: (name: string) => void) =>
  openFileLedger({ path: at, now: systemClock, ...(crashPoint ? { crashPoint } : {}) });

/** Commits of every kind. Between the two halves lies a checkpoint, so that the second one changes files that are there. */
async function firstHalf(ledger: Ledger): Promise<Chain[]> {
  const chains = ["one", "two", "gone"].map((runId) => new Chain(runId));
  await ledger.commit({ starts: chains.map(({ runId }) => newRun(runId)) });
  for (const chain of chains) await ledger.commit({ updates: [chain.next(3, { delta: '[["s",["a"],2]]' })] });
  await ledger.commit({ commands: [command("c1", "one"), command("c2", "gone")], artifacts: [artifact("a1", "one")] });
  return chains;
}

async function secondHalf(ledger: Ledger, [one, two]: Chain[]): Promise<void> {
  const mail = await ledger.readMail("one", 1);
  const seq = mail[0]?.kind === "command" ? mail[0].command.seq : 0;
  const outcome = { status: "applied" as const, message: "Paused" };
  await ledger.commit({
    updates: [one?.next(2, { consumed: mail.map(({ id }) => id), snapshot: '{"a":9}', listens: ["k"] })].filter(
      (update) => update !== undefined,
    ),
    outcomes: [{ seq, outcome, applied_at: tick() }],
  });
  const end = two?.next(1, { progress: progress("completed", { finished_at: tick() }) });
  await ledger.commit({ updates: end ? [end] : [] });
  await ledger.deleteRuns(["gone"]);
  await ledger.commit({ starts: [newRun("gone", {}, '{"again":true}')], commands: [command("c3", "gone")] });
  await ledger.compactStates("two", { headSeq: 4, snapshot: '{"a":2}' });
  await ledger.takeLease("runner", "me", 60_000);
}

/** Everything that can be read. */
async function contentOf(ledger: Ledger) {
  const runs = [];
  for (const runId of ["one", "two", "gone"]) {
    runs.push(
      await ledger.getRun(runId),
      await ledger.readRecords(runId, 0, { limit: 100 }),
      await ledger.readState(runId),
      await ledger.readState(runId, 2),
      await ledger.readInput(runId),
      await ledger.readMail(runId, 10),
    );
  }
  const commands = [];
  for (const id of ["c1", "c2", "c3"]) commands.push(await ledger.getCommand(id));
  const problems = [];
  for await (const problem of ledger.verify({})) problems.push(problem);
  return { runs, commands, problems, counts: await ledger.counts(), artifact: await ledger.getArtifact("a1", null) };
}

test("a crash at any step of a checkpoint loses nothing and doubles nothing", async () => {
  const before = await open();
  const chains = await firstHalf(before);
  await before.close();
  const copies: string[] = [];
  let isWatched = false;
  const ledger = await open(path, (name) => {
    if (!isWatched) return;
    const copy = join(root, `${copies.length}-${name}`);
    cpSync(path, copy, { recursive: true });
    copies.push(copy);
  });
  await secondHalf(ledger, chains);
  const content = await contentOf(ledger);
  expect(content.problems).toEqual([]);
  isWatched = true;
  await ledger.close();
  const names = new Set(copies.map((copy) => copy.replace(/^.*\d-/, "")));
  expect([...names].sort()).toEqual(
    ["begun", "done", "removed", "run", "runs", "staged", "store", "tables"].map((step) => `checkpoint-${step}`),
  );
  for (const copy of copies) {
    for (const round of ["replayed", "checkpointed"]) {
      const again = await open(copy);
      expect({ copy, round, ...(await contentOf(again)) }).toEqual({ copy, round, ...content });
      await again.close();
    }
    expect(readdirSync(join(copy, "journal"))).toEqual([]);
  }
});

/** A store whose last checkpoint did not come: everything is in its journal. */
async function unfinished(): Promise<string> {
  const ledger = await open();
  const chain = new Chain("one");
  await ledger.commit({ starts: [newRun("one")] });
  for (let round = 0; round < 3; round++) await ledger.commit({ updates: [chain.next(2)] });
  const copy = join(root, "copy");
  cpSync(path, copy, { recursive: true });
  await ledger.close();
  return copy;
}

const journalOf = (copy: string) => join(copy, "journal", readdirSync(join(copy, "journal"))[0] ?? "");

test("a journal that is cut at any byte has every commit before the cut, and goes on", async () => {
  const copy = await unfinished();
  const whole = readFileSync(journalOf(copy));
  const ends = [...whole].flatMap((byte, at) => (byte === 10 ? [at + 1] : []));
  expect(ends).toHaveLength(4);
  const cuts = [0, 1, ends[0], (ends[0] ?? 0) + 1, (ends[1] ?? 0) - 1, ends[1], (ends[2] ?? 0) + 200, ends[3]];
  for (const cut of cuts) {
    const at = join(root, `cut-${cut}`);
    cpSync(copy, at, { recursive: true });
    truncateSync(journalOf(at), cut);
    const ledger = await open(at);
    const groups = ends.filter((end) => end <= (cut ?? 0)).length;
    const run = await ledger.getRun("one");
    expect([cut, run?.head_seq ?? null]).toEqual([cut, groups === 0 ? null : (groups - 1) * 2]);
    const chain = new Chain("one");
    if (!run) await ledger.commit({ starts: [newRun("one")] });
    chain.head = run?.head_seq ?? 0;
    chain.hash = run?.head_hash ?? null;
    await ledger.commit({ updates: [chain.next(1)] });
    await ledger.close();
    const again = await open(at);
    expect((await again.readRecords("one", 0, { limit: 99 })).length).toBe(chain.head);
    await again.close();
  }
});

test("a segment that a checkpoint was about to drop is passed over; one that is missing is damage", async () => {
  const copy = await unfinished();
  const dropped = journalOf(copy);
  const ledger = await open(copy);
  await ledger.close();
  writeFileSync(dropped, "what a dropped segment had");
  writeFileSync(join(copy, "journal", "000000000005.jsonl"), "");
  const again = await open(copy);
  expect((await again.getRun("one"))?.head_seq).toBe(6);
  await again.close();
  rmSync(join(copy, "journal"), { recursive: true });
  mkdirSync(join(copy, "journal"));
  writeFileSync(join(copy, "journal", "000000000009.jsonl"), "");
  expect(await rejection(open(copy))).toMatchObject({ message: expect.stringMatching(/entries 5 to 8 are missing/) });
});

test("a commit to a run that a checkpoint has just written is kept when the process dies in the next checkpoint", async () => {
  const copy = join(root, "copy");
  let sent: Promise<unknown> | null = null;
  let changed = "";
  let begun = 0;
  const second = Promise.withResolvers<void>();
  const ledger = await open(path, (name) => {
    if (name === "checkpoint-run" && sent === null) {
      changed = readdirSync(join(path, "runs")).find((each) => existsSync(join(path, "runs", each, "run.json"))) ?? "";
      sent = ledger.commit({ updates: [new Chain(changed).next(2)] });
    }
    if (name !== "checkpoint-begun" || ++begun !== 2) return;
    cpSync(path, copy, { recursive: true });
    second.resolve();
  });
  await ledger.commit({ starts: Array.from({ length: 200 }, (_, index) => newRun(`r${index}`)) });
  await second.promise;
  await sent;
  await ledger.close();
  const { applied, replay_from } = JSON.parse(readFileSync(join(copy, "store.json"), "utf8"));
  expect([applied, replay_from]).toEqual([2, 2]);
  const again = await open(copy);
  expect((await again.readRecords(changed, 0, { limit: 9 })).length).toBe(2);
  expect((await again.counts()).runs).toBe(200);
  await again.close();
});

test("half a group of zeros, as a power cut leaves it, is cut off; a changed byte before the last group is damage", async () => {
  const copy = await unfinished();
  const whole = readFileSync(journalOf(copy));
  const lastBegins = whole.lastIndexOf(10, whole.length - 2) + 1;
  const zeros = Buffer.from(whole);
  zeros.fill(0, lastBegins, lastBegins + 100);
  writeFileSync(journalOf(copy), zeros);
  const ledger = await open(copy);
  expect((await ledger.getRun("one"))?.head_seq).toBe(4);
  await ledger.close();
  rmSync(copy, { recursive: true });
  rmSync(path, { recursive: true });
  const other = await unfinished();
  const changed = Buffer.from(whole);
  changed.write("X", 100);
  writeFileSync(journalOf(other), changed);
  expect(await rejection(open(other))).toMatchObject({ code: "storage", message: expect.stringMatching(/damaged/) });
  expect(readFileSync(journalOf(other))).toEqual(changed);
});

test("files that somebody removed or changed are told in one sentence", async () => {
  const ledger = await open();
  for (const runId of ["one", "two"]) {
    await ledger.commit({ starts: [newRun(runId)] });
    await ledger.commit({ updates: [new Chain(runId).next(2)] });
  }
  await ledger.close();
  const run = join(path, "runs", "one");
  const broken: [what: () => void, says: RegExp][] = [
    [() => rmSync(join(run, "run.json")), /runs\/one has no run\.json/],
    [() => writeFileSync(join(run, "run.json"), "not JSON"), /runs\/one\/run\.json cannot be read/],
    [() => cpSync(run, join(path, "runs", "copy"), { recursive: true }), /two folders hold run 'one'/],
    [() => writeFileSync(join(path, "store.json"), "{}"), /belongs to another program/],
    [() => rmSync(join(path, "store.json")), /no store\.json/],
    [() => writeFileSync(join(path, "store.json"), '{"kind":"abstractgateway-file-ledger","format":2}'), /newer one/],
  ];
  for (const [change, says] of broken) {
    const kept = join(root, "kept");
    cpSync(path, kept, { recursive: true });
    change();
    expect(await rejection(open())).toMatchObject({ code: "storage", message: expect.stringMatching(says) });
    rmSync(path, { recursive: true });
    cpSync(kept, path, { recursive: true });
    rmSync(kept, { recursive: true });
  }
  const lines = readFileSync(join(run, "ledger.jsonl"), "utf8");
  writeFileSync(join(run, "ledger.jsonl"), lines.replace("one-2", "one-9"));
  const again = await open();
  const problems = [];
  for await (const problem of again.verify({})) problems.push(problem);
  expect(problems).toEqual([expect.objectContaining({ run_id: "one", seq: 2 })]);
  await again.close();
});

test("a run that is deleted and started again under its id is read from its new files", async () => {
  let isWritten = Promise.withResolvers<void>();
  const ledger = await open(path, (name) => {
    if (name === "checkpoint-done") isWritten.resolve();
  });
  const problems = [];
  for (const text of ["short", "much longer than before"]) {
    const chain = new Chain("one");
    await ledger.commit({ starts: [newRun("one")] });
    const delta = JSON.stringify([["s", ["text"], text]]);
    for (let round = 0; round < 200; round++) await ledger.commit({ updates: [chain.next(1, { delta })] });
    isWritten = Promise.withResolvers();
    await ledger.commit({ updates: [chain.next(1)] });
    await isWritten.promise;
    for await (const problem of ledger.verify({})) problems.push(problem);
    if (text === "short") await ledger.deleteRuns(["one"]);
  }
  expect(problems).toEqual([]);
  await ledger.close();
});

test("a second process is refused, and a reader beside the first sees every commit", async () => {
  const ledger = await open();
  await ledger.commit({ starts: [newRun("one")] });
  expect(await rejection(open())).toMatchObject({
    code: "storage",
    message: expect.stringMatching(/locked by another process/),
  });
  const reader = await readFileLedger(path, { isStill: false });
  const chain = new Chain("one");
  await ledger.commit({ updates: [chain.next(2)] });
  expect((await reader.getRun("one"))?.head_seq).toBe(0);
  reader.close();
  const later = await readFileLedger(path, { isStill: false });
  expect((await later.readRecords("one", 0, { limit: 9 })).length).toBe(2);
  later.close();
  await ledger.close();
});

test("the ledger of a run is a file of its records, one a line, and its row another", async () => {
  const ledger = await open();
  const chain = new Chain("Run/With:Strange Ünïcode");
  await ledger.commit({ starts: [newRun("one"), newRun(chain.runId), newRun("ONE")] });
  const update = new Chain("one").next(2, { delta: '[["s",["a"],2]]' });
  await ledger.commit({ updates: [update, chain.next(1)] });
  await ledger.close();
  const folder = join(path, "runs", "one");
  expect(readFileSync(join(folder, "ledger.jsonl"), "utf8")).toBe(
    update.records.map(({ json }) => `${json}\n`).join(""),
  );
  const lines = readFileSync(join(folder, "states.jsonl"), "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { no: 0, seq: 0, node_id: "start", wait: null, snapshot: { a: 1 } },
    { no: 1, seq: 2, node_id: "start", wait: null, delta: [["s", ["a"], 2]] },
  ]);
  expect(JSON.parse(readFileSync(join(folder, "run.json"), "utf8")).run).toMatchObject({ run_id: "one", head_seq: 2 });
  expect(readdirSync(join(path, "runs")).sort()).toEqual([
    "one",
    expect.stringMatching(/^~/),
    expect.stringMatching(/^~/),
  ]);
  const again = await open();
  expect((await again.readRecords(chain.runId, 0, { limit: 9 })).length).toBe(1);
  await again.close();
});
