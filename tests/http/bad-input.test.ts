import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;

beforeAll(async () => {
  gateway = await createHarness();
  await gateway.addRun("r", 1);
});

afterAll(() => gateway.close());

const json = { "content-type": "application/json" };
const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

/** Every route that takes a JSON body, with a body that it accepts. */
const writers: [path: string, good: object][] = [
  ["/runs/start", { bundle_id: "ask" }],
  ["/runs/ledger/batch", { runs: [] }],
  ["/runs/purge_drafts", {}],
  ["/runs/r/fork", {}],
  ["/admin/gc", { dry_run: true }],
  ["/commands", { command_id: "x", run_id: "r", type: "pause" }],
  ["/bundles/ask/deprecate", {}],
  ["/bundles/ask/undeprecate", {}],
  ["/runs/r/chat", {}],
  ["/bugs/report", { session_id: "s", description: "d" }],
  ["/features/report", { session_id: "s", description: "d" }],
  ["/runs/r/chat_threads", {}],
  ["/visualflows", { name: "x" }],
  ["/visualflows/none/publish", {}],
  ["/visualflows/code/simulate", {}],
];

const badBodies: [name: string, body: string | Uint8Array, headers: Record<string, string>, type: string][] = [
  ["an empty body", "", json, "missing"],
  ["a text that is not JSON", "{", json, "json_invalid"],
  ["two values", "{} {}", json, "json_invalid"],
  ["a trailing comma", '{"a":1,}', json, "json_invalid"],
  ["not a number", '{"a":NaN}', json, "json_invalid"],
  ["bytes that are not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), json, "json_invalid"],
  ["a list", "[]", json, "model_attributes_type"],
  ["null", "null", json, "model_attributes_type"],
  ["a number", "5.0", json, "model_attributes_type"],
  ["JSON that is not declared as such", "{}", { "content-type": "text/plain" }, "model_attributes_type"],
  ["a form", "a=1", { "content-type": "application/x-www-form-urlencoded" }, "model_attributes_type"],
  ["JSON nested without end", `{"input_data":{"a":${deep(100_000)}}}`, json, "json_invalid"],
  ["brackets without end", "[".repeat(200_000), json, "json_invalid"],
];

describe("bodies that no route takes", () => {
  for (const [path] of writers) {
    for (const [name, body, headers, type] of badBodies) {
      test(`${name} is answered with 422 by ${path}`, async () => {
        const answer = await gateway.request("POST", `/api/gateway${path}`, { body, headers });
        expect([answer.status, answer.body?.detail?.[0]?.type]).toEqual([422, type]);
        expect(answer.body.detail[0]).toMatchObject({ loc: expect.any(Array), msg: expect.any(String) });
      });
    }
  }
});

const issues: [path: string, body: string | object, issue: object][] = [
  [
    "/runs/start",
    { bundle_id: 5 },
    { type: "string_type", loc: ["body", "bundle_id"], msg: "Input should be a valid string", input: 5 },
  ],
  [
    "/runs/start",
    { input_data: [] },
    { type: "dict_type", loc: ["body", "input_data"], msg: "Input should be a valid dictionary", input: [] },
  ],
  ["/runs/start", { input_data: null }, { type: "dict_type", loc: ["body", "input_data"] }],
  ["/runs/start", '{"input_data":5.0}', { type: "dict_type", loc: ["body", "input_data"], input: 5 }],
  ["/runs/start", '{"session_id":1.0}', { type: "string_type", loc: ["body", "session_id"] }],
  ["/runs/start", { thinking: {} }, { type: "bool_type", loc: ["body", "thinking", "bool"] }],
  ["/runs/start", { run_lifecycle: "x" }, { type: "dict_type", loc: ["body", "run_lifecycle"] }],
  [
    "/runs/start",
    { bundle_id: "ask", session_id: "a\u0000b" },
    { type: "string_unicode", loc: ["body", "session_id"] },
  ],
  [
    "/runs/start",
    '{"bundle_id":"ask","session_id":"\\ud800"}',
    { type: "string_unicode", loc: ["body", "session_id"] },
  ],
  [
    "/runs/start",
    { bundle_id: "ask", session_id: "x".repeat(513) },
    { type: "string_too_long", loc: ["body", "session_id"] },
  ],
  ["/visualflows", {}, { type: "missing", loc: ["body", "name"], msg: "Field required" }],
  ["/visualflows", { name: "x", color: 1 }, { type: "extra_forbidden", loc: ["body", "color"] }],
  ["/visualflows", { name: "x", nodes: {} }, { type: "list_type", loc: ["body", "nodes"] }],
  ["/visualflows", { name: "x", nodes: [5] }, { type: "dict_type", loc: ["body", "nodes", 0] }],
  ["/visualflows", { name: "x", interfaces: [1] }, { type: "string_type", loc: ["body", "interfaces", 0] }],
  ["/visualflows/code/simulate", { mode: 1 }, { type: "extra_forbidden", loc: ["body", "mode"] }],
  ["/visualflows/none/publish", { overwrite: "maybe" }, { type: "bool_type", loc: ["body", "overwrite"] }],
  ["/commands", {}, { type: "missing", loc: ["body", "command_id"], msg: "Field required", input: { payload: {} } }],
  ["/commands", { command_id: "c", run_id: "r" }, { type: "missing", loc: ["body", "type"] }],
  [
    "/commands",
    { command_id: "c", run_id: "r", type: "pause", payload: null },
    { type: "dict_type", loc: ["body", "payload"] },
  ],
  [
    "/commands",
    { command_id: "c", run_id: "r", type: "pause", payload: "x" },
    { type: "dict_type", loc: ["body", "payload"] },
  ],
  ["/commands", { command_id: 1, run_id: "r", type: "pause" }, { type: "string_type", loc: ["body", "command_id"] }],
  [
    "/commands",
    { command_id: "a\u0000", run_id: "r", type: "pause" },
    { type: "string_unicode", loc: ["body", "command_id"] },
  ],
  ["/runs/ledger/batch", {}, { type: "missing", loc: ["body", "runs"] }],
  ["/runs/ledger/batch", { runs: {} }, { type: "list_type", loc: ["body", "runs"] }],
  ["/runs/ledger/batch", { runs: [{}] }, { type: "missing", loc: ["body", "runs", 0, "run_id"] }],
  ["/runs/ledger/batch", { runs: [5] }, { type: "dict_type", loc: ["body", "runs", 0] }],
  [
    "/runs/ledger/batch",
    { runs: [{ run_id: "r", after: -1 }] },
    { type: "greater_than_equal", loc: ["body", "runs", 0, "after"], ctx: { ge: 0 } },
  ],
  [
    "/runs/ledger/batch",
    { runs: [{ run_id: "r", after: 1.5 }] },
    { type: "int_type", loc: ["body", "runs", 0, "after"] },
  ],
  [
    "/runs/ledger/batch",
    { runs: [], limit: 2001 },
    { type: "less_than_equal", loc: ["body", "limit"], ctx: { le: 2000 } },
  ],
  ["/runs/ledger/batch", '{"runs":[],"limit":1e999}', { loc: ["body", "limit"] }],
  ["/admin/gc", { runs_days: -1 }, { type: "greater_than_equal", loc: ["body", "runs_days"] }],
  ["/admin/gc", { states_days: "7" }, { type: "float_type", loc: ["body", "states_days"] }],
  ["/admin/gc", { days: 1 }, { type: "extra_forbidden", loc: ["body", "days"], input: 1 }],
  ["/runs/purge_drafts", { other: 1 }, { type: "extra_forbidden", loc: ["body", "other"], input: 1 }],
  ["/runs/purge_drafts", { limit: 0 }, { type: "greater_than_equal", loc: ["body", "limit"] }],
  ["/runs/purge_drafts", { dry_run: "no" }, { type: "bool_type", loc: ["body", "dry_run"] }],
  ["/runs/purge_drafts", { run_ids: [1] }, { type: "string_type", loc: ["body", "run_ids", 0] }],
  ["/bundles/ask/deprecate", { flow_id: 1 }, { type: "string_type", loc: ["body", "flow_id"] }],
];

describe("fields of the wrong kind", () => {
  for (const [path, body, issue] of issues) {
    test(`${path} tells what is wrong with ${JSON.stringify(body).slice(0, 80)}`, async () => {
      const answer = await gateway.request("POST", `/api/gateway${path}`, { body, headers: json });
      expect(answer.status).toBe(422);
      expect(answer.body.detail[0]).toMatchObject(issue);
    });
  }
});

const queries: [path: string, type: string][] = [
  ["/runs?limit=", "int_parsing"],
  ["/runs?limit=1e3", "int_parsing"],
  ["/runs?limit=99999999999999999999", "int_parsing"],
  ["/runs?limit=10&limit=x", "int_parsing"],
  ["/runs/r/ledger?after=9999999999999999999999", "int_parsing"],
  ["/runs/r/ledger/stream?after=-1", "greater_than_equal"],
  ["/runs/r/ledger/stream?heartbeat_s=0.1", "greater_than"],
  ["/runs/r/ledger/stream?heartbeat_s=61", "less_than_equal"],
  ["/runs/r/ledger/stream?heartbeat_s=abc", "float_parsing"],
  ["/runs/r/ledger/stream?deltas=2", "bool_parsing"],
  ["/runs/r/history_bundle?session_turn_limit=0", "greater_than_equal"],
  ["/bundles?all_versions=2", "bool_parsing"],
  ["/discovery/providers?include_models=x", "bool_parsing"],
];

describe("queries of the wrong kind", () => {
  for (const [path, type] of queries) {
    test(`${path} is answered with ${type}`, async () => {
      const answer = await gateway.request("GET", `/api/gateway${path}`);
      expect([answer.status, answer.body.detail[0].type]).toEqual([422, type]);
    });
  }
});

const paths = [
  "/runs/%00",
  "/runs/%ff",
  "/runs/..%2f..%2fetc",
  `/runs/${"x".repeat(5000)}`,
  "/runs/__proto__",
  "/runs/%F0%9F%92%A9/ledger",
  "/runs/a'%22%3B--/input_data",
  "/bundles/..%2f..%2fetc",
  "/bundles/ask/flows/%00",
  "/commands/%00",
  "/workflows/%00%3Ax/flow",
  "/workflows/__proto__%3A__proto__/flow",
  "/runs/%00/ledger/stream",
  "/runs/x/history_bundle",
  "/runs/x/state",
];

describe("ids that name nothing", () => {
  for (const path of paths) {
    test(`GET ${path.slice(0, 60)} is not found`, async () => {
      expect((await gateway.request("GET", `/api/gateway${path}`)).status).toBe(404);
    });
  }
});

test("a body larger than its limit is refused by its declared length", async () => {
  const answer = await gateway.request("POST", "/api/gateway/commands", { body: "x".repeat(256_001), headers: json });
  expect([answer.status, answer.body]).toEqual([413, { detail: "Payload Too Large (256001 bytes > 256000 bytes)" }]);
});

test("a body of unknown length is counted while it comes", async () => {
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      sent += 65_536;
      if (sent > 10_000_000) controller.close();
      else controller.enqueue(new Uint8Array(65_536).fill(0x20));
    },
  });
  const response = await gateway.raw("/api/gateway/commands", {
    method: "POST",
    headers: { authorization: "Bearer test-token-0123456789abcdef", ...json },
    body,
  });
  expect(response.status).toBe(413);
  expect((await response.json()).detail).toMatch(/^Payload Too Large \(\d+ bytes > 256000 bytes\)$/);
});

test("a small body of unknown length is read", async () => {
  const body = new ReadableStream({
    start(controller) {
      for (const part of ['{"command_id":"chunked","run', '_id":"r","type":"pause"}'])
        controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const response = await gateway.raw("/api/gateway/commands", {
    method: "POST",
    headers: { authorization: "Bearer test-token-0123456789abcdef", ...json },
    body,
  });
  expect([response.status, (await response.json()).accepted]).toEqual([200, true]);
});

test("JSON without a content type is read as such", async () => {
  const answer = await gateway.request("POST", "/api/gateway/runs/ledger/batch", {
    body: new TextEncoder().encode('{"runs":[]}'),
  });
  expect([answer.status, answer.body]).toEqual([200, { runs: {} }]);
});

test("an error never shows more of a large value than its beginning", async () => {
  const answer = await gateway.request("POST", "/api/gateway/commands", {
    body: { command_id: ["x".repeat(100_000)] },
  });
  expect(answer.status).toBe(422);
  expect(answer.text.length).toBeLessThan(10_000);
});

test("what goes wrong inside is reported, and the client learns nothing of it", async () => {
  const broken = await createHarness({
    services: {
      submitCommand: async () => {
        throw new TypeError("secret detail");
      },
    },
  });
  const answer = await broken.request("POST", "/api/gateway/commands", {
    body: { command_id: "c", run_id: "r", type: "pause" },
  });
  expect([answer.status, answer.body]).toEqual([500, { detail: "Internal Server Error" }]);
  expect(broken.reports).toEqual(["POST /api/gateway/commands failed: secret detail"]);
  await broken.close();
});

test("nothing of all this made the server fail inside", () => {
  expect(gateway.reports).toEqual([]);
});
