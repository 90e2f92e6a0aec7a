import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { executable, startGateway, token } from "#fixtures/gateway.ts";
import { rejection } from "#fixtures/rejection.ts";
import { ask, loop, parent, short } from "#fixtures/sample-flows.ts";
import { canMount, fill, mount, unmount } from "#fixtures/small-disk.ts";

const env = { ABSTRACTGATEWAY_STORE_BACKEND: "file" };
const temporary = () => mkdtemp(join(tmpdir(), "gateway-files-"));

function run(args: string[], more: Record<string, string> = env): { code: number | null; out: string; errors: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...executable, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ABSTRACTGATEWAY_AUTH_TOKEN: token, NO_COLOR: "1", HOME: tmpdir(), ...more },
    cwd: tmpdir(),
    timeout: 30_000,
  });
  return { code: exitCode, out: stdout.toString(), errors: stderr.toString() };
}

const refusedServe = (dataDir: string, more = env, ...args: string[]) =>
  run(["serve", "--port", "0", "--data-dir", dataDir, ...args], more);

test("runs of the file store can be read by hand, and verified, exported, examined and backed up beside the gateway", async () => {
  const gateway = await startGateway({ env });
  const { dataDir } = gateway;
  const copies = await temporary();
  try {
    for (const each of [short, ask, loop]) await gateway.upload(each.id, archive(each.id, [each]));
    await gateway.upload("parent", archive("parent", [parent, short]));
    const runIds = [
      await gateway.start("short"),
      await gateway.start("parent"),
      await gateway.start("loop", { end: 50 }),
    ];
    for (const runId of runIds) await gateway.follow(runId);
    const asking = await gateway.start("ask");
    await gateway.until(asking, "waiting");
    expect(run(["verify", "--data-dir", dataDir])).toMatchObject({ code: 0, errors: "" });
    const exported = join(copies, "runs.jsonl");
    expect(run(["export", "-o", exported, "--data-dir", dataDir])).toMatchObject({ code: 0, errors: "" });
    expect(run(["verify", "--file", exported]).out).toMatch(/^5 runs, \d+ records: sound\.\n$/);
    expect(run(["doctor", "--data-dir", dataDir]).out).toMatch(/ledger: .*5 runs, sound/);
    expect(run(["backup", join(copies, "copy"), "--data-dir", dataDir])).toMatchObject({ code: 0 });

    const restored = join(copies, "restored");
    expect(run(["restore", join(copies, "copy"), "--data-dir", restored])).toMatchObject({ code: 0 });
    const other = await startGateway({ dataDir: restored, env });
    for (const runId of [...runIds, asking]) expect(await other.ledger(runId)).toEqual(await gateway.ledger(runId));
    await other.command(asking, "resume", { payload: { response: "again" } });
    await other.follow(asking);
    expect((await other.get(`/runs/${asking}`)).body.status).toBe("completed");
    await other.close();

    await gateway.kill();
    const again = await startGateway({ dataDir, env });
    for (const runId of runIds) {
      const file = join(dataDir, "ledger", "runs", runId, "ledger.jsonl");
      const records = readFileSync(file, "utf8").trim().split("\n");
      expect(records.map((line) => JSON.parse(line))).toEqual(await again.ledger(runId));
    }
    expect((await again.get(`/runs/${asking}`)).body.status).toBe("waiting");
    await again.kill();
  } finally {
    await gateway.close();
    await rm(copies, { recursive: true });
  }
}, 60_000);

test("a second process is refused in one sentence, and so is split mode", async () => {
  const gateway = await startGateway({ env });
  try {
    const second = refusedServe(gateway.dataDir);
    expect(second).toMatchObject({ code: 74, errors: expect.stringMatching(/^error: [^\n]*one process at a time\n$/) });
    for (const { code, errors } of [
      refusedServe(gateway.dataDir, env, "--no-runner"),
      run(["runner", "--data-dir", gateway.dataDir]),
    ]) {
      expect([code, errors]).toEqual([75, expect.stringMatching(/^error: The file store serves one process[^\n]*\n$/)]);
    }
  } finally {
    await gateway.close();
  }
});

test("a data folder of the other store is not started empty: the sentence names migrate", async () => {
  for (const [store, other] of [
    ["file", "sqlite"],
    ["sqlite", "file"],
  ] as const) {
    const gateway = await startGateway({ env: { ABSTRACTGATEWAY_STORE_BACKEND: store } });
    await gateway.kill();
    const wrong = { ABSTRACTGATEWAY_STORE_BACKEND: other };
    for (const { code, errors } of [
      refusedServe(gateway.dataDir, wrong),
      run(["verify", "--data-dir", gateway.dataDir], wrong),
      run(["backup", join(gateway.dataDir, "..", "never"), "--data-dir", gateway.dataDir], wrong),
    ]) {
      expect([code, errors]).toEqual([75, expect.stringMatching(/^error: [^\n]*abstractgateway migrate[^\n]*\n$/)]);
    }
    expect(existsSync(join(gateway.dataDir, other === "file" ? "ledger" : "gateway.sqlite3"))).toBe(false);
    await rm(gateway.dataDir, { recursive: true });
  }
});

test("a folder that is no file ledger, or a damaged one, is one sentence, and stays as it is", async () => {
  const dataDir = await temporary();
  const diary = join(dataDir, "ledger", "diary.txt");
  await mkdir(join(dataDir, "ledger"));
  await writeFile(diary, "mine");
  expect(refusedServe(dataDir)).toMatchObject({
    code: 74,
    errors: expect.stringMatching(/^error: [^\n]*no ledger of this program\n$/),
  });
  expect(readFileSync(diary, "utf8")).toBe("mine");
  await rm(dataDir, { recursive: true });

  const gateway = await startGateway({ env });
  await gateway.upload("short", archive("short", [short]));
  const runId = await gateway.start("short");
  await gateway.follow(runId);
  gateway.process.kill("SIGTERM");
  await gateway.process.exited;
  const file = join(gateway.dataDir, "ledger", "runs", runId, "run.json");
  const kept = readFileSync(file, "utf8");
  await writeFile(file, kept.slice(0, 100));
  for (const args of [["serve", "--port", "0"], ["verify"]]) {
    const { code, errors } = run([...args, "--data-dir", gateway.dataDir]);
    expect([code, errors]).toEqual([
      74,
      expect.stringMatching(/^error: The ledger is damaged: [^\n]*run\.json[^\n]*\n$/),
    ]);
  }
  await writeFile(file, kept);
  expect(run(["verify", "--data-dir", gateway.dataDir])).toMatchObject({ code: 0 });
  await rm(gateway.dataDir, { recursive: true });
});

test("a ledger folder that somebody else has locked is one sentence", async () => {
  const dataDir = await temporary();
  const gateway = await startGateway({ dataDir, env });
  await gateway.kill();
  const holder = new Database(join(dataDir, "ledger", "writer.lock"));
  holder.run("BEGIN EXCLUSIVE");
  const { code, errors } = refusedServe(dataDir);
  holder.close(true);
  expect([code, errors]).toEqual([74, expect.stringMatching(/^error: [^\n]*locked[^\n]*\n$/)]);
  await (await startGateway({ dataDir, env })).close();
});

test.skipIf(!canMount)(
  "a full disk refuses new work with one sentence, keeps what there is, and goes on when there is room (skipped where nothing can be mounted)",
  async () => {
    const dataDir = await temporary();
    mount(dataDir, "size=12m");
    const gateway = await startGateway({ dataDir, env });
    try {
      await gateway.upload("short", archive("short", [short]));
      const before = await gateway.start("short");
      await gateway.follow(before);
      const filler = join(dataDir, "filler");
      await rejection(fill(filler));
      let refused: { status: number; body: any } | null = null;
      for (let attempt = 0; attempt < 5000 && !refused; attempt++) {
        const reply = await gateway.post("/runs/start", { bundle_id: "short", input_data: { note: "x".repeat(2000) } });
        if (reply.status !== 200) refused = reply;
      }
      expect(refused).toEqual(
        expect.objectContaining({ status: 507, body: { detail: expect.stringMatching(/^[A-Z].*(disk|full|space)/i) } }),
      );
      await rm(filler);
      const after = await gateway.start("short");
      await gateway.follow(after);
      expect((await gateway.get(`/runs/${after}`)).body.status).toBe("completed");
      await gateway.kill();
      expect(run(["verify", "--data-dir", dataDir])).toMatchObject({ code: 0, errors: "" });
      const again = await startGateway({ dataDir, env });
      expect((await again.ledger(before)).length).toBeGreaterThan(0);
      await again.kill();
    } finally {
      await gateway.kill();
      unmount(dataDir);
      await rm(dataDir, { recursive: true });
    }
  },
  120_000,
);

test.skipIf(!canMount)("a read-only data folder is one sentence (skipped where nothing can be mounted)", async () => {
  const dataDir = await temporary();
  mount(dataDir, "size=1m,ro");
  const { code, errors } = refusedServe(dataDir);
  unmount(dataDir);
  expect(readdirSync(dataDir)).toEqual([]);
  await rm(dataDir, { recursive: true });
  expect([code, errors]).toEqual([74, expect.stringMatching(/^error: [^\n]*read-only[^\n]*\n$/i)]);
});
