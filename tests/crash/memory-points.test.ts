import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChosenLedger } from "#app/chosen-ledger.ts";
import { loadSettings } from "#config/load.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";

/* The process dies while something is learnt or a conversation is made shorter. */

const learns = flow(
  "learns",
  [
    exec("start", "on_flow_start", { out: ["facts:array"] }),
    exec("learn", "memory_kg_assert", { in: ["assertions:array"], out: ["count:number"] }),
    exec("tell", "answer_user", { in: ["message:string"], defaults: { message: "learnt" } }),
    exec("end", "on_flow_end", { in: ["count:number"] }),
  ],
  ["start > learn", "learn > tell", "tell > end", "start.facts -> learn.assertions", "learn.count -> end.count"],
);
const facts = ["tea", "coffee"].map((object) => ({ subject: "ex:ada", predicate: "schema:knowsAbout", object }));

/** What a folder holds whose process is dead: entries of the memory log, and steps of the run that say something was learnt. */
async function left(dataDir: string, env: Record<string, string>, runId: string) {
  const settings = loadSettings({ env: { ...env, ABSTRACTGATEWAY_DATA_DIR: dataDir }, cwd: dataDir, envFile: null });
  const ledger = await openChosenLedger(settings, { isShared: false, report: () => undefined });
  try {
    const records = await ledger.readRecords(runId, 0, { limit: 100 });
    const steps = records
      .map(({ json }) => JSON.parse(json))
      .filter(({ effect }) => effect?.type === "memory_kg_assert");
    const entries = await ledger.readMemory(0, 100);
    return { learnt: entries.length, told: steps.filter(({ status }) => status === "completed").length };
  } finally {
    await ledger.close();
  }
}

const points = [
  "effect-started:1",
  "effect-done:1",
  ...[1, 2, 3, 4].flatMap((count) => [`before-commit:${count}`, `after-commit:${count}`]),
];
for (const store of ["sqlite", "file"]) {
  test(`with the ${store} store a death at any point leaves a triple and its record, or neither, and each once in the end`, async () => {
    const seen = new Set<number>();
    for (const point of points) {
      const env = { ABSTRACTGATEWAY_STORE_BACKEND: store, ABSTRACTGATEWAY_MEMORY_STORE_BACKEND: "sqlite" };
      const dataDir = await mkdtemp(join(tmpdir(), "gateway-learn-"));
      const prepared = await startGateway({ dataDir, env });
      await prepared.upload("learns", archive("learns", [learns]));
      await prepared.kill();
      const dying = await startGateway({ dataDir, env: { ...env, ABSTRACTGATEWAY_CRASH_AT: point } });
      const runId = await dying.start("learns", { facts }).catch(() => null);
      // Where the run needs fewer commits than that, the process outlives it.
      if (runId !== null) await dying.follow(runId).catch(() => undefined);
      await dying.kill();
      if (runId !== null) {
        const { learnt, told } = await left(dataDir, env, runId);
        expect([point, learnt]).toEqual([point, told]);
        seen.add(told);
      }
      const next = await startGateway({ dataDir, env });
      for (const run of (await next.get("/runs")).body.items as { run_id: string }[]) {
        await next.follow(run.run_id);
        const records = await next.ledger(run.run_id);
        const done = records.filter(
          ({ effect, status }) => effect?.type === "memory_kg_assert" && status === "completed",
        );
        expect([point, done.length]).toEqual([point, 1]);
        const { items } = (await next.post("/kg/query", { scope: "run", run_id: run.run_id })).body;
        expect([point, items.map(({ object }: any) => object).sort()]).toEqual([point, ["coffee", "tea"]]);
      }
      await next.kill();
      await rm(dataDir, { recursive: true, force: true });
    }
    // The points lie on both sides of the commit.
    expect([seen.has(0), seen.has(1), seen.size]).toEqual([true, true, 2]);
  }, 120_000);
}

const waits = flow(
  "waits",
  [
    exec("start", "on_flow_start", { out: ["context:object"] }),
    exec("ask", "ask_user", { in: ["prompt:string"], defaults: { prompt: "Go on?" }, out: ["response:string"] }),
    exec("end", "on_flow_end", { in: ["response:string"] }),
  ],
  ["start > ask", "ask > end", "ask.response -> end.response"],
);
const messages = Array.from({ length: 20 }, (_, index) => ({
  role: index % 2 === 0 ? "user" : "assistant",
  content: `message ${index}`,
  metadata: { message_id: `m${index}` },
}));

async function polled<T>(look: () => Promise<T | null | undefined>): Promise<T> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const found = await look();
    if (found) return found;
    await Bun.sleep(20);
  }
  throw new Error("it did not come");
}

const outcomeOf = (gateway: Gateway, commandId: string) =>
  polled(async () => (await gateway.get(`/commands/${commandId}`)).body.outcome);

for (const store of ["sqlite", "file"]) {
  test(`with the ${store} store a command to compact that was under way at kill -9 is applied once afterwards`, async () => {
    let isSilent = true;
    const said = { content: JSON.stringify({ summary: "They spoke.", key_points: [], confidence: 1 }) };
    const server = await startOpenAiServer([], (): Reply => (isSilent ? { silent: true } : said));
    const dataDir = await mkdtemp(join(tmpdir(), "gateway-compact-"));
    const env = {
      ABSTRACTGATEWAY_STORE_BACKEND: store,
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
    };
    const first = await startGateway({ dataDir, env });
    await first.upload("waits", archive("waits", [waits]));
    const runId = await first.start("waits", { context: { messages } });
    await first.until(runId, "waiting");
    await first.command(runId, "compact_memory", { preserve_recent: 4 }, "shorter");
    await polled(() => Promise.resolve(server.requests.some(({ path }) => path.endsWith("/chat/completions"))));
    expect((await first.get("/commands/shorter")).body.outcome).toBeNull();
    await first.kill();
    isSilent = false;
    const next = await startGateway({ dataDir, env });
    expect(await outcomeOf(next, "shorter")).toMatchObject({ status: "applied" });
    // The same command again is the one that was done.
    await next.command(runId, "compact_memory", { preserve_recent: 4 }, "shorter");
    const { vars } = (await next.get(`/runs/${runId}/state`)).body;
    expect(vars.context.messages.map(({ metadata }: any) => metadata.kind ?? metadata.message_id)).toEqual([
      "memory_summary",
      "m16",
      "m17",
      "m18",
      "m19",
    ]);
    const steps = (await next.ledger(runId)).filter(({ effect }) => effect?.type === "memory_compact");
    expect(steps.map(({ status, idempotency_key: key }) => [status, key])).toEqual([
      ["completed", "command:memory_compact:shorter"],
    ]);
    await next.command(runId, "resume", { payload: { response: "yes" } });
    await next.follow(runId);
    expect((await next.get(`/runs/${runId}`)).body.status).toBe("completed");
    await next.kill();
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);
}

test("a command to compact whose run is cancelled meanwhile is told that there was nothing left to do", async () => {
  const server = await startOpenAiServer([], () => ({ silent: true }));
  const gateway = await startGateway({
    env: {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
    },
  });
  await gateway.upload("waits", archive("waits", [waits]));
  const runId = await gateway.start("waits", { context: { messages } });
  await gateway.until(runId, "waiting");
  await gateway.command(runId, "compact_memory", {}, "too-late");
  await polled(() => Promise.resolve(server.requests.some(({ path }) => path.endsWith("/chat/completions"))));
  await gateway.command(runId, "cancel", {});
  expect(await outcomeOf(gateway, "too-late")).toMatchObject({ status: "ignored" });
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("cancelled");
  await gateway.close();
  await server.close();
}, 60_000);
