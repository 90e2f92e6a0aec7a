import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Harness, createHarness } from "./harness.ts";
import { rows } from "./request-rows.ts";

let gateway: Harness;

beforeAll(async () => {
  gateway = await createHarness();
  const done = await gateway.addRun("done", 3, { created_at: "2026-11-23T00:00:00.000000+00:00" });
  await done.finish();
  await gateway.addRun("plain", 2, { session_id: "s2" });
  await gateway.addRun("child", 1, { parent_run_id: "done", root_run_id: "done" });
  await gateway.addRun("hidden", 0, { lifecycle: { purpose: "draft_test" } });
});

afterAll(() => gateway.close());

const api = "/api/gateway";

describe("one request, one reply", () => {
  for (const row of rows) {
    test(row.name, async () => {
      const answer = await gateway.request(row.method ?? "GET", row.path, row);
      expect({ status: answer.status, body: answer.status === row.status ? null : answer.text }).toEqual({
        status: row.status,
        body: null,
      });
      if (row.has) expect(answer.body).toMatchObject(row.has);
      row.check?.(answer);
    });
  }
});

test("every reply of the gateway carries the request id and the security headers", async () => {
  for (const options of [{}, { auth: false }, { headers: { "x-request-id": "mine-1" } }]) {
    const { headers } = await gateway.request("GET", `${api}/runs/none`, options);
    expect(headers.get("x-request-id")).toMatch("headers" in options ? /^mine-1$/ : /^[0-9a-f]{32}$/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("content-security-policy")).toBe("frame-ancestors 'none'");
  }
});

test("a request id that no log should hold is replaced", async () => {
  const { headers } = await gateway.request("GET", `${api}/ping`, {
    headers: { "x-request-id": `x ${"y".repeat(300)}` },
  });
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
});

test("HEAD answers like GET without a body, also for a stream that would stay open", async () => {
  for (const path of [`${api}/runs/done`, `${api}/runs/plain/ledger/stream`]) {
    const answer = await gateway.request("HEAD", path);
    expect([answer.status, answer.text]).toEqual([200, ""]);
  }
});

test("a run keeps what it waits for, its pause and its counters", async () => {
  const writer = await gateway.addRun("waiting-run", 1);
  await writer.write(1, {
    status: "waiting",
    node_id: "ask",
    wait: {
      reason: "user",
      wait_key: "user:waiting-run:ask",
      until: null,
      resume_to_node: "end",
      result_key: "_temp.effects.ask",
      prompt: "Name?",
      choices: [],
      allow_free_text: true,
      details: null,
    },
    pause: { paused: true, pause_reason: "lunch", paused_at: "2026-11-23T00:00:01+00:00", resumed_at: null },
    limits: { estimated_tokens_used: 8192, max_tokens: 32768, max_input_tokens: null, warn_tokens_pct: 80 },
    flow_warnings: ["odd"],
  });
  const { body } = await gateway.request("GET", `${api}/runs/waiting-run`);
  expect(body).toEqual({
    run_id: "waiting-run",
    workflow_id: "ask@1.0.0:main",
    status: "waiting",
    current_node: "ask",
    created_at: "2026-11-23T00:00:00.000000+00:00",
    updated_at: "2026-11-23T00:00:01.000000+00:00",
    actor_id: "gateway",
    session_id: "s1",
    parent_run_id: null,
    forked_from: null,
    error: null,
    flow_warnings: ["odd"],
    paused: true,
    pause_reason: "lunch",
    paused_at: "2026-11-23T00:00:01+00:00",
    resumed_at: null,
    waiting: {
      reason: "user",
      wait_key: "user:waiting-run:ask",
      until: null,
      prompt: "Name?",
      choices: [],
      allow_free_text: true,
      details: null,
    },
    is_scheduled: false,
    schedule: null,
    limits: {
      tokens: { estimated_used: 8192, max_tokens: 32768, max_input_tokens: null, pct: 0.25, warn_tokens_pct: 80 },
    },
    run_lifecycle: null,
    is_draft: false,
  });
});
