import { expect } from "bun:test";
import type { Answer, RequestOptions } from "./harness.ts";

/** One request and what must come back. The runs are those that `requests.test.ts` makes. */
export interface Row extends RequestOptions {
  name: string;
  method?: string;
  path: string;
  status: number;
  /** Part of the body. */
  has?: object;
  check?: (answer: Answer) => void;
}

const api = "/api/gateway";

export const rows: Row[] = [
  {
    name: "health needs no token",
    path: "/api/health",
    auth: false,
    status: 200,
    has: { status: "healthy", service: "abstractgateway" },
  },
  {
    name: "ping tells that a client can connect",
    path: `${api}/ping`,
    status: 200,
    has: { ok: true, service: "abstractgateway" },
  },
  {
    name: "ping without a token is refused",
    path: `${api}/ping`,
    auth: false,
    status: 401,
    has: { detail: "Unauthorized" },
  },
  {
    name: "me tells who asks",
    path: `${api}/me`,
    status: 200,
    has: {
      ok: true,
      principal: { user_id: "local-admin", admin: true, source: "legacy-token" },
      auth: { mode: "legacy-token", user_auth_enabled: false },
      routing: { mode: "single-user" },
    },
  },
  {
    name: "a catalog of something that is not here says so",
    path: `${api}/voice/voices?compact=true`,
    status: 200,
    has: {
      available: false,
      route_available: true,
      items: [],
      voices: [],
      tts_models_by_provider: {},
      catalog: { contract: "gateway_catalog_v1", kind: "voices", scope: "tts", available: false },
    },
  },
  {
    name: "a catalog of models for pictures has the task that was asked for",
    path: `${api}/vision/provider_models?task=image_upscale&providers_only=true`,
    status: 200,
    has: {
      available: false,
      task: "image_upscale",
      provider_models: [],
      catalog: { kind: "providers", scope: "vision" },
    },
  },
  {
    name: "a catalog does not know every task",
    path: `${api}/vision/adapters?task=image_upscale`,
    status: 400,
    has: { detail: "task must be one of text_to_image, image_to_image, text_to_video, image_to_video" },
  },
  { name: "an unknown path is not found", path: "/nope", auth: false, status: 404, has: { detail: "Not Found" } },
  {
    name: "an unknown path of the gateway is not found",
    path: `${api}/nope`,
    status: 404,
    has: { detail: "Not Found" },
  },
  { name: "an unknown path of the gateway needs a token first", path: `${api}/nope`, auth: false, status: 401 },
  {
    name: "a wrong method is told with the right ones",
    method: "PATCH",
    path: `${api}/runs`,
    status: 405,
    has: { detail: "Method Not Allowed" },
    check: ({ headers }) => expect(headers.get("allow")).toBe("GET"),
  },
  { name: "a wrong method on a path with an id is told", method: "PUT", path: `${api}/runs/done`, status: 405 },
  {
    name: "the root leads to the documentation",
    path: "/",
    auth: false,
    status: 307,
    check: ({ headers }) => expect(headers.get("location")).toBe("console"),
  },

  {
    name: "a run is told as it stands",
    path: `${api}/runs/done`,
    status: 200,
    has: { run_id: "done", status: "completed", waiting: null },
  },
  {
    name: "an unknown run is not found",
    path: `${api}/runs/none`,
    status: 404,
    has: { detail: "Run 'none' not found" },
  },
  {
    name: "runs are listed without drafts",
    path: `${api}/runs`,
    status: 200,
    check: ({ body }) => expect(body.items.map((item: any) => item.run_id).sort()).toEqual(["child", "done", "plain"]),
  },
  {
    name: "runs can be listed with drafts",
    path: `${api}/runs?include_drafts=yes&limit=500`,
    status: 200,
    check: ({ body }) => expect(body.items.find((item: any) => item.run_id === "hidden").is_draft).toBe(true),
  },
  {
    name: "runs can be limited to roots of a session",
    path: `${api}/runs?root_only=1&session_id=s1`,
    status: 200,
    check: ({ body }) => expect(body.items.map((item: any) => [item.run_id, item.ledger_len])).toEqual([["done", 4]]),
  },
  {
    name: "the length of the ledger can be left out",
    path: `${api}/runs?include_ledger_len=off`,
    status: 200,
    check: ({ body }) => expect(body.items[0]).not.toHaveProperty("ledger_len"),
  },
  {
    name: "metrics can be asked for",
    path: `${api}/runs?include_metrics=true&session_id=s2`,
    status: 200,
    check: ({ body }) =>
      expect(body.items[0]).toMatchObject({ steps: 2, llm_calls: 0, tool_calls: 0, tokens_total: 0 }),
  },
  { name: "runs of an unknown status are a bad request", path: `${api}/runs?status=dead`, status: 400 },
  {
    name: "a limit that is no number is told",
    path: `${api}/runs?limit=abc`,
    status: 422,
    has: {
      detail: [
        {
          type: "int_parsing",
          loc: ["query", "limit"],
          msg: "Input should be a valid integer, unable to parse string as an integer",
          input: "abc",
        },
      ],
    },
  },
  {
    name: "a limit out of range is told",
    path: `${api}/runs?limit=501`,
    status: 422,
    has: { detail: [{ type: "less_than_equal", loc: ["query", "limit"], ctx: { le: 500 } }] },
  },
  {
    name: "a flag that is none is told",
    path: `${api}/runs?root_only=maybe`,
    status: 422,
    has: { detail: [{ type: "bool_parsing" }] },
  },

  {
    name: "input data are those of the start pins",
    path: `${api}/runs/done/input_data`,
    status: 200,
    has: {
      run_id: "done",
      workflow_id: "ask@1.0.0:main",
      bundle_id: "ask",
      bundle_version: "1.0.0",
      flow_id: "main",
      pin_ids: ["prompt", "count", "picture"],
      input_data: { prompt: "hi" },
      workspace: {},
    },
  },
  { name: "input data of an unknown run are not found", path: `${api}/runs/none/input_data`, status: 404 },

  {
    name: "a page of the ledger holds records and the next cursor",
    path: `${api}/runs/done/ledger?after=1&limit=2`,
    status: 200,
    check: ({ body }) => {
      expect(body.next_after).toBe(3);
      expect(body.items.map((item: any) => item.step_id)).toEqual(["step-2", "step-3"]);
      expect(Object.keys(body.items[0])).toEqual([
        "run_id",
        "step_id",
        "node_id",
        "status",
        "effect",
        "result",
        "error",
        "started_at",
        "ended_at",
        "actor_id",
        "session_id",
        "attempt",
        "idempotency_key",
        "prev_hash",
        "record_hash",
        "signature",
      ]);
    },
  },
  {
    name: "a page after the end is empty",
    path: `${api}/runs/done/ledger?after=4`,
    status: 200,
    has: { items: [], next_after: 4 },
  },
  { name: "the ledger of an unknown run is not found", path: `${api}/runs/none/ledger`, status: 404 },
  {
    name: "a negative cursor is told",
    path: `${api}/runs/done/ledger?after=-1`,
    status: 422,
    has: { detail: [{ type: "greater_than_equal", ctx: { ge: 0 } }] },
  },
  { name: "a page of nothing is told", path: `${api}/runs/done/ledger?limit=0`, status: 422 },
  {
    name: "a batch leaves unknown runs out",
    method: "POST",
    path: `${api}/runs/ledger/batch`,
    body: { runs: [{ run_id: "done", after: 3 }, { run_id: "none" }, { run_id: "plain" }], limit: 1 },
    status: 200,
    check: ({ body }) => {
      expect(Object.keys(body.runs)).toEqual(["done", "plain"]);
      expect(body.runs.done).toMatchObject({ next_after: 4 });
      expect(body.runs.plain).toMatchObject({ items: [{ step_id: "step-1" }], next_after: 1 });
    },
  },
  {
    name: "an integral float is a good limit",
    method: "POST",
    path: `${api}/runs/ledger/batch`,
    headers: { "content-type": "application/json" },
    body: '{"runs":[],"limit":5.0}',
    status: 200,
    has: { runs: {} },
  },

  {
    name: "bundles are listed",
    path: `${api}/bundles`,
    status: 200,
    check: ({ body }) => expect(body.items.map((item: any) => item.bundle_ref)).toEqual(["ask@1.0.0"]),
  },
  {
    name: "all versions can be listed",
    path: `${api}/bundles?all_versions=true&include_drafts=true`,
    status: 200,
    check: ({ body }) => {
      expect(body.items.map((item: any) => item.bundle_ref)).toEqual(["ask@0.9.0", "ask@1.0.0", "ask@draft.abc"]);
      expect(body.default_bundle_id).toBe("ask");
    },
  },
  {
    name: "a bundle tells its inputs, nodes and warnings",
    path: `${api}/bundles/ask`,
    status: 200,
    has: {
      bundle_ref: "ask@1.0.0",
      flows: ["main"],
      warnings: ["a node is not reachable"],
      entrypoints: [
        {
          workflow_id: "ask@1.0.0:main",
          deprecated: false,
          inputs: [
            { id: "prompt", label: "Prompt", type: "string", default: "stars" },
            { id: "count", label: "count", type: "number" },
            { id: "picture", label: "picture", type: "artifact_image" },
          ],
          node_index: { start: { type: "on_flow_start", label: "Start", headerColor: "#C0392B" } },
        },
      ],
    },
  },
  {
    name: "a version can be part of the id",
    path: `${api}/bundles/ask%400.9.0`,
    status: 200,
    has: { bundle_ref: "ask@0.9.0" },
  },
  {
    name: "two versions at once are a bad request",
    path: `${api}/bundles/ask%400.9.0?bundle_version=1.0.0`,
    status: 400,
  },
  {
    name: "an unknown bundle is not found",
    path: `${api}/bundles/none`,
    status: 404,
    has: { detail: "Bundle 'none' not found" },
  },
  {
    name: "an unknown version is not found",
    path: `${api}/bundles/ask?bundle_version=3`,
    status: 404,
    has: { detail: "Bundle 'ask@3' not found" },
  },
  {
    name: "a flow is told",
    path: `${api}/bundles/ask/flows/main`,
    status: 200,
    has: { workflow_id: "ask@1.0.0:main", flow: { id: "main" } },
  },
  {
    name: "a flow may be named with its bundle",
    path: `${api}/bundles/ask/flows/ask%3Amain`,
    status: 200,
    has: { flow_id: "main" },
  },
  { name: "an unknown flow is not found", path: `${api}/bundles/ask/flows/none`, status: 404 },
  { name: "a flow named like a prototype is not found", path: `${api}/bundles/ask/flows/__proto__`, status: 404 },
  {
    name: "an input schema says what is required",
    path: `${api}/bundles/ask/flows/main/input_schema`,
    status: 200,
    has: {
      version: 1,
      defaults: { prompt: "stars" },
      inputs: [
        {
          id: "prompt",
          required: false,
          schema: { type: "string", title: "Prompt", default: "stars", "x-abstract-type": "string" },
        },
        { id: "count", required: true, schema: { type: "number", "x-abstract-type": "number" } },
        {
          id: "picture",
          required: true,
          schema: { type: "object", required: ["$artifact"], "x-abstract-artifact-modality": "image" },
        },
      ],
      input_data_schema: { type: "object", additionalProperties: true, required: ["count", "picture"] },
    },
  },
  {
    name: "the flow of a workflow is told",
    path: `${api}/workflows/ask%401.0.0%3Amain/flow`,
    status: 200,
    has: { workflow_id: "ask@1.0.0:main", flow: { id: "main" } },
  },
  {
    name: "an unversioned workflow is the latest",
    path: `${api}/workflows/ask%3Amain/flow`,
    status: 200,
    has: { bundle_version: "1.0.0" },
  },
  { name: "an unknown workflow is not found", path: `${api}/workflows/scheduled%3Aabc/flow`, status: 404 },

  {
    name: "without providers the list is empty and says why",
    path: `${api}/discovery/providers`,
    status: 200,
    has: { items: [], available: false, error: "No provider of models is configured", default_provider: null },
  },
  {
    name: "tools are listed with their arguments and whether they ask",
    path: `${api}/discovery/tools`,
    status: 200,
    has: { tool_mode: "approval" },
  },
  { name: "an unknown provider is not found", path: `${api}/discovery/providers/none/models`, status: 404 },
  {
    name: "another server cannot be named by a client",
    path: `${api}/discovery/providers/none/models?base_url=http://x`,
    status: 400,
  },
  {
    name: "an unknown command is not found",
    path: `${api}/commands/none`,
    status: 404,
    has: { detail: "Command 'none' not found" },
  },
  { name: "an unknown history is not found", path: `${api}/runs/none/history_bundle`, status: 404 },
  { name: "a prompt of an unknown run is not found", path: `${api}/runs/none/steps/step-1/prompt`, status: 404 },
  {
    name: "a prompt of an unknown step is not found",
    path: `${api}/runs/done/steps/none/prompt`,
    status: 404,
    has: { detail: "Step 'none' of run 'done' not found" },
  },
  {
    name: "a step that asked no model has no prompt",
    path: `${api}/runs/done/steps/step-1/prompt`,
    status: 400,
    has: { detail: expect.stringContaining("Step 'step-1' asked no model") },
  },
  {
    name: "another ledger mode is a bad request",
    path: `${api}/runs/done/history_bundle?ledger_mode=half`,
    status: 400,
  },
  {
    name: "too many items of a history are told",
    path: `${api}/runs/done/history_bundle?ledger_max_items=20001`,
    status: 422,
  },
  {
    name: "an unknown artifact is not found",
    path: `${api}/runs/done/artifacts/none`,
    status: 404,
    has: { detail: "Artifact 'none' not found" },
  },
  {
    name: "an artifact id with other characters is a bad request",
    path: `${api}/runs/done/artifacts/a%20b/content`,
    status: 400,
  },
];
