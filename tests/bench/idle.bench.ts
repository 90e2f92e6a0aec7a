import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { askLoop, short } from "#fixtures/sample-flows.ts";
import { type Row, inParallel, print, round, sample, timeOf } from "./measure.ts";

/** What a gateway costs that has nothing to do. `bun tests/bench/idle.bench.ts` */
const rows: Row[] = [];

async function idle(): Promise<void> {
  const cold: number[] = [];
  for (let i = 0; i < 5; i++) {
    let gateway: Gateway | null = null;
    cold.push(
      await timeOf(async () => {
        gateway = await startGateway();
        await fetch(`${gateway.url}/api/health`);
      }),
    );
    await (gateway as Gateway | null)?.close();
  }
  rows.push({
    what: "cold start to first 200, best of 5",
    measured: round(Math.min(...cold), 0),
    unit: "ms",
    floor: null,
    ratio: null,
    target: "≤ 300 ms",
    ok: Math.min(...cold) <= 300,
  });
  const gateway = await startGateway();
  await Bun.sleep(1000);
  const rss = round(sample(gateway.process.pid).rssMb, 0);
  rows.push({
    what: "idle memory",
    measured: rss,
    unit: "MB",
    floor: null,
    ratio: null,
    target: "≤ 100 MB",
    ok: rss <= 100,
  });
  await gateway.upload("ask-loop", archive("ask-loop", [askLoop]));
  await gateway.upload("short", archive("short", [short]));
  await inParallel(1000, 16, async () => void (await gateway.start("ask-loop", { end: 3 })));
  await inParallel(1000, 16, schedule(gateway));
  // The collector works on for a while after the starts.
  await Bun.sleep(15_000);
  await checkThatAllWait(gateway);
  const before = sample(gateway.process.pid);
  await Bun.sleep(60_000);
  const cpu = round(((sample(gateway.process.pid).cpuS - before.cpuS) / 60) * 100, 2);
  rows.push({
    what: "idle CPU over a minute, 1,000 waiting runs and 1,000 schedules",
    measured: cpu,
    unit: "%",
    floor: null,
    ratio: null,
    target: "< 0.5 %",
    ok: cpu < 0.5,
  });
  await gateway.close();
}

/** Half of them by a pattern, half at a fixed rate; none comes while it is measured. */
const schedule = (gateway: Gateway) => async (index: number) => {
  const when = index % 2 === 0 ? { cron: `${index % 60} 3 1 1 *` } : { start_at: "2h", interval: "1h" };
  const { status, body } = await gateway.post("/runs/schedule", { bundle_id: "short", flow_id: "short", ...when });
  if (status !== 200) throw new Error(`scheduling answered ${status}: ${JSON.stringify(body)}`);
};

/** A figure of runs that are over would say nothing. */
async function checkThatAllWait(gateway: Gateway): Promise<void> {
  const { runs } = (await gateway.get("/status")).body;
  if (runs.waiting !== 2000 || runs.running !== 0) throw new Error(`not all wait: ${JSON.stringify(runs)}`);
}

await idle();
print(rows);
process.exit(0);
