import { afterEach, beforeEach, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, startRunner } from "#fixtures/gateway.ts";
import { startLoad } from "#fixtures/load.ts";
import { loop, parent, short, timer } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let runners: Bun.Subprocess[] = [];

beforeEach(async () => {
  gateway = await startGateway({ args: ["--no-runner"] });
  for (const each of [short, loop, timer]) await gateway.upload(each.id, archive(each.id, [each]));
  await gateway.upload("parent", archive("parent", [parent, short]));
});
afterEach(async () => {
  for (const runner of runners) runner.kill("SIGKILL");
  await Promise.all(runners.map((runner) => runner.exited));
  runners = [];
  await gateway?.close();
});

async function runner(): Promise<Bun.Subprocess> {
  const started = await startRunner(gateway.dataDir);
  runners.push(started);
  return started;
}

async function stopped(process: Bun.Subprocess): Promise<number> {
  process.kill("SIGTERM");
  return process.exited;
}

const bodies = [
  { bundle_id: "loop", input_data: { end: 15 } },
  { bundle_id: "short" },
  { bundle_id: "timer" },
  { bundle_id: "parent" },
];

test("API and runner are replaced one after the other under load: nothing is refused, lost, doubled or left undone", async () => {
  const first = await runner();
  const load = startLoad(gateway, { clients: 6, body: (n) => bodies[n % bodies.length] ?? { bundle_id: "short" } });
  await load.more(12);

  const { port } = new URL(gateway.url);
  const next = await startGateway({ dataDir: gateway.dataDir, args: ["--no-runner", "--port", port] });
  expect(next.url).toBe(gateway.url);
  await load.more(12);
  const old = gateway;
  gateway = next;
  expect(await stopped(old.process)).toBe(0);
  await load.more(12);

  await runner();
  await load.more(12);
  expect(await stopped(first)).toBe(0);
  await load.more(24);
  await load.stop();

  const { items } = (await gateway.get("/runs?limit=500&root_only=true")).body;
  expect(new Set(items.map((run: any) => run.run_id))).toEqual(new Set(load.started));
  expect(new Set(items.map((run: any) => run.status))).toEqual(new Set(["completed"]));
  const verified = Bun.spawnSync([...executable, "verify", "--data-dir", gateway.dataDir]);
  expect(verified.stdout.toString()).toContain("sound.");
  // Commands find the process that is there now: the one that left did not take the address with it.
  expect(Bun.spawnSync([...executable, "health", "--data-dir", gateway.dataDir]).exitCode).toBe(0);
}, 60_000);

test("a runner that waits takes over within 15 s when the working one is killed, and at once when it is stopped", async () => {
  const first = await runner();
  const second = await runner();
  const long = await gateway.start("loop", { end: 2000 });
  await gateway.follow(long, (event) => Number(event.id) >= 20);
  const took = async (end: () => Promise<unknown>) => {
    const from = performance.now();
    await end();
    await gateway.follow(await gateway.start("short"));
    return performance.now() - from;
  };
  first.kill("SIGKILL");
  expect(await took(() => first.exited)).toBeLessThan(15_000);
  await gateway.follow(long);
  expect((await gateway.get(`/runs/${long}`)).body.status).toBe("completed");
  await runner();
  expect(await took(() => stopped(second))).toBeLessThan(15_000);
  const verified = Bun.spawnSync([...executable, "verify", "--data-dir", gateway.dataDir]);
  expect(verified.stdout.toString()).toContain("sound.");
}, 60_000);

test("a port on which something else listens is not shared", async () => {
  const stranger = Bun.serve({ port: 0, hostname: "127.0.0.1", reusePort: true, fetch: () => new Response("mine") });
  try {
    const port = String(stranger.port);
    const refused = await startGateway({ dataDir: gateway.dataDir, args: ["--no-runner", "--port", port] }).catch(
      (error: unknown) => error,
    );
    expect(String(refused)).toContain("listens there");
  } finally {
    await stranger.stop(true);
  }
}, 20_000);
