import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MigrateOptions } from "#app/migrate/options.ts";
import { migrate } from "#app/migrate/migrate.ts";
import { systemClock } from "#core/time.ts";
import { rejection } from "#fixtures/rejection.ts";
import type { LedgerContents } from "#ledger/contents.ts";
import { openFileContents } from "#ledger/file/contents.ts";
import { openFileLedger } from "#ledger/file/file-ledger.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { openSqliteContents } from "#ledger/sqlite/contents.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { fingerprint } from "#fixtures/migration.ts";
import { Chain, command, newRun, progress, tick, wait } from "../ledger/sample-runs.ts";

/* Ledgers of this gateway from one store into the other, and back: everything is there, down to each state of each run. */

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "gateway-own-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const options = (dataDir: string, to: "file" | "sqlite", targetDir: string): MigrateOptions => ({
  dataDir,
  flowsDir: join(dataDir, "flows"),
  from: null,
  to,
  targetDir,
  dbPath: null,
  overwrites: false,
  dryRun: false,
  accounts: { file: join(targetDir, "users.sqlite3"), adminUsesDefaultRuntime: true },
});

/** Runs in every state, with everything that may hang on them. */
async function fill(ledger: Ledger): Promise<void> {
  const asks = progress("waiting", { node_id: "q", wait: wait("user", { wait_key: "user:r1:q", prompt: "ü?" }) });
  const listens = progress("waiting", { node_id: "on", wait: wait("event", { wait_key: "evt:session:s:ping" }) });
  const ended = progress("completed", { output: { n: 1.5 }, node_id: "end" });
  const [one, two, three, many] = [new Chain("r1"), new Chain("r2"), new Chain("r3"), new Chain("many")];
  await ledger.commit({ starts: ["r1", "r2", "r3", "r4", "many"].map((id) => newRun(id)) });
  await ledger.commit({
    updates: [one.next(2, { delta: '[["s",["a"],2]]', progress: progress("running", { node_id: "n1" }) })],
  });
  await ledger.commit({ updates: [one.next(1)] });
  await ledger.commit({ updates: [one.next(0, { delta: '[["s",["a"],3.0]]' })] });
  await ledger.commit({ updates: [one.next(3, { snapshot: '{"a":4}' })] });
  await ledger.commit({ updates: [one.next(2, { delta: '[["s",["b"],5]]', progress: asks })] });
  await ledger.commit({
    updates: [two.next(1, { progress: listens, listens: ["evt:session:s:ping", "evt:session:s:pong"] })],
  });
  for (let n = 0; n < 4; n++) await ledger.commit({ updates: [three.next(2, { delta: `[["s",["a"],${n}]]` })] });
  await ledger.commit({ updates: [three.next(1, { progress: ended })] });
  await ledger.compactStates("r3", { headSeq: 9, snapshot: '{"a":3}' });
  for (let n = 0; n < 5; n++) await ledger.commit({ updates: [many.next(900, { delta: `[["s",["a"],${n}]]` })] });
  await ledger.commit({
    mail: [
      { run_id: "r1", kind: "control", action: "pause", reason: "held" },
      { run_id: "r4", kind: "child", child_run_id: "r3", status: "completed", output: { n: 1.5 }, error: null },
    ],
  });
  const past = { outcome: { status: "applied", message: "done" } as const, applied_at: tick() };
  await ledger.commit({
    commands: [command("c1", "r1", { past }), command("c2", "r1"), command("c3", "s", { type: "emit_event" })],
  });
  await ledger.commit({ startKey: { key: "k", principal: "ada", body_hash: "h", run_id: "r1" } });
  const artifact = {
    blob_id: "0".repeat(64),
    runtime_id: "default",
    content_type: "text/plain",
    size_bytes: 1,
    created_at: tick(),
    tags: { kind: "x" },
    metadata: {},
  };
  await ledger.commit({
    artifacts: [
      { artifact_id: "a1", run_id: "r1", ...artifact },
      { artifact_id: "a2", run_id: null, ...artifact },
    ],
  });
  const event = { runtime_id: "default", at: tick(), kind: "undo_run", run_id: "r1", reason: "ü", by: null } as const;
  await ledger.commit({ memory: [event, { ...event, run_id: "r2" }] });
}

/** Everything of a store; numbers that a store gives by itself are left out. */
function everything(contents: LedgerContents) {
  const runs = [...contents.runIds()].map((runId) => {
    const found = contents.run(runId);
    if (!found) throw new Error(`${runId} is gone`);
    const { run, mail, ...rest } = found;
    const own = mail.map((each) =>
      each.kind === "command" ? { ...each, command: { ...each.command, seq: 0 } } : each,
    );
    return {
      ...rest,
      run: { ...run, epoch: 0 },
      mail: own,
      states: [...contents.states(runId)].filter(({ json }) => !found.isCompacted || json !== "[]"),
      records: [...contents.records(runId)],
    };
  });
  const commands = [...contents.commands()].map((each) => ({ ...each, seq: 0 }));
  const [startKeys, artifacts, memory] = [[...contents.startKeys()], [...contents.artifacts()], [...contents.memory()]];
  return { runs, commands, startKeys, artifacts, memory };
}

async function read(opened: LedgerContents | Promise<LedgerContents>) {
  const contents = await opened;
  try {
    return everything(contents);
  } finally {
    await contents.close();
  }
}

const sqliteAt = (dataDir: string) => join(dataDir, "gateway.sqlite3");

test("from SQLite to files and back to SQLite: nothing is lost, nothing is doubled, hashes stay the same", async () => {
  const [first, second, third] = ["first", "second", "third"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const ledger = await openSqliteLedger({ path: sqliteAt(first), now: systemClock });
  await fill(ledger);
  await ledger.close();
  const before = await fingerprint(first);
  const there = await migrate(options(first, "file", second), () => undefined);
  expect(there).toMatchObject({ source: "this gateway's SQLite store", store: "file" });
  expect(there.contents).toMatchObject({ runs: 5, memory: 2, artifacts: 2, commands: { applied: 1, waiting: 2 } });
  expect(await fingerprint(first)).toEqual(before);
  const original = await read(openSqliteContents(sqliteAt(first)));
  const inFiles = await read(openFileContents(join(second, "ledger")));
  expect(inFiles).toEqual(original);

  const beforeBack = await fingerprint(second);
  const back = await migrate(options(second, "sqlite", third), () => undefined);
  expect(back.source).toBe("this gateway's file store");
  expect(await fingerprint(second)).toEqual(beforeBack);
  expect(await read(openSqliteContents(sqliteAt(third)))).toEqual(original);
});

test("what was compacted stays compacted, and a state in the middle is that of its record", async () => {
  const dataDir = join(root, "data");
  const ledger = await openSqliteLedger({ path: sqliteAt(dataDir), now: systemClock });
  await fill(ledger);
  const wanted = await Promise.all([0, 1, 2, 3, 5, 7, 8].map((seq) => ledger.readState("r1", seq)));
  await ledger.close();
  await migrate(options(dataDir, "file", dataDir), () => undefined);
  const copy = await openFileLedger({ path: join(dataDir, "ledger"), now: systemClock });
  expect(await Promise.all([0, 1, 2, 3, 5, 7, 8].map((seq) => copy.readState("r1", seq)))).toEqual(wanted);
  expect(await copy.readState("r3", 4)).toBeNull();
  expect((await copy.readState("r3"))?.snapshot).toBe('{"a":3}');
  expect(await copy.listeners(["evt:session:s:pong"], { runtimeId: null, limit: 5 })).toEqual([
    { run_id: "r2", key: "evt:session:s:pong" },
  ]);
  const duplicate = await copy.commit({ startKey: { key: "k", principal: "ada", body_hash: "h", run_id: "other" } });
  expect(duplicate.duplicate?.run_id).toBe("r1");
  await copy.close();
});

test("interrupted at any run, it is begun again and ends the same", async () => {
  const [first, second] = [join(root, "first"), join(root, "second")];
  const ledger = await openSqliteLedger({ path: sqliteAt(first), now: systemClock });
  await fill(ledger);
  await ledger.close();
  for (const stage of ["runs", "artifacts", "check"] as const) {
    const stopped = migrate(options(first, "file", second), (at) => {
      if (at === stage) throw new Error("stopped");
    });
    expect(String(await rejection(stopped))).toContain("stopped");
  }
  expect(await migrate(options(first, "file", second), () => undefined)).toMatchObject({ resumed: true });
  // The order of starts is that of the last attempt.
  const sorted = async (contents: Parameters<typeof read>[0]) => {
    const { runs, ...rest } = await read(contents);
    return { runs: runs.toSorted((a, b) => (a.run.run_id < b.run.run_id ? -1 : 1)), ...rest };
  };
  expect(await sorted(openFileContents(join(second, "ledger")))).toEqual(
    await sorted(openSqliteContents(sqliteAt(first))),
  );
});

test("a store of ours is not migrated into its own kind", async () => {
  const ledger = await openSqliteLedger({ path: sqliteAt(join(root, "data")), now: systemClock });
  await ledger.close();
  const refused = await rejection(migrate(options(join(root, "data"), "sqlite", join(root, "new")), () => undefined));
  expect(String(refused)).toContain("has nothing to migrate");
});
