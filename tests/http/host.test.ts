import { afterAll, beforeAll, expect, test } from "bun:test";
import { createMetrics } from "#app/telemetry/metrics.ts";
import { resourceOf } from "#http/telemetry.ts";
import { type Harness, createHarness } from "./harness.ts";

const metrics = createMetrics("9.9.9");
let harness: Harness;

beforeAll(async () => {
  harness = await createHarness({ services: { telemetry: metrics } });
  await harness.addRun("alive", 2);
  await harness.addRun("asks", 0, { status: "waiting" });
});
afterAll(async () => {
  await harness.close();
  metrics.close();
});

/** The samples of one metric, by their labels. */
function samples(text: string, name: string): Record<string, number> {
  const rows = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    rows.map((line) => [line.slice(name.length, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

test("metrics need a token like everything else", async () => {
  expect((await harness.request("GET", "/metrics", { auth: false })).status).toBe(401);
});

test("requests are counted by method, resource and class of status, and never by what the client wrote", async () => {
  await harness.request("GET", "/api/gateway/runs/alive");
  await harness.request("GET", "/api/gateway/runs/nobody");
  await harness.request("GET", "/api/gateway/%2e%2e/secret-name");
  const { status, text, headers } = await harness.request("GET", "/metrics");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
  const counts = samples(text, "abstractgateway_http_request_seconds_count");
  expect(counts['{method="GET",resource="runs",status="2xx"}']).toBe(1);
  expect(counts['{method="GET",resource="runs",status="4xx"}']).toBe(1);
  expect(counts['{method="GET",resource="other",status="4xx"}']).toBe(1);
  expect(text).not.toContain("secret-name");
});

test("without metrics the route says how to have them", async () => {
  const plain = await createHarness();
  try {
    const { status, body } = await plain.request("GET", "/metrics");
    expect(status).toBe(404);
    expect(body.detail).toContain("ABSTRACTGATEWAY_METRICS");
  } finally {
    await plain.close();
  }
});

test("the status tells live runs, the runner, streams and sizes", async () => {
  const { status, body } = await harness.request("GET", "/api/gateway/status");
  expect(status).toBe(200);
  expect(body.runs).toEqual({ running: 1, waiting: 1, paused: 0 });
  expect(body.runner).toEqual({ state: "running", active_runs: 0, queued_runs: 0, effects_in_flight: 0 });
  expect(body.version).toBe("9.9.9");
  expect(body.streams).toBe(0);
  expect(body.ledger.bytes).toBeGreaterThan(0);
  expect(body.memory.resident_bytes).toBeGreaterThan(1e6);
});

test("a process without a runner has none in its status", async () => {
  const plain = await createHarness({ services: { runner: null } });
  try {
    expect((await plain.request("GET", "/api/gateway/status")).body.runner).toBeNull();
  } finally {
    await plain.close();
  }
});

test("the load of the graphics cards is passed on", async () => {
  const { body } = await harness.request("GET", "/api/gateway/host/metrics/gpu");
  expect(body).toEqual({ ts: "2026-11-24T00:00:00+00:00", supported: false, reason: "disabled" });
});

test.each([
  ["/api/gateway/runs/1/ledger", "runs"],
  ["/api/gateway", "other"],
  ["/api/gateway/nonsense", "other"],
  ["/api/gateway/__proto__", "other"],
  ["/v1/chat/completions", "v1"],
  ["/metrics", "other"],
  ["/api/other/runs", "other"],
])("%s counts as %s", (path, resource) => {
  expect(resourceOf(path)).toBe(resource);
});
