import { resolve } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { askLoop, loop, short } from "#fixtures/sample-flows.ts";
import { type Row, inParallel, print, quantile, round, sample, timeOf } from "./measure.ts";

/** The figures of the design that concern the whole gateway at work, each beside its floor in the same run. `bun tests/bench/gateway.bench.ts` */
const rows: Row[] = [];
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

async function startFloor(): Promise<{ url: string; process: Bun.Subprocess<"ignore", "pipe", "inherit"> }> {
  const child = Bun.spawn([process.execPath, resolve(import.meta.dirname, "floor.ts")], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const first = await child.stdout.getReader().read();
  return { url: new TextDecoder().decode(first.value).trim(), process: child };
}

const floorRun = (url: string) => async () => {
  await (await fetch(url, { method: "POST", body: "{}" })).json();
};

/** Start to completed, seen at the client over the run's own stream. */
const gatewayRun = (gateway: Gateway) => async () => {
  const runId = await gateway.start("short");
  await gateway.follow(runId);
};

async function latency(gateway: Gateway, floorUrl: string): Promise<void> {
  const mine: number[] = [];
  const floor: number[] = [];
  for (let i = 0; i < 30; i++) {
    await gatewayRun(gateway)();
    await floorRun(floorUrl)();
  }
  for (let i = 0; i < 200; i++) {
    mine.push(await timeOf(gatewayRun(gateway)));
    floor.push(await timeOf(floorRun(floorUrl)));
  }
  const ratio = round(quantile(mine, 0.5) / quantile(floor, 0.5));
  rows.push({
    what: "start to completed, p50",
    measured: round(quantile(mine, 0.5)),
    unit: "ms",
    floor: round(quantile(floor, 0.5)),
    ratio,
    target: "≤ 2.5 × floor",
    ok: ratio <= 2.5,
  });
}

async function throughput(
  gateway: Gateway,
  floor: { url: string; process: Bun.Subprocess<"ignore", "pipe", "inherit"> },
): Promise<void> {
  const runs = 4000;
  const warmUp = 6000;
  const startOnly = async () => {
    const response = await fetch(`${gateway.url}/api/gateway/runs/start`, {
      method: "POST",
      headers,
      body: '{"bundle_id":"short","input_data":{}}',
    });
    await response.json();
  };
  const settled = async () => {
    const path = `/runs?status=running&workflow_id=${encodeURIComponent("short@1.0.0:short")}&limit=1&include_ledger_len=false`;
    while ((await gateway.get(path)).body.items.length > 0) await Bun.sleep(5);
  };
  // Until the compilers of both sides have done their work.
  await inParallel(warmUp, 64, startOnly);
  await settled();
  const before = sample(gateway.process.pid);
  const mineMs = await timeOf(async () => {
    await inParallel(runs, 64, startOnly);
    await settled();
  });
  const after = sample(gateway.process.pid);
  await inParallel(warmUp, 64, floorRun(floor.url));
  const floorBefore = sample(floor.process.pid);
  const floorMs = await timeOf(() => inParallel(runs, 64, floorRun(floor.url)));
  const floorAfter = sample(floor.process.pid);
  const perSecond = round((runs / mineMs) * 1000, 0);
  const floorPerSecond = round((runs / floorMs) * 1000, 0);
  const cpuMs = round(((after.cpuS - before.cpuS) * 1000) / runs);
  const floorCpuMs = round(((floorAfter.cpuS - floorBefore.cpuS) * 1000) / runs);
  const writtenKb = round((after.writtenKb - before.writtenKb) / runs, 1);
  const floorKb = round((floorAfter.writtenKb - floorBefore.writtenKb) / runs, 1);
  rows.push({
    what: "short runs per second, 64 at once",
    measured: perSecond,
    unit: "/s",
    floor: floorPerSecond,
    ratio: round(perSecond / floorPerSecond),
    target: "≥ 0.4 × floor",
    ok: perSecond >= 0.4 * floorPerSecond,
  });
  rows.push({
    what: "CPU per short run (server)",
    measured: cpuMs,
    unit: "ms",
    floor: floorCpuMs,
    ratio: round(cpuMs / floorCpuMs),
    target: "≤ 3 × floor",
    ok: cpuMs <= 3 * floorCpuMs,
  });
  rows.push({
    what: "written per short run, 64 at once",
    measured: writtenKb,
    unit: "KB",
    floor: floorKb,
    ratio: round(writtenKb / floorKb),
    target: "≤ 40 KB",
    ok: writtenKb <= 40,
  });
}

/** Within one run, by the times in its records: what 1,000 steps cost after the first 100, and at the end. */
async function longRun(gateway: Gateway): Promise<void> {
  const steps = 10_000;
  const early: number[] = [];
  const late: number[] = [];
  const whole: number[] = [];
  for (let round = -1; round < 5; round++) {
    const runId = await gateway.start("loop", { end: steps / 2 + 1 });
    await gateway.follow(runId);
    const times = (await gateway.ledger(runId)).map((record) => Date.parse(record.started_at));
    // Two records a step: where it starts and where it ends.
    const perStep = (from: number, to: number) => ((times[2 * to] ?? 0) - (times[2 * from] ?? 0)) / (to - from);
    if (round < 0) continue;
    early.push(perStep(100, 1100));
    late.push(perStep(steps - 1001, steps - 1));
    whole.push(perStep(0, steps - 1));
  }
  const [first, last] = [quantile(early, 0.5), quantile(late, 0.5)];
  rows.push({
    what: "cost per step at 10,000 steps against at 100",
    measured: round(last * 1000, 1),
    unit: "µs",
    floor: round(first * 1000, 1),
    ratio: round(last / first),
    target: "≤ 1.2 ×",
    ok: last <= 1.2 * first,
  });
  const rate = 1000 / quantile(whole, 0.5);
  rows.push({
    what: "steps per second in one run",
    measured: round(rate, 0),
    unit: "/s",
    floor: null,
    ratio: null,
    target: "≥ 5000",
    ok: rate >= 5000,
  });
}

/** Time from sending an answer to seeing the run's next question on the stream. */
async function commands(gateway: Gateway): Promise<void> {
  const runId = await gateway.start("ask-loop", { end: 302 });
  const latencies: number[] = [];
  let sentAt = 0;
  const controller = new AbortController();
  for await (const event of gateway.stream(runId, 0, controller.signal)) {
    if (event.data.record?.status !== "waiting") continue;
    if (sentAt > 0) latencies.push(performance.now() - sentAt);
    if (latencies.length >= 300) break;
    sentAt = performance.now();
    void gateway.command(runId, "resume", { payload: { response: "ok" } });
  }
  controller.abort();
  const warm = latencies.slice(20);
  rows.push({
    what: "command sent to applied and seen on SSE, p99",
    measured: round(quantile(warm, 0.99)),
    unit: "ms",
    floor: null,
    ratio: null,
    target: "≤ 20 ms",
    ok: quantile(warm, 0.99) <= 20,
  });
}

async function idleStreams(gateway: Gateway): Promise<void> {
  const streams = 2000;
  const waiting = await gateway.start("ask-loop", { end: 3 });
  await gateway.until(waiting, "waiting");
  await Bun.sleep(500);
  const before = sample(gateway.process.pid);
  const controller = new AbortController();
  const opened: Promise<unknown>[] = [];
  for (let i = 0; i < streams; i++) {
    const { promise, resolve: seen } = Promise.withResolvers<void>();
    opened.push(promise);
    void (async () => {
      try {
        for await (const event of gateway.stream(waiting, 0, controller.signal)) if (event.id === "2") seen();
      } catch {
        seen();
      }
    })();
  }
  await Promise.all(opened);
  await Bun.sleep(10_000);
  const open = sample(gateway.process.pid);
  await Bun.sleep(15_000);
  const later = sample(gateway.process.pid);
  controller.abort();
  const kib = round(((open.rssMb - before.rssMb) * 1e6) / 1024 / streams, 1);
  const cpu = round(((later.cpuS - open.cpuS) / 15) * 100, 2);
  rows.push({
    what: "memory per idle stream, 2,000 open",
    measured: kib,
    unit: "KiB",
    floor: null,
    ratio: null,
    target: "≤ 20 KiB",
    ok: kib <= 20,
  });
  rows.push({
    what: "CPU with 2,000 idle streams (heartbeats included)",
    measured: cpu,
    unit: "%",
    floor: null,
    ratio: null,
    target: "about none",
    ok: cpu < 2,
  });
}

const floor = await startFloor();
const gateway = await startGateway({ env: { ABSTRACTGATEWAY_MAX_SSE: "4096" } });
for (const each of [short, loop, askLoop]) await gateway.upload(each.id, archive(each.id, [each]));
await latency(gateway, floor.url);
await throughput(gateway, floor);
await longRun(gateway);
await commands(gateway);
await gateway.close();
const quiet = await startGateway({ env: { ABSTRACTGATEWAY_MAX_SSE: "4096" } });
await quiet.upload(askLoop.id, archive(askLoop.id, [askLoop]));
await idleStreams(quiet);
await quiet.close();
floor.process.kill("SIGTERM");
await floor.process.exited;
print(rows);
process.exit(0);
