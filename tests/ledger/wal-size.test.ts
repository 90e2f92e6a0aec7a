import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { Chain, newRun } from "./sample-runs.ts";

let dir = "";
let path = "";
let ledger: Ledger;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "wal-test-"));
  path = join(dir, "gateway.sqlite3");
  ledger = await openSqliteLedger({ path, now: systemClock });
});
afterEach(async () => {
  await ledger.close();
  await rm(dir, { recursive: true });
});

const mebibyte = 2 ** 20;
const walBytes = async () => (await stat(`${path}-wal`)).size;

/** Commits so many mebibytes, reads between them like the API does, and answers the largest log that was seen. */
async function write(runId: string, mebibytes: number): Promise<number> {
  await ledger.commit({ starts: [newRun(runId)] });
  const chain = new Chain(runId);
  const delta = JSON.stringify([["s", ["text"], "x".repeat(mebibyte / 4)]]);
  let largest = 0;
  for (let quarter = 0; quarter < mebibytes * 4; quarter++) {
    await ledger.commit({ updates: [chain.next(1, { delta })] });
    await ledger.readRecords(runId, 0, { limit: 50 });
    if (quarter % 8 === 0) largest = Math.max(largest, await walBytes());
  }
  return largest;
}

test("the write-ahead log stays small under load with readers", async () => {
  expect(await write("busy", 60)).toBeLessThan(24 * mebibyte);
});

test("the log of a reader that held on for long is used again when it has gone", async () => {
  const held = new Database(path, { readonly: true });
  held.run("BEGIN");
  held.query("SELECT count(*) FROM runs").get();
  await write("held", 30);
  const grown = await walBytes();
  expect(grown).toBeGreaterThan(28 * mebibyte);
  held.run("ROLLBACK");
  held.close();
  // What lies in the log goes into the file, and the log begins anew.
  await write("after", 20);
  expect(await walBytes()).toBeLessThanOrEqual(grown + 12 * mebibyte);
  await write("later", 30);
  expect(await walBytes()).toBeLessThanOrEqual(grown + 12 * mebibyte);
});
