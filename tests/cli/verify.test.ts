import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import { runCli } from "#fixtures/cli.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { Chain, newRun } from "../ledger/sample-runs.ts";

/** A data folder with two runs of three records. */
async function dataFolder(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-verify-"));
  const ledger = await openSqliteLedger({ path: join(dataDir, "gateway.sqlite3"), now: systemClock });
  for (const runId of ["one", "two"]) {
    await ledger.commit({ starts: [newRun(runId)] });
    await ledger.commit({ updates: [new Chain(runId).next(3)] });
  }
  await ledger.close();
  return dataDir;
}

test("a sound ledger is 0 with what was walked, for all runs and for one", async () => {
  const dataDir = await dataFolder();
  expect(await runCli(["verify", "--data-dir", dataDir])).toEqual({
    exitCode: 0,
    stdout: "2 runs, 6 records: sound.\n",
    stderr: "",
  });
  expect((await runCli(["verify", "--run", "one", "--data-dir", dataDir])).stdout).toBe("1 runs, 3 records: sound.\n");
});

test("a changed record is 1 and names the run", async () => {
  const dataDir = await dataFolder();
  const database = new Database(join(dataDir, "gateway.sqlite3"));
  const table = database.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'records'").get();
  expect(table).not.toBeNull();
  const column = (database.query("PRAGMA table_info(records)").all() as { name: string }[]).find(({ name }) =>
    /json/.test(name),
  );
  database.run(`UPDATE records SET ${column?.name} = replace(${column?.name}, 'one-2', 'eno-2')`);
  database.close();
  const { exitCode, stdout, stderr } = await runCli(["verify", "--data-dir", dataDir]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("error: one");
  expect(stderr).not.toContain("error: two");
  expect(stdout).toContain("problems.");
  const json = JSON.parse((await runCli(["verify", "--json", "--data-dir", dataDir])).stdout);
  expect(json.problems[0]).toMatchObject({ run_id: "one", seq: 2 });
});

test("an unknown run is 66", async () => {
  const { exitCode, stderr } = await runCli(["verify", "--run", "nobody", "--data-dir", await dataFolder()]);
  expect(exitCode).toBe(66);
  expect(stderr).toBe("error: Run 'nobody' not found\n");
});

test("without a ledger it is 66, and none is made", async () => {
  const dataDir = join(await mkdtemp(join(tmpdir(), "gateway-verify-")), "data");
  const { exitCode, stderr } = await runCli(["verify", "--data-dir", dataDir]);
  expect(exitCode).toBe(66);
  expect(stderr).toContain("There is no ledger at");
  expect(existsSync(dataDir)).toBe(false);
});
