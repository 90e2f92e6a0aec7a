import { afterEach, beforeEach, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, startRunner } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { model, short } from "#fixtures/sample-flows.ts";

let server: OpenAiServer;
/** Stands before the model and lets no question through until it is opened. */
let gate: Bun.Server<unknown>;
let asked: PromiseWithResolvers<void>;
let opened: PromiseWithResolvers<void>;
let gateway: Gateway;
let runners: Bun.Subprocess[];

beforeEach(async () => {
  server = await startOpenAiServer();
  asked = Promise.withResolvers();
  opened = Promise.withResolvers();
  gate = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const body = request.method === "POST" ? await request.text() : null;
      if (body !== null) {
        asked.resolve();
        await opened.promise;
      }
      return fetch(server.url + pathname, { method: request.method, headers: request.headers, body });
    },
  });
  gateway = await startGateway({ args: ["--no-runner"] });
  for (const each of [short, model]) await gateway.upload(each.id, archive(each.id, [each]));
  runners = [];
});
afterEach(async () => {
  opened.resolve();
  for (const runner of runners) runner.kill("SIGKILL");
  await Promise.all(runners.map((runner) => runner.exited));
  await gateway?.close();
  await gate.stop(true);
  await server.close();
});

async function runner(graceMs: number): Promise<Bun.Subprocess> {
  const started = await startRunner(gateway.dataDir, {
    OPENAI_API_KEY: "sk-test",
    OPENAI_BASE_URL: `http://127.0.0.1:${gate.port}/v1`,
    ABSTRACTGATEWAY_GRACE_MS: String(graceMs),
  });
  runners.push(started);
  return started;
}

const calls = async (runId: string) =>
  (await gateway.ledger(runId))
    .filter((record) => record.effect?.type === "llm_call")
    .map((record) => `${record.status} ${record.attempt}`);

test("a runner that is told to stop finishes the call in flight, begins nothing new and exits with 0", async () => {
  const first = await runner(30_000);
  await runner(30_000);
  const asking = await gateway.start("model", { prompt: "x", provider: "openai-compatible", model: "test-model" });
  await asked.promise;
  first.kill("SIGTERM");
  // It answers nothing any more: what is started now waits for the other one, which waits for the call.
  const later = await gateway.start("short");
  opened.resolve();
  expect(await first.exited).toBe(0);
  for (const runId of [asking, later]) {
    await gateway.follow(runId);
    expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("completed");
  }
  expect(await calls(asking)).toEqual(["started 1", "completed 1"]);
  expect(server.requests.filter(({ path }) => path.endsWith("/chat/completions"))).toHaveLength(1);
}, 40_000);

test("a call that outlasts the time to finish is left open, and the next runner makes it again", async () => {
  const first = await runner(100);
  await runner(30_000);
  const asking = await gateway.start("model", { prompt: "x", provider: "openai-compatible", model: "test-model" });
  await asked.promise;
  first.kill("SIGTERM");
  expect(await first.exited).toBe(0);
  opened.resolve();
  await gateway.follow(asking);
  expect((await gateway.get(`/runs/${asking}`)).body.status).toBe("completed");
  expect(await calls(asking)).toEqual(["started 1", "failed 1", "started 2", "completed 2"]);
}, 40_000);
