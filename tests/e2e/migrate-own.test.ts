import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { program } from "#fixtures/migration.ts";
import { ask, askLoop, short } from "#fixtures/sample-flows.ts";

/* A gateway changes its store and back, through the executable: runs go on, and their ledgers have the same hashes. */

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "gateway-own-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function stop(gateway: Gateway): Promise<void> {
  gateway.process.kill("SIGTERM");
  expect(await gateway.process.exited).toBe(0);
}

test("SQLite to files in the same folder, and from there to SQLite in another one", async () => {
  const dataDir = join(root, "data");
  await Bun.write(join(dataDir, "mcp.json"), '{"mcpServers": {}}');
  let gateway = await startGateway({ dataDir });
  for (const each of [short, ask, askLoop]) await gateway.upload(each.id, archive(each.id, [each]));
  const done = await gateway.start("short");
  await gateway.follow(done);
  const [asks, loops] = [await gateway.start("ask"), await gateway.start("ask-loop", { end: 3 })];
  for (const runId of [asks, loops]) await gateway.until(runId, "waiting");
  await gateway.command(loops, "resume", { payload: { response: "one" } }, "known");
  await gateway.follow(
    loops,
    ({ data }) => data.record?.effect?.payload?.prompt === "2.0" && data.record.status === "waiting",
  );
  const { body: schedule } = await gateway.post("/runs/schedule", {
    bundle_id: "short",
    flow_id: "short",
    start_at: "2h",
    interval: "1h",
  });
  await gateway.until(schedule.run_id, "waiting");
  const ids = [done, asks, loops, schedule.run_id];
  const ledgers = await Promise.all(ids.map((runId) => gateway.ledger(runId)));
  const next = (await gateway.get(`/schedules/${schedule.run_id}`)).body.next_fire_times;
  await stop(gateway);

  const files = { ABSTRACTGATEWAY_STORE_BACKEND: "file" };
  const moved = await program(["migrate", "--to=file", "--data-dir", dataDir], root);
  expect(moved).toMatchObject({ code: 0, errors: "" });
  expect(moved.output).toContain("Start it with ABSTRACTGATEWAY_STORE_BACKEND=file.");
  gateway = await startGateway({ dataDir, env: files });
  expect(await Promise.all(ids.map((runId) => gateway.ledger(runId)))).toEqual(ledgers);
  expect((await gateway.get(`/schedules/${schedule.run_id}`)).body.next_fire_times).toEqual(next);
  expect((await gateway.command(loops, "cancel", {}, "known")).body).toMatchObject({ duplicate: true });
  await gateway.command(asks, "resume", { payload: { response: "Ada" } });
  await gateway.follow(asks);
  expect((await gateway.get(`/runs/${asks}`)).body.status).toBe("completed");
  await stop(gateway);

  const back = await program(
    ["migrate", "--from=file", "--to=sqlite", "--data-dir", dataDir, "--target-dir", "moved"],
    root,
    files,
  );
  expect(back).toMatchObject({ code: 0, errors: "" });
  gateway = await startGateway({ dataDir: join(root, "moved") });
  try {
    expect(await gateway.ledger(loops)).toEqual(ledgers[2] as any[]);
    await gateway.command(loops, "resume", { payload: { response: "two" } });
    await gateway.follow(loops);
    expect((await gateway.get(`/runs/${loops}`)).body).toMatchObject({ status: "completed" });
    expect(await Bun.file(join(root, "moved", "mcp.json")).exists()).toBe(true);
    const again = await gateway.start("ask");
    expect(await gateway.until(again, "waiting")).toMatchObject({ workflow_id: "ask@1.0.0:ask" });
  } finally {
    await stop(gateway);
  }
  expect(await program(["verify", "--data-dir", "moved"], root)).toMatchObject({ code: 0 });
});
