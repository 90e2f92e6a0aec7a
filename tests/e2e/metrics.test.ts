import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { ask, model, short } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let server: OpenAiServer;

beforeAll(async () => {
  server = await startOpenAiServer();
  gateway = await startGateway({ env: { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: "test" } });
  for (const each of [short, ask, model]) await gateway.upload(each.id, archive(each.id, [each]));
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
});

async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

test("what happened is in the metrics: runs, records, commits, commands and streams", async () => {
  const before = await scrape();
  const runId = await gateway.start("short");
  await gateway.follow(runId);
  const asking = await gateway.start("ask");
  await gateway.until(asking, "waiting");
  const during = await scrape();
  expect(during.get('abstractgateway_runs{state="waiting"}')).toBe(1);
  await gateway.command(asking, "resume", { payload: { response: "yes" } });
  await gateway.follow(asking);
  // A note about a run that has ended is a record more, and no end more.
  const thread = { messages: [{ role: "user", content: "Well done" }] };
  expect((await gateway.post(`/runs/${runId}/chat_threads`, thread)).status).toBe(200);
  const after = await scrape();
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const records = (await gateway.ledger(runId)).length + (await gateway.ledger(asking)).length;
  expect(grown("abstractgateway_records_total")).toBe(records);
  expect(grown("abstractgateway_runs_started_total")).toBe(2);
  expect(grown('abstractgateway_runs_ended_total{status="completed"}')).toBe(2);
  expect(grown("abstractgateway_command_lag_seconds_count")).toBe(1);
  expect(grown("abstractgateway_commit_seconds_count")).toBeGreaterThan(2);
  expect(grown("abstractgateway_commit_batches_count")).toBeGreaterThan(0);
  expect(after.get("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(after.get('abstractgateway_runs{state="waiting"}')).toBe(0);
});

test("tokens of models, the wait for a turn and the event loop are seen", async () => {
  const before = await scrape();
  const input = { prompt: "Hello", provider: "openai-compatible", model: "test-model" };
  await gateway.follow(await gateway.start("model", input));
  const after = await scrape();
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const of = 'provider="openai-compatible",model="test-model"';
  expect(grown(`abstractgateway_model_tokens_total{${of},kind="input"}`)).toBe(7);
  expect(grown(`abstractgateway_model_tokens_total{${of},kind="output"}`)).toBe(1);
  expect(grown('abstractgateway_effect_seconds_count{type="llm_call",outcome="completed"}')).toBe(1);
  expect(grown("abstractgateway_queue_wait_seconds_count")).toBeGreaterThan(0);
  expect(after.get("abstractgateway_event_loop_lag_seconds")).toBeGreaterThanOrEqual(0);
});

test("an open stream is seen", async () => {
  const asking = await gateway.start("ask");
  await gateway.until(asking, "waiting");
  const controller = new AbortController();
  const stream = gateway.stream(asking, 0, controller.signal);
  await stream.next();
  expect((await scrape()).get("abstractgateway_sse_clients")).toBe(1);
  expect((await gateway.get("/status")).body.streams).toBe(1);
  controller.abort();
});
