import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parseObject } from "#core/json.ts";
import { PyFloat } from "#core/value.ts";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;
const start = "/api/gateway/runs/start";

beforeAll(async () => {
  gateway = await createHarness();
  await gateway.addRun("maker", 0, { session_id: "s9" });
  const row = {
    blob_id: "b",
    content_type: "text/plain",
    size_bytes: 1,
    runtime_id: "default",
    created_at: "2026-11-23T00:00:00+00:00",
    metadata: {},
  };
  await gateway.ledger.commit({
    artifacts: [
      { ...row, artifact_id: "made", run_id: "maker", tags: {} },
      { ...row, artifact_id: "tagged", run_id: "elsewhere", tags: { session_id: "s9" } },
      { ...row, artifact_id: "shared", run_id: "session_memory_s9", tags: {} },
    ],
  });
});

afterAll(() => gateway.close());

const post = (body: unknown, headers: Record<string, string> = {}) => gateway.request("POST", start, { body, headers });

async function vars(runId: string) {
  return parseObject((await gateway.ledger.readInput(runId)) ?? "");
}

test("a started run is in the ledger with its input, session and workspace when the reply comes", async () => {
  const { status, body } = await post({
    bundle_id: "ask",
    input_data: { prompt: "x" },
    session_id: "s1",
    thinking: "high",
  });
  expect([status, Object.keys(body)]).toEqual([200, ["run_id"]]);
  expect(await gateway.ledger.getRun(body.run_id)).toMatchObject({
    workflow_id: "ask@1.0.0:main",
    status: "running",
    session_id: "s1",
    actor_id: "gateway",
    head_seq: 0,
  });
  expect(await vars(body.run_id)).toMatchObject({ prompt: "x", _runtime: { thinking: "high" } });
});

test("without a session a run is its own", async () => {
  for (const session_id of [undefined, null, ""]) {
    const { body } = await post({ bundle_id: "ask", session_id });
    expect((await gateway.ledger.getRun(body.run_id))?.session_id).toBe(body.run_id);
  }
});

test("floats of the input stay floats", async () => {
  const { body } = await post('{"bundle_id":"ask","input_data":{"a":5.0,"b":5,"c":[1e2]}}', {
    "content-type": "application/json",
  });
  const input = await vars(body.run_id);
  expect([input["a"], input["b"], input["c"]]).toEqual([new PyFloat(5), 5, [new PyFloat(100)]]);
});

test("lifecycle keeps what the contract names", async () => {
  const { body } = await post({
    bundle_id: "ask",
    bundle_version: "draft.abc",
    run_lifecycle: {
      purpose: "draft_test",
      source: "x".repeat(300),
      evil: "yes",
      visibility: 5,
      retention: { mode: "ephemeral", ttl_s: 60.0, expires_at: "", other: 1 },
    },
  });
  expect((await gateway.ledger.getRun(body.run_id))?.lifecycle).toEqual({
    source: "x".repeat(240),
    purpose: "draft_test",
    retention: { mode: "ephemeral", ttl_s: 60 },
  });
});

test("the same key and body give the same run, another body is refused, another key starts anew", async () => {
  const headers = { "idempotency-key": "key-1" };
  const first = await post({ bundle_id: "ask", input_data: { n: 1 } }, headers);
  const again = await post({ bundle_id: "ask", input_data: { n: 1 } }, headers);
  expect(again.body).toEqual(first.body);
  const other = await post({ bundle_id: "ask", input_data: { n: 2 } }, headers);
  expect([other.status, typeof other.body.detail]).toEqual([422, "string"]);
  const fresh = await post({ bundle_id: "ask", input_data: { n: 1 } }, { "idempotency-key": "key-2" });
  expect(fresh.body.run_id).not.toBe(first.body.run_id);
});

const refusals: [name: string, body: unknown, status: number, detail: string | RegExp][] = [
  ["no bundle", {}, 400, "bundle_id is required"],
  ["an unknown bundle", { bundle_id: "none" }, 404, "Bundle 'none' not found"],
  ["an unknown flow", { bundle_id: "ask", flow_id: "none" }, 404, "Flow 'none' not found"],
  ["a draft without its purpose", { bundle_id: "ask", bundle_version: "draft.abc" }, 400, /draft_test/],
  ["another scope", { bundle_id: "ask", registry_scope: "moon" }, 400, /registry_scope/],
  ["what the catalog does not have", { bundle_id: "ask", registry_scope: "catalog" }, 404, /not in the catalog/],
  [
    "an unknown artifact",
    { bundle_id: "ask", session_id: "s9", input_data: { f: [{ $artifact: "no" }] } },
    404,
    "Artifact 'no' not found",
  ],
  [
    "an artifact of another run",
    { bundle_id: "ask", input_data: { f: { $artifact: "made", run_id: "other" } } },
    400,
    /does not belong/,
  ],
  [
    "an artifact without session or run",
    { bundle_id: "ask", input_data: { f: { $artifact: "made" } } },
    400,
    /needs a session_id/,
  ],
  [
    "an artifact of another session",
    { bundle_id: "ask", session_id: "s8", input_data: { f: { artifact_id: "made" } } },
    404,
    "Artifact 'made' not found",
  ],
  [
    "an artifact id that is none",
    { bundle_id: "ask", session_id: "s9", input_data: { $artifact: "../x" } },
    400,
    "Invalid artifact id: ../x",
  ],
];

describe("refused starts", () => {
  for (const [name, body, status, detail] of refusals) {
    test(`${name} is answered with ${status} and starts nothing`, async () => {
      const before = await gateway.ledger.counts();
      const answer = await post(body);
      expect(answer.status).toBe(status);
      expect(answer.body.detail).toMatch(detail instanceof RegExp ? detail : new RegExp(`^${RegExp.escape(detail)}$`));
      expect((await gateway.ledger.counts()).runs).toBe(before.runs);
    });
  }
});

test("artifacts that the session may see are accepted", async () => {
  for (const ref of [
    { $artifact: "made" },
    { $artifact: "tagged" },
    { artifact_id: "shared" },
    { $artifact: "made", run_id: "maker" },
  ]) {
    expect((await post({ bundle_id: "ask", session_id: "s9", input_data: { deep: { f: [ref] } } })).status).toBe(200);
  }
});

test("a deprecated flow cannot be started until the deprecation is taken back", async () => {
  const deprecated = await gateway.request("POST", "/api/gateway/bundles/ask/deprecate", { body: { reason: "old" } });
  expect(deprecated.body).toEqual({
    ok: true,
    bundle_id: "ask",
    flow_id: "*",
    deprecated_at: "2026-11-23T00:00:00+00:00",
    reason: "old",
  });
  expect((await post({ bundle_id: "ask" })).status).toBe(409);
  expect((await gateway.request("GET", "/api/gateway/bundles")).body.items).toEqual([]);
  const listed = await gateway.request("GET", "/api/gateway/bundles?include_deprecated=true");
  expect(listed.body.items[0].entrypoints[0]).toMatchObject({ deprecated: true, deprecated_reason: "old" });
  const back = await gateway.request("POST", "/api/gateway/bundles/ask/undeprecate", { body: {} });
  expect(back.body).toEqual({ ok: true, bundle_id: "ask", flow_id: "*", removed: true });
  expect((await post({ bundle_id: "ask" })).status).toBe(200);
});

test("keys of the prototype are data like any other and change nothing else", async () => {
  const text =
    '{"bundle_id":"ask","input_data":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}';
  const { status } = await post(text, { "content-type": "application/json" });
  expect(status).toBe(200);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
