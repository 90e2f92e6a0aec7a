import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SealedRecord, StepRecord } from "#core/record.ts";
import type { RunProgress } from "#core/run.ts";
import { isoTime, systemClock } from "#core/time.ts";
import { seal } from "#ledger/chain.ts";
import { openFileLedger } from "#ledger/file/file-ledger.ts";
import type { Ledger, NewRun, RunUpdate } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { type Row, inParallel, print, round } from "./measure.ts";

/*
 * What the ledger costs beside a bare SQLite writer in the same run: `bun tests/bench/ledger.bench.ts`.
 * A short run is what the gateway does with one: its row and first vars, then one commit with eight records and a change of the vars.
 */

const runs = Number(process.argv[2] ?? 3000);
const producers = 64;
const recordsPerRun = 8;
const replayLength = 10_000;
const dir = mkdtempSync(join(tmpdir(), "ledger-bench-"));

interface ShortRun {
  start: NewRun;
  update: RunUpdate;
}

const vars = JSON.stringify({
  text: "x".repeat(200),
  _limits: {
    max_iterations: 50,
    current_iteration: 0,
    max_tokens: 32768,
    max_output_tokens: null,
    max_input_tokens: null,
  },
  _runtime: {},
});
const delta = JSON.stringify(
  Array.from({ length: 4 }, (_, index) => ["s", ["_temp", "effects", `a${index}`], { message: "one" }]),
);

function record(runId: string, index: number): StepRecord {
  const at = isoTime(systemClock());
  return {
    run_id: runId,
    step_id: crypto.randomUUID(),
    node_id: `a${index}`,
    status: index % 2 ? "completed" : "started",
    effect: {
      type: "answer_user",
      payload: { type: "answer_user", message: "one" },
      result_key: `_temp.effects.a${index}`,
    },
    result: index % 2 ? { message: "one" } : null,
    error: null,
    started_at: at,
    ended_at: index % 2 ? at : null,
    actor_id: "gateway",
    session_id: runId,
    attempt: 1,
    idempotency_key: crypto.randomUUID().replaceAll("-", ""),
  };
}

function chain(runId: string, count: number): SealedRecord[] {
  const records: SealedRecord[] = [];
  for (let index = 0; index < count; index++) {
    records.push(seal(record(runId, index), index + 1, records.at(-1)?.hash ?? null));
  }
  return records;
}

function shortRun(): ShortRun {
  const runId = crypto.randomUUID();
  const at = isoTime(systemClock());
  const progress: RunProgress = {
    status: "running",
    node_id: "start",
    wait: null,
    pause: null,
    output: null,
    error: null,
    limits: null,
    flow_warnings: null,
    schedule: null,
    updated_at: at,
    finished_at: null,
  };
  const identity = {
    run_id: runId,
    workflow_id: "short@1.0.0:main",
    bundle_digest: "d".repeat(64),
    parent_run_id: null,
    root_run_id: runId,
    session_id: runId,
    actor_id: "gateway",
    runtime_id: "default",
    schedule_id: null,
    lifecycle: null,
    forked_from: null,
    created_at: at,
  };
  const update: RunUpdate = {
    run_id: runId,
    head_seq: 0,
    epoch: 1,
    progress: { ...progress, status: "completed", node_id: "a3", output: { message: "one" }, finished_at: at },
    records: chain(runId, recordsPerRun),
    delta,
    snapshot: null,
    consumed: [],
    listens: [],
  };
  return { start: { run: { ...identity, ...progress }, vars }, update };
}

interface Measured {
  recordsPerS: number;
  kbPerRun: number;
  batchesPerCommit: number;
}

async function throughLedger(open: () => Promise<Ledger>, work: ShortRun[]): Promise<Measured> {
  const ledger = await open();
  let commits = 0;
  ledger.subscribe(() => commits++);
  const before = written();
  const from = performance.now();
  await inParallel(work.length, producers, async (index) => {
    const { start, update } = work[index] as ShortRun;
    const at = isoTime(systemClock());
    await ledger.commit({ starts: [start] });
    update.progress.updated_at = at;
    await ledger.commit({ updates: [update] });
  });
  const seconds = (performance.now() - from) / 1000;
  const kb = written() - before;
  await ledger.close();
  return {
    recordsPerS: (work.length * recordsPerRun) / seconds,
    kbPerRun: kb / work.length,
    batchesPerCommit: (work.length * 2) / commits,
  };
}

/** One connection, one loop, no thread, no checks: groups as large as the ledger's were, rows as large as its rows. */
function throughBareSqlite(file: string, work: ShortRun[], batchesPerCommit: number): Measured {
  const db = new Database(file, { create: true });
  db.run("PRAGMA journal_mode=WAL");
  db.run("PRAGMA synchronous=FULL");
  db.run("CREATE TABLE runs(no INTEGER PRIMARY KEY, id TEXT UNIQUE, status TEXT, head INTEGER, body TEXT)");
  db.run("CREATE TABLE records(no INTEGER, seq INTEGER, body TEXT, PRIMARY KEY(no, seq)) WITHOUT ROWID");
  const insert = db.prepare("INSERT INTO runs(id, status, head, body) VALUES(?, 'running', 0, ?)");
  const update = db.prepare("UPDATE runs SET status='completed', head=?, body=? WHERE no=? AND head=?");
  const addRecord = db.prepare("INSERT INTO records VALUES(?,?,?)");
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const bodies = work.map(({ start }) => JSON.stringify(start.run) + start.vars);
  const before = written();
  const from = performance.now();
  // Half of a group's batches start a run, the other half finish those of the group before.
  const size = Math.max(1, Math.round(batchesPerCommit / 2));
  let finished = 0;
  for (let at = 0; finished < work.length; at += size) {
    begin.run();
    for (let index = at; index < Math.min(at + size, work.length); index++) {
      insert.run(work[index]?.start.run.run_id ?? "", bodies[index] ?? "");
    }
    for (; finished < Math.min(at, work.length); finished++) {
      update.run(recordsPerRun, (bodies[finished] ?? "") + delta, finished + 1, 0);
      let seq = 0;
      for (const { json } of work[finished]?.update.records ?? []) addRecord.run(finished + 1, ++seq, json);
    }
    commit.run();
  }
  const seconds = (performance.now() - from) / 1000;
  const kb = written() - before;
  db.close();
  return { recordsPerS: (work.length * recordsPerRun) / seconds, kbPerRun: kb / work.length, batchesPerCommit };
}

/** Records per second of a long run, read page by page. */
async function replayFiles(): Promise<number> {
  const ledger = await openFileLedger({ path: join(dir, "replay"), now: systemClock });
  const { start, update } = shortRun();
  const records = chain(start.run.run_id, replayLength);
  await ledger.commit({ starts: [start] });
  await ledger.commit({ updates: [{ ...update, records }] });
  await ledger.close();
  const again = await openFileLedger({ path: join(dir, "replay"), now: systemClock });
  const from = performance.now();
  for (let after = 0; after < replayLength;) {
    const page = await again.readRecords(start.run.run_id, after, { limit: 500, maxBytes: 4_000_000 });
    after = page.at(-1)?.seq ?? replayLength;
  }
  const seconds = (performance.now() - from) / 1000;
  await again.close();
  return replayLength / seconds;
}

async function replay(file: string): Promise<{ ledger: number; raw: number }> {
  const total = replayLength;
  const ledger = await openSqliteLedger({ path: file, now: systemClock });
  const { start, update } = shortRun();
  await ledger.commit({ starts: [start] });
  const runId = start.run.run_id;
  const records = chain(runId, total);
  for (let at = 0; at < total; at += 64) {
    const progress: RunProgress = { ...update.progress, status: "running", finished_at: null };
    await ledger.commit({
      updates: [{ ...update, head_seq: at, progress, records: records.slice(at, at + 64), delta: null }],
    });
  }
  const db = new Database(file, { readonly: true });
  const raw = db.query("SELECT id, json FROM records WHERE id > ? AND id < ? ORDER BY id LIMIT 500");
  const shift = 2 ** 24;
  const readRaw = () => {
    let last = shift;
    for (;;) {
      const rows = raw.all(last, 2 * shift) as { id: number; json: string }[];
      if (rows.length === 0) return;
      last = rows.at(-1)?.id ?? last;
    }
  };
  const readLedger = async () => {
    let after = 0;
    while (after < total) {
      const page = await ledger.readRecords(runId, after, { limit: 500, maxBytes: 4_000_000 });
      after = page.at(-1)?.seq ?? total;
    }
  };
  const timed = async (work: () => unknown) => {
    const from = performance.now();
    await work();
    return total / ((performance.now() - from) / 1000);
  };
  const speeds = { ledger: [] as number[], raw: [] as number[] };
  for (let round = 0; round < 15; round++) {
    speeds.raw.push(await timed(readRaw));
    speeds.ledger.push(await timed(readLedger));
  }
  db.close();
  await ledger.close();
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return { ledger: median(speeds.ledger), raw: median(speeds.raw) };
}

function ratioOf({ ours, bare }: { ours: Measured; bare: Measured }): number {
  return ours.recordsPerS / bare.recordsPerS;
}

/** KB that this process gave to `write` so far. */
function written(): number {
  return Number(/wchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]) / 1024;
}

const sqlite = (name: string) => () => openSqliteLedger({ path: join(dir, `${name}.sqlite3`), now: systemClock });
const files = (name: string) => () => openFileLedger({ path: join(dir, name), now: systemClock });

await throughLedger(sqlite("warm"), Array.from({ length: 500 }, shortRun));
const rounds: { ours: Measured; bare: Measured }[] = [];
for (let round = 0; round < 5; round++) {
  const work = Array.from({ length: runs }, shortRun);
  const ours = await throughLedger(sqlite(`ledger${round}`), work);
  rounds.push({ ours, bare: throughBareSqlite(join(dir, `bare${round}.sqlite3`), work, ours.batchesPerCommit) });
}
const byRatio = rounds.toSorted((a, b) => ratioOf(a) - ratioOf(b));
const { ours, bare } = byRatio[Math.floor(byRatio.length / 2)] as { ours: Measured; bare: Measured };
const replayed = await replay(join(dir, "replay.sqlite3"));
const inFiles = await throughLedger(files("files"), Array.from({ length: runs }, shortRun));
const filesReplayed = await replayFiles();
rmSync(dir, { recursive: true, force: true });

const rows: Row[] = [
  {
    what: `durable records/s, ${producers} at once, ${round(ours.batchesPerCommit, 0)} batches a commit`,
    measured: round(ours.recordsPerS, 0),
    unit: "/s",
    floor: round(bare.recordsPerS, 0),
    ratio: round(ours.recordsPerS / bare.recordsPerS),
    target: "at least 0.6 of a bare writer",
    ok: ours.recordsPerS >= 0.6 * bare.recordsPerS,
  },
  {
    what: "written per short run, log and checkpoints",
    measured: round(ours.kbPerRun, 1),
    unit: "KB",
    floor: round(bare.kbPerRun, 1),
    ratio: round(ours.kbPerRun / bare.kbPerRun),
    target: "at most 40 KB",
    ok: ours.kbPerRun <= 40,
  },
  {
    what: "replay of 10,000 records",
    measured: round(replayed.ledger, 0),
    unit: "/s",
    floor: round(replayed.raw, 0),
    ratio: round(replayed.ledger / replayed.raw),
    target: "at least 0.8 of raw rows",
    ok: replayed.ledger >= 0.8 * replayed.raw,
  },
  {
    what: `file store: durable records/s, ${producers} at once, ${round(inFiles.batchesPerCommit, 0)} batches a flush`,
    measured: round(inFiles.recordsPerS, 0),
    unit: "/s",
    floor: round(ours.recordsPerS, 0),
    ratio: round(inFiles.recordsPerS / ours.recordsPerS),
    target: "none: the floor is SQLite's",
    ok: true,
  },
  {
    what: "file store: replay of 10,000 records, cold",
    measured: round(filesReplayed, 0),
    unit: "/s",
    floor: round(replayed.ledger, 0),
    ratio: round(filesReplayed / replayed.ledger),
    target: "none: the floor is SQLite's",
    ok: true,
  },
];
print(rows);
