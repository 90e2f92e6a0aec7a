import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate as begin } from "#app/migrate/migrate.ts";
import { systemClock } from "#core/time.ts";
import { type CliRun, runCli } from "#fixtures/cli.ts";
import { executable, startGateway } from "#fixtures/gateway.ts";
import { rejection } from "#fixtures/rejection.ts";
import { fingerprint } from "#fixtures/migration.ts";
import { ask } from "#fixtures/sample-flows.ts";
import { type PythonData, pythonCommand, pythonRecord, pythonRun, writePython } from "#fixtures/python-gateway.ts";
import { asking, bundles, completed, scheduled, waitingForChild, workflow } from "#fixtures/python-runs.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "gateway-migrate-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const source = () => join(root, "data");
const migrate = (...args: string[]): Promise<CliRun> =>
  runCli(["migrate", "--data-dir", source(), "--target-dir", "new", ...args], { cwd: root });
const report = async (...args: string[]): Promise<any> => {
  const done = await migrate("--json", ...args);
  if (done.exitCode !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout);
};
/** Sentences of one kind of warning. */
const warned = (made: any, kind: string): string[] =>
  made.warnings.find((each: any) => each.kind === kind)?.messages ?? [];

async function ledgerOf(dataDir = join(root, "new")): Promise<Ledger> {
  const ledger: Ledger = await openSqliteLedger({ path: join(dataDir, "gateway.sqlite3"), now: systemClock });
  const problems: unknown[] = [];
  for await (const problem of ledger.verify({})) problems.push(problem);
  expect(problems).toEqual([]);
  return ledger;
}

const one: PythonData = { runs: [completed("done")], bundles };

describe("where it cannot begin, one sentence says why", () => {
  test.each([
    ["no such folder", [], () => Promise.resolve(), 66, "There is no folder"],
    ["a file", [], () => writeFile(source(), "x"), 2, "is no folder"],
    ["not the folder of a gateway", [], () => mkdir(source()), 2, "is no data folder of a Python gateway"],
    ["no such store", ["--from=sqlite"], () => writePython("file", root, one), 2, "has no SQLite store"],
    [
      "no such kind",
      ["--from=postgres"],
      () => writePython("file", root, one),
      2,
      "--from must be one of file, sqlite",
    ],
    [
      "a database that is none",
      [],
      () => Bun.write(join(source(), "gateway.sqlite3"), "no database".repeat(99)),
      74,
      "damaged",
    ],
    [
      "a database outside the target",
      ["--db-path=elsewhere.db"],
      () => writePython("file", root, one),
      2,
      "must lie under",
    ],
  ] as const)("%s", async (_what, args, prepare, exitCode, sentence) => {
    await prepare();
    const done = await migrate(...args);
    expect(done.stderr).toStartWith("error: ");
    expect(done.stderr.trim().split("\n")).toHaveLength(1);
    expect(done.stderr).toContain(sentence);
    expect(done.exitCode).toBe(exitCode);
    expect(await Bun.file(join(root, "new", "gateway.sqlite3")).exists()).toBe(false);
  });

  test("two stores in one folder are named, and --from chooses", async () => {
    await writePython("sqlite", root, one);
    await writePython("file", root, { runs: [completed("other"), completed("another")], bundles });
    expect((await migrate()).stderr).toContain("say which with --from=file or --from=sqlite");
    expect((await report("--from=file", "--dry-run")).contents.runs).toBe(2);
    expect((await report("--from=sqlite", "--dry-run")).contents.runs).toBe(1);
  });

  test("a database whose pages are damaged", async () => {
    await writePython("sqlite", root, { runs: Array.from({ length: 40 }, (_, n) => completed(`run-${n}`)), bundles });
    const path = join(source(), "gateway.sqlite3");
    const bytes = await Bun.file(path).bytes();
    bytes.fill(0x7f, 8192, 16_384);
    await writeFile(path, bytes);
    expect(await migrate()).toMatchObject({
      exitCode: 74,
      stderr: expect.stringContaining(`The database ${path} is damaged`),
    });
  });

  test("the target is in use: by another ledger, or by the source itself", async () => {
    await writePython("sqlite", root, one);
    expect((await runCli(["migrate", "--data-dir", source()], { cwd: root })).stderr).toContain("is the source itself");
    await report();
    const again = await migrate();
    expect(again).toMatchObject({ exitCode: 75, stderr: expect.stringContaining("already since the migration from") });
    const over = await report("--overwrite");
    expect(over.moved_to).toContain("gateway.sqlite3.before-");
    expect(await Bun.file(over.moved_to).exists()).toBe(true);
    await (await ledgerOf()).close();
  });

  test.each(["data", "new"])("a gateway is running on the folder '%s'", async (folder) => {
    await writePython("file", root, one);
    await mkdir(join(root, "new"));
    const lock = takeProcessLock(join(root, folder, "gateway_runner.lock"));
    try {
      expect(await migrate()).toMatchObject({
        exitCode: 75,
        stderr: expect.stringContaining("A gateway is running on"),
      });
    } finally {
      lock?.release();
    }
    expect((await migrate()).exitCode).toBe(0);
  });

  test.skipIf(!Bun.which("flock") || process.platform !== "linux")(
    "a Python gateway holds its advisory lock",
    async () => {
      await writePython("file", root, one);
      const path = join(source(), "gateway_runner.lock");
      const holder = Bun.spawn(["flock", path, "sh", "-c", "echo held; read line"], { stdin: "pipe", stdout: "pipe" });
      await holder.stdout.getReader().read();
      try {
        expect((await migrate()).stderr).toContain("A gateway is running on");
      } finally {
        void holder.stdin.end();
        await holder.exited;
      }
    },
  );
});

describe("what cannot be taken as it is, is counted and named, and the rest comes", () => {
  test("a cut-off last line, a line that is none, NaN, a ledger without a run, a file that is no run", async () => {
    const made = completed("done");
    await writePython("file", root, { ...one, runs: [made] });
    const ledger = join(source(), "ledger_done.jsonl");
    const [first, ...rest] = (await readFile(ledger, "utf8")).trim().split("\n");
    const odd = [
      first,
      "not json",
      `{"run_id": "done", "result": {"a": NaN, "b": "NaN, -Infinity", "c": -Infinity}}`,
      ...rest,
    ];
    await writeFile(ledger, `${odd.join("\n")}\n{"run_id": "done", "step_`);
    await writeFile(join(source(), "ledger_nobody.jsonl"), `${first}\n`);
    await writeFile(join(source(), "run_broken.json"), '{"run_id": "bro');
    const done = await report();
    expect(done.contents).toMatchObject({ runs: 1, records: made.records.length + 1 });
    expect(warned(done, "record").sort()).toEqual(
      [
        "Run done, line 2 is no record and was left out (8 characters)",
        "Run done, line 3 holds NaN or Infinity, which JSON does not have: null instead",
        "Run done, line 10 is cut off and was left out (25 characters)",
        "The ledger nobody belongs to no run and was left out",
      ].sort(),
    );
    expect(warned(done, "run")).toEqual(["broken cannot be read and was left out: it is no stored run"]);
    const opened = await ledgerOf();
    const [, mended] = await opened.readRecords("done", 0, { limit: 2 });
    expect(JSON.parse(mended?.json ?? "").result).toEqual({ a: null, b: "NaN, -Infinity", c: null });
    await opened.close();
  });

  test("numbers, texts and key order of a record are not written anew", async () => {
    const record = pythonRecord("done", "a1", { result: { z: 1, a: "ü" } });
    await writePython("file", root, {
      ...one,
      runs: [{ run: pythonRun("done", workflow("short")), records: [record] }],
    });
    const path = join(source(), "ledger_done.jsonl");
    const text = (await readFile(path, "utf8"))
      .trim()
      .replace('"z": 1', '"z": 123456789012345678901234567890, "f": 1.50');
    await writeFile(path, `${text}\n`);
    await report();
    const opened = await ledgerOf();
    const [stored] = await opened.readRecords("done", 0, { limit: 1 });
    const content = (json = "") => json.slice(0, json.search(/,\s*"prev_hash"/));
    expect(content(stored?.json)).toBe(content(text));
    expect(stored?.json).toContain("123456789012345678901234567890");
    await opened.close();
  });

  test("artifacts without bytes, with others' bytes, or without a name", async () => {
    const artifacts = ["a1", "a2", "a3"].map((id) => ({ id, runId: "done", content: `bytes of ${id}` }));
    await writePython("file", root, { ...one, artifacts });
    const blob = (content: string) => join(source(), "artifacts", "blobs", `${Bun.SHA256.hash(content, "hex")}.bin`);
    await rm(blob("bytes of a1"));
    await writeFile(blob("bytes of a2"), "others");
    await writeFile(join(source(), "artifacts", "refs", "a4.meta"), "{}");
    const done = await report();
    expect(warned(done, "artifact").sort()).toEqual([
      "The bytes of artifact a1 (run done) are missing",
      "The bytes of artifact a2 are damaged: they are not those that its name tells",
      "a4.meta names no artifact and no bytes, and was left out",
    ]);
    const opened = await ledgerOf();
    for (const id of ["a1", "a2", "a3"]) expect((await opened.getArtifact(id, null))?.artifact_id).toBe(id);
    await opened.close();
  });

  test("unknown commands and files that are no bundles", async () => {
    const commands = [pythonCommand(1, "done", "dance"), pythonCommand(2, "done", "pause")];
    await writePython("file", root, { ...one, commands });
    await appendFile(join(source(), "commands.jsonl"), '{"command_id": "half');
    await writeFile(join(root, "flows", "bad.flow"), "no zip");
    const done = await report();
    expect(done.contents.commands).toEqual({ applied: 1, waiting: 0 });
    expect(warned(done, "command")).toEqual([
      'line 1 has the type "dance", which is not known here, and was left out',
      "line 3 is no JSON and was left out",
    ]);
    expect(warned(done, "bundle")[0]).toStartWith("bad.flow: ");
  });

  test("what stays behind is named", async () => {
    await writePython("file", root, one);
    await Bun.write(join(source(), "config", "provider_endpoint_profiles.json"), "{}");
    await mkdir(join(source(), "visualflows"));
    expect(warned(await report(), "left").map((each) => each.split(":")[0])).toEqual([
      "config/provider_endpoint_profiles.json",
      "visualflows",
    ]);
  });
});

describe("a run whose next step is not certain is paused, with the reason", () => {
  test.each<[string, (id: string) => { run: any; records: any[] }, RegExp]>([
    ["an unknown status", (id) => asking(id, { run: { status: "suspended" } }), /its status 'suspended' is not known/],
    ["no bundle", (id) => asking(id, { run: { workflow_id: "gone@1.0.0:x" } }), /bundle is not installed/],
    ["no such node", (id) => asking(id, { run: { current_node: "nowhere" } }), /has no node 'nowhere'/],
    [
      "an agent's loop",
      (id) => asking(id, { run: { workflow_id: "visual_react_agent_x_y", parent_run_id: "done" } }),
      /the loop of an agent/,
    ],
    [
      "a node of an agent",
      (id) => asking(id, { temp: { agent: { ask: { phase: "subworkflow" } } } }),
      /inside the agent 'ask'/,
    ],
    ["no wait", (id) => asking(id, { run: { waiting: null } }), /what it waits for is not stored/],
    ["somebody else's", (id) => asking(id, { run: { actor_id: "cli" } }), /whoever started it/],
    [
      "consent without its record",
      (id) => ({ ...asking(id, { wait: { details: { mode: "approval_required" } } }), records: [] }),
      /the record of the tool calls/,
    ],
    [
      "between two branches",
      (id) =>
        asking(id, {
          node: "start",
          wait: { resume_to_node: "seq" },
          run: { workflow_id: workflow("branches") },
          temp: { _control: { stack: ["seq"], frames: { seq: { kind: "sequence", idx: 1 } } } },
        }),
      /stands between two branches of 'seq'/,
    ],
    [
      "an effect that ended without its run",
      (id) => ({
        run: asking(id, { run: { status: "running", waiting: null } }).run,
        records: [pythonRecord(id, "ask", { effect: { type: "llm_call" }, idempotency_key: "k" })],
      }),
      /'llm_call' at 'ask' has ended, and its state does not know it/,
    ],
    [
      "a schedule without a target",
      (id) => {
        const made = scheduled(id, { node: "wait_start", until: "2031-01-01T00:00:00+00:00" });
        made.run["vars"]._meta.schedule.target_workflow_id = null;
        return made;
      },
      /what it runs is not stored/,
    ],
  ])("%s", async (_what, make, reason) => {
    await writePython("file", root, { ...one, runs: [completed("done"), make("unsure")] });
    const done = await report();
    const [sentence, ...others] = warned(done, "paused");
    expect(others).toEqual([]);
    expect(sentence).toStartWith("unsure: ");
    expect(sentence).toMatch(reason);
    const ledger = await ledgerOf();
    const run = await ledger.getRun("unsure");
    expect(run).toMatchObject({
      status: "waiting",
      pause: { paused: true, pause_reason: expect.stringMatching(reason) },
    });
    expect(await ledger.dueRuns(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
    expect((await ledger.pendingRuns(null, 10)).runIds).toEqual([]);
    await ledger.close();
  });

  test("an effect that was under way begins anew, as it would have there, and that is said", async () => {
    const run = { ...asking("half", { run: { status: "running", waiting: null } }).run };
    const records = [
      pythonRecord("half", "ask", { status: "started", effect: { type: "ask_user" }, idempotency_key: "k" }),
    ];
    await writePython("file", root, { ...one, runs: [{ run, records }] });
    const done = await report();
    expect(warned(done, "run")).toEqual(["half: it was in the middle of 'ask_user' at 'ask', which begins anew"]);
    const ledger = await ledgerOf();
    expect(await ledger.getRun("half")).toMatchObject({ status: "running", node_id: "ask", pause: null });
    await ledger.close();
  });
});

test("a flow that changed since: the run keeps the one that it was started with", async () => {
  const kept = asking("kept");
  const old = {
    ...ask,
    nodes: ask.nodes.map((node) => (node.id === "end" ? { ...node, data: { ...node.data, note: 1 } } : node)),
  };
  const snapshot = {
    kind: "visualflow_json",
    bundle_ref: "ask@1.0.0",
    flow_id: "ask",
    visualflow: { ...old, id: workflow("ask") },
  };
  kept.run["vars"]._runtime.workflow_snapshot = { workflow_id: workflow("ask"), artifact_id: "snap" };
  const artifacts = [{ id: "snap", runId: "kept", content: JSON.stringify(snapshot), type: "application/json" }];
  await writePython("file", root, { runs: [kept, asking("other")], bundles, artifacts });
  const done = await report();
  expect(done.contents.bundles).toEqual({ installed: Object.keys(bundles).length, kept: 1 });
  expect(done.warnings).toEqual([]);
  const ledger = await ledgerOf();
  const [one_, other] = [await ledger.getRun("kept"), await ledger.getRun("other")];
  expect(other?.bundle_digest).toBe(Bun.SHA256.hash(bundles["ask@1.0.0"] as Uint8Array, "hex"));
  expect(one_?.bundle_digest).not.toBe(other?.bundle_digest);
  expect(await Bun.file(join(root, "new", "bundles", `${one_?.bundle_digest}.flow`)).exists()).toBe(true);
  await ledger.close();
});

test("data folders of users come with their runtime, and the users without their tokens", async () => {
  await writePython("file", root, one);
  const own = join(source(), "users", "acme", "ada-runtime");
  await writePython("file", own, {
    runs: [completed("hers")],
    bundles: { "ask@1.0.0": bundles["ask@1.0.0"] as Uint8Array },
    commands: [pythonCommand(1, "hers", "pause")],
  });
  await rm(join(own, "runtime"), { recursive: true, force: true });
  await Bun.$`mv ${join(own, "data")} ${join(own, "runtime")}`.quiet();
  const user = {
    user_id: "ada",
    tenant_id: "acme",
    runtime_id: "ada-runtime",
    email: "ada@acme.test",
    roles: ["user"],
    scopes: [],
    enabled: true,
  };
  const admin = { user_id: "admin", tenant_id: "default", runtime_id: "default", roles: ["admin", "user"] };
  await Bun.write(join(source(), "auth", "users.json"), JSON.stringify({ version: 2, users: [user, admin] }));
  const done = await report();
  expect(done.contents.runs).toBe(2);
  expect(warned(done, "left").join("\n")).toContain("users/acme/ada: the installed bundles");
  expect(warned(done, "left").join("\n")).toContain("tokens of users");
  expect(done.users).toBe(1);
  const ledger = await ledgerOf();
  expect(await ledger.getRun("hers")).toMatchObject({ runtime_id: "acme/ada-runtime", status: "completed" });
  expect(await ledger.getRun("done")).toMatchObject({ runtime_id: "default" });
  expect(await ledger.getCommand("command-1", "acme/ada")).toMatchObject({
    runtime_id: "acme/ada-runtime",
    run_id: "hers",
  });
  await ledger.close();
});

describe("interrupted and begun again", () => {
  const many: PythonData = {
    runs: [
      ...Array.from({ length: 40 }, (_, n) => completed(`run-${n}`)),
      ...waitingForChild("mother", "child"),
      {
        run: pythonRun("long", workflow("short")),
        records: Array.from({ length: 4500 }, (_, n) => pythonRecord("long", "a1", { result: { n } })),
      },
      asking("asks"),
    ],
    commands: [pythonCommand(1, "run-1", "pause"), pythonCommand(2, "asks", "resume", { payload: { response: "x" } })],
    cursor: 1,
    artifacts: [{ id: "a1", runId: "run-1", content: "bytes" }],
    bundles,
  };
  const records = many.runs.reduce((sum, run) => sum + run.records.length, 0);

  test("killed again and again, it comes to its end and doubles nothing; no gateway starts on the half of it", async () => {
    await writePython("file", root, many);
    const before = await fingerprint(source());
    let wasRefused = false;
    for (let killAfterMs = 60; ; killAfterMs *= 1.3) {
      const child = Bun.spawn([...executable, "migrate", "--data-dir", source(), "--target-dir", "new"], {
        cwd: root,
        env: { PATH: process.env["PATH"] ?? "", HOME: root },
        stdio: ["ignore", "ignore", "pipe"],
      });
      const alarm = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
      const code = await child.exited;
      clearTimeout(alarm);
      if (code === 0) break;
      const said = await new Response(child.stderr).text();
      // The alarm came between the end of the work and that of the process.
      if (said.includes("already since the migration from")) break;
      expect(said).toBe("");
      if (!wasRefused && (await Bun.file(join(root, "new", "migration.json")).exists())) {
        const refusal = await rejection(startGateway({ dataDir: join(root, "new") }));
        expect(String(refusal)).toContain("is not finished: run `abstractgateway migrate` again");
        wasRefused = true;
      }
    }
    expect(wasRefused).toBe(true);
    expect(await fingerprint(source())).toEqual(before);
    const ledger = await ledgerOf();
    expect(await ledger.counts()).toMatchObject({ runs: many.runs.length, records });
    expect(await ledger.readMail("mother", 10)).toHaveLength(1);
    expect(await ledger.readMail("asks", 10)).toHaveLength(1);
    expect((await ledger.readRecords("long", 4499, { limit: 5 })).map(({ seq }) => seq)).toEqual([4500]);
    await ledger.close();
  }, 60_000);

  test("another migration does not go on with it, and a source that grew meanwhile is refused", async () => {
    await writePython("file", root, many);
    const options = {
      dataDir: source(),
      flowsDir: join(root, "flows"),
      from: null,
      to: "sqlite",
      targetDir: join(root, "new"),
      dbPath: null,
      overwrites: false,
      dryRun: false,
      accounts: { file: join(root, "new", "users.sqlite3"), adminUsesDefaultRuntime: true },
    } as const;
    const stopped = begin(options, (stage, done) => {
      if (stage === "runs" && done > 20) throw new Error("stopped");
    });
    expect(await stopped.then(() => "done", String)).toContain("stopped");
    const elsewhere = join(root, "elsewhere");
    await writePython("file", elsewhere, one);
    const other = await runCli(["migrate", "--data-dir", join(elsewhere, "data"), "--target-dir", "new"], {
      cwd: root,
    });
    expect(other.stderr).toContain("was interrupted: finish it first");
    await appendFile(join(source(), "ledger_run-0.jsonl"), `${JSON.stringify(pythonRecord("run-0", "a1"))}\n`);
    expect((await migrate()).stderr).toContain("The run run-0 has 7 records instead of 8");
  });
});

test("in the same folder: the reference's own way, and its files stay as they are", async () => {
  await writePython("file", root, one);
  const before = await fingerprint(source());
  const done = await runCli(
    ["migrate", "--from=file", "--to=sqlite", "--data-dir", source(), "--db-path", join(source(), "gateway.sqlite3")],
    { cwd: root },
  );
  expect(done).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await fingerprint(source())).toMatchObject(before);
  const ledger = await ledgerOf(source());
  expect(await ledger.getRun("done")).toMatchObject({ status: "completed" });
  await ledger.close();
});

test("on a terminal a bar shows how far it is; elsewhere nothing does", async () => {
  await writePython("file", root, { ...one, runs: Array.from({ length: 30 }, (_, n) => completed(`run-${n}`)) });
  const args = ["migrate", "--data-dir", source(), "--target-dir", "new"];
  const shown = await runCli(args, { cwd: root, isTerminal: true });
  expect(shown.stderr).toMatch(/(Runs|Comparing|Artifacts) /);
  expect(shown.stderr.endsWith("\r\x1b[K")).toBe(true);
  expect((await runCli([...args, "--overwrite"], { cwd: root })).stderr).toBe("");
});
