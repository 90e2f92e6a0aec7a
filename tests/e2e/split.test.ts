import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, startRunner } from "#fixtures/gateway.ts";
import { ask, loop, parent, short, timer } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let runner: Bun.Subprocess | null = null;

beforeAll(async () => {
  gateway = await startGateway({ args: ["--no-runner"] });
  for (const each of [short, loop, ask, timer]) await gateway.upload(each.id, archive(each.id, [each]));
  await gateway.upload("parent", archive("parent", [parent, short]));
});
afterAll(async () => {
  runner?.kill("SIGTERM");
  await runner?.exited;
  await gateway?.close();
});

test("without a runner a start is accepted and stays where it is; the runner that comes later finishes it", async () => {
  const runId = await gateway.start("short");
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("running");
  expect(await gateway.ledger(runId)).toEqual([]);
  const following = gateway.follow(runId);
  runner = await startRunner(gateway.dataDir);
  const events = await following;
  expect(events.at(-1)?.event).toBe("done");
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("completed");
});

test("commands to the server steer runs of the other process, and their outcome is readable", async () => {
  const runId = await gateway.start("ask");
  await gateway.until(runId, "waiting");
  // A question waits for its user anyway: there is nothing to pause.
  await gateway.command(runId, "pause", {}, "split-pause");
  await gateway.command(runId, "resume", { payload: { response: "from the other side" } }, "split-answer");
  await gateway.follow(runId);
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("completed");
  expect((await gateway.get("/commands/split-pause")).body.outcome.status).toBe("ignored");
  expect((await gateway.get("/commands/split-answer")).body.outcome.status).toBe("applied");
});

test("a runner that is killed is followed by another, which goes on where it was", async () => {
  const known = await Promise.all([
    gateway.start("loop", { end: 400 }),
    gateway.start("parent"),
    gateway.start("timer"),
    gateway.start("loop", { end: 400 }),
  ]);
  await gateway.follow(known[0], (event) => Number(event.id) >= 20);
  runner?.kill("SIGKILL");
  await runner?.exited;
  runner = await startRunner(gateway.dataDir);
  for (const runId of known) {
    await gateway.follow(runId);
    expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("completed");
  }
});

test("a second runner waits for the first to go, and a cancel reaches whoever works", async () => {
  const second = await startRunner(gateway.dataDir);
  const runId = await gateway.start("ask");
  await gateway.until(runId, "waiting");
  runner?.kill("SIGTERM");
  await runner?.exited;
  runner = second;
  await gateway.command(runId, "cancel", { reason: "enough" });
  await gateway.follow(runId);
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("cancelled");
});
