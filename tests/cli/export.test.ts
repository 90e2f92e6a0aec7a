import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import { runCli } from "#fixtures/cli.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { Chain, newRun } from "../ledger/sample-runs.ts";

/** A data folder with a run of 1,200 records, its child with two, and another run without any. */
async function dataFolder(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-export-"));
  const ledger = await openSqliteLedger({ path: join(dataDir, "gateway.sqlite3"), now: systemClock });
  await ledger.commit({ starts: [newRun("parent")] });
  await ledger.commit({ updates: [new Chain("parent").next(1200)] });
  await ledger.commit({ starts: [newRun("child", { parent_run_id: "parent", root_run_id: "parent" })] });
  await ledger.commit({ updates: [new Chain("child").next(2)] });
  await ledger.commit({ starts: [newRun("other", {}, '{"question":"why"}')] });
  await ledger.close();
  return dataDir;
}

const linesOf = (text: string) => text.trimEnd().split("\n");

test("an export has every run with its input and all its records, and its chains can be checked", async () => {
  const dataDir = await dataFolder();
  const file = join(dataDir, "runs.jsonl");
  expect(await runCli(["export", "--output", file, "--data-dir", dataDir])).toMatchObject({
    exitCode: 0,
    stdout: `${file}: 1205 lines.\n`,
  });
  const lines = linesOf(readFileSync(file, "utf8")).map((line) => JSON.parse(line));
  expect(lines.filter(({ type }) => type === "run").map(({ run }) => run.run_id)).toEqual(["parent", "child", "other"]);
  expect(lines.at(-1)).toMatchObject({ run: { head_seq: 0 }, input: { question: "why" } });
  expect(lines[1200]).toMatchObject({ type: "record", run_id: "parent", seq: 1200, record: { status: "completed" } });
  const checked = await runCli(["verify", "--file", file, "--data-dir", dataDir]);
  expect(checked).toEqual({ exitCode: 0, stdout: "3 runs, 1202 records: sound.\n", stderr: "" });
});

test("one run goes with its children, to standard output", async () => {
  const { exitCode, stdout } = await runCli(["export", "--run", "parent", "--data-dir", await dataFolder()]);
  expect(exitCode).toBe(0);
  expect(linesOf(stdout)).toHaveLength(1204);
});

test("a changed, a missing and a cut record are found in an export", async () => {
  const dataDir = await dataFolder();
  const { stdout } = await runCli(["export", "--data-dir", dataDir]);
  const lines = linesOf(stdout);
  const file = join(dataDir, "changed.jsonl");
  const check = async (changed: string[]) => {
    writeFileSync(file, `${changed.join("\n")}\n`);
    return runCli(["verify", "--file", file, "--data-dir", dataDir]);
  };
  const forged = lines.map((line) => line.replaceAll('parent-7"', 'parent-8"'));
  expect((await check(forged)).stderr).toContain("parent record 7: The record does not match its hash");
  expect((await check(lines.toSpliced(5, 1))).stderr).toContain("Record 6 follows record 4");
  expect((await check(lines.toSpliced(1200, 1))).stderr).toContain(
    "The records end at 1199, but the run stands at 1200",
  );
  expect((await check(lines.toSpliced(0, 1))).stderr).toContain("does not stand behind its run");
  const torn = await check(["nonsense"]);
  expect(torn).toMatchObject({ exitCode: 1, stderr: "error: : A line is neither a run nor a record\n" });
});

test("an unknown run, a missing ledger and a file that exists are told", async () => {
  const dataDir = await dataFolder();
  expect((await runCli(["export", "--run", "nobody", "--data-dir", dataDir])).exitCode).toBe(66);
  expect((await runCli(["export", "--data-dir", join(dataDir, "none")])).exitCode).toBe(66);
  const file = join(dataDir, "precious");
  writeFileSync(file, "mine");
  const { exitCode } = await runCli(["export", "-o", file, "--data-dir", dataDir]);
  expect(exitCode).toBe(75);
  expect(readFileSync(file, "utf8")).toBe("mine");
});
