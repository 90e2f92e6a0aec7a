import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";
import { ask, loop, short } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "gateway-backup-"));
  gateway = await startGateway();
  for (const each of [short, ask, loop]) await gateway.upload(each.id, archive(each.id, [each]));
});
afterAll(async () => {
  await gateway?.close();
  await rm(root, { recursive: true, force: true });
});

async function command(...args: string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([...executable, ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", HOME: root, ABSTRACTGATEWAY_AUTH_TOKEN: token, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: out + errors };
}

test("a backup taken under load restores to a gateway where questions wait, records are the same and runs go on", async () => {
  const asking = await gateway.start("ask");
  await gateway.until(asking, "waiting");
  let isOver = false;
  const load = keepStarting(() => isOver);
  const target = join(root, "copy");
  // The load must be under way before, and go on after.
  await load.first;
  const made = await command("backup", target, "--data-dir", gateway.dataDir);
  isOver = true;
  const started = await load.done;
  expect(made.output).toContain("checked.");
  expect(made.code).toBe(0);
  for (const runId of started) await gateway.follow(runId);

  const restoredDir = join(root, "restored");
  const restored = await command("restore", target, "--data-dir", restoredDir);
  expect({ ...restored, output: restored.output.includes("is as of") }).toEqual({ code: 0, output: true });
  const other = await startGateway({ dataDir: restoredDir });
  try {
    const kept = await restoredRuns(other, started);
    expect(kept.length).toBeGreaterThan(0);
    for (const runId of kept) {
      await other.follow(runId);
      expect((await other.get(`/runs/${runId}`)).body.status).toBe("completed");
    }
    expect(await other.ledger(asking)).toEqual(await gateway.ledger(asking));
    await other.command(asking, "resume", { payload: { response: "restored" } });
    await other.follow(asking);
    expect((await other.get(`/runs/${asking}`)).body.status).toBe("completed");
    expect((await gateway.get(`/runs/${asking}`)).body.status).toBe("waiting");
    expect((await command("verify", "--data-dir", restoredDir)).output).toContain("sound.");
  } finally {
    await other.close();
  }
});

test("a restore into the folder of a running gateway is refused", async () => {
  const target = join(root, "second");
  expect((await command("backup", target, "--data-dir", gateway.dataDir)).code).toBe(0);
  const { code, output } = await command("restore", target, "--replace", "--data-dir", gateway.dataDir);
  expect(code).toBe(75);
  expect(output).toContain("A gateway is running");
});

/** Starts runs one after the other until told to stop. */
function keepStarting(isOver: () => boolean): { first: Promise<void>; done: Promise<string[]> } {
  const first = Promise.withResolvers<void>();
  const work = async () => {
    const ids: string[] = [];
    while (!isOver()) {
      ids.push(await gateway.start("loop", { end: 20 }));
      if (ids.length === 10) first.resolve();
    }
    return ids;
  };
  const done = work();
  done.catch(first.reject);
  return { first: first.promise, done };
}

/** Those of the runs that the backup knows; it was made between the first and the last. */
async function restoredRuns(other: Gateway, runIds: string[]): Promise<string[]> {
  const known: string[] = [];
  for (const runId of runIds) if ((await other.get(`/runs/${runId}`)).status === 200) known.push(runId);
  return known;
}
