import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { executable, startGateway, token } from "#fixtures/gateway.ts";
import { short } from "#fixtures/sample-flows.ts";
import { rejection } from "#fixtures/rejection.ts";
import { canMount, fill, mount, unmount } from "#fixtures/small-disk.ts";

const temporary = () => mkdtemp(join(tmpdir(), "gateway-trouble-"));

/** What `serve` says when it gives up at once. */
function refusedServe(dataDir: string): { exitCode: number | null; stderr: string } {
  const { exitCode, stderr } = Bun.spawnSync([...executable, "serve", "--port", "0", "--data-dir", dataDir], {
    env: { PATH: process.env["PATH"] ?? "", HOME: dataDir, ABSTRACTGATEWAY_AUTH_TOKEN: token, NO_COLOR: "1" },
    cwd: tmpdir(),
    timeout: 30_000,
  });
  return { exitCode, stderr: stderr.toString() };
}

test.skipIf(!canMount)(
  "a full disk refuses new work with one sentence, keeps what there is, and goes on when there is room (skipped where nothing can be mounted)",
  async () => {
    const dataDir = await temporary();
    mount(dataDir, "size=12m");
    const gateway = await startGateway({ dataDir });
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
      expect((await gateway.ledger(before)).length).toBeGreaterThan(0);
      await rm(filler);
      const after = await gateway.start("short");
      await gateway.follow(after);
      expect((await gateway.get(`/runs/${after}`)).body.status).toBe("completed");
      await gateway.kill();
      const verified = Bun.spawnSync([...executable, "verify", "--data-dir", dataDir]);
      expect([verified.exitCode, verified.stderr.toString()]).toEqual([0, ""]);
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
  const { exitCode, stderr } = refusedServe(dataDir);
  unmount(dataDir);
  await rm(dataDir, { recursive: true });
  expect(exitCode).toBe(74);
  expect(stderr).toMatch(/^error: .*(read-only|cannot be written).*\n$/i);
});

test("a ledger file that is no database is one sentence, and stays as it is", async () => {
  const dataDir = await temporary();
  const file = join(dataDir, "gateway.sqlite3");
  await writeFile(file, "this is my diary, not a ledger. ".repeat(400));
  const { exitCode, stderr } = refusedServe(dataDir);
  expect([exitCode, stderr]).toEqual([74, expect.stringMatching(/^error: [^\n]*not an SQLite database[^\n]*\n$/)]);
  expect(await readFile(file, "utf8")).toStartWith("this is my diary");
  await rm(dataDir, { recursive: true });
});

test("a ledger file that somebody else has locked is one sentence", async () => {
  const dataDir = await temporary();
  const gateway = await startGateway({ dataDir });
  await gateway.kill();
  const holder = new Database(join(dataDir, "gateway.sqlite3"));
  holder.run("PRAGMA locking_mode = EXCLUSIVE");
  holder.run("BEGIN EXCLUSIVE");
  const { exitCode, stderr } = refusedServe(dataDir);
  holder.close(true);
  expect([exitCode, stderr]).toEqual([74, expect.stringMatching(/^error: [^\n]*locked[^\n]*\n$/)]);
  await (await startGateway({ dataDir })).close();
});

test("a data folder that is a file is one sentence", async () => {
  const folder = await temporary();
  await mkdir(join(folder, "a"));
  const file = join(folder, "a", "data");
  await writeFile(file, "mine");
  const { exitCode, stderr } = refusedServe(file);
  expect([exitCode, stderr]).toEqual([74, expect.stringMatching(/^error: [^\n]+\n$/)]);
  expect(await readFile(file, "utf8")).toBe("mine");
  await rm(folder, { recursive: true });
});
