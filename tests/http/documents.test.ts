import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Harness, createHarness } from "./harness.ts";

type Json = Record<string, any>;

let gateway: Harness;
let document: Json;

beforeAll(async () => {
  gateway = await createHarness();
  document = (await gateway.request("GET", "/openapi.json", { auth: false })).body;
});

afterAll(() => gateway.close());

interface Operation {
  path: string;
  method: string;
  operation: Json;
}

function operations(): Operation[] {
  return Object.entries(document["paths"] as Json).flatMap(([path, methods]) =>
    Object.entries(methods as Json).map(([method, operation]) => ({ path, method, operation: operation as Json })),
  );
}

/** Every schema object below a value, with where it is. */
function* schemas(value: unknown, at: string): Generator<{ at: string; schema: Json }> {
  if (typeof value !== "object" || value === null) return;
  const schema = value as Json;
  yield { at, schema };
  for (const key of ["properties", "patternProperties"]) {
    for (const [name, inner] of Object.entries((schema[key] ?? {}) as Json)) yield* schemas(inner, `${at}.${name}`);
  }
  for (const key of ["items", "additionalProperties"]) yield* schemas(schema[key], `${at}.${key}`);
  for (const inner of (schema["anyOf"] ?? []) as unknown[]) yield* schemas(inner, `${at}|`);
}

/** They say all they want with their path. */
const bodiless =
  /\/(bundles\/reload|session\/logout|versions\/\{bundle_version\}\/default|workspace\/open|webhooks\/\{webhook_id\}\/(test|deliveries\/\{delivery_id\}\/redeliver))$/;

describe("the API document", () => {
  test("is OpenAPI 3.1 of this gateway", () => {
    expect(document).toMatchObject({
      openapi: "3.1.0",
      info: { title: "AbstractGateway", version: "9.9.9" },
      components: { securitySchemes: { gatewayBearerAuth: { type: "http", scheme: "bearer" } } },
    });
    expect(Object.keys(document).sort()).toEqual(["components", "info", "openapi", "paths", "tags"]);
  });

  test("has the routes of this build and nothing that is no API", () => {
    const routes = operations().map(
      ({ method, path }) => `${method.toUpperCase()} ${path.replace("/api/gateway", "")}`,
    );
    expect(routes.sort()).toEqual([
      "DELETE /admin/users/{user_id}",
      "DELETE /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}",
      "DELETE /attachments/uploads/{upload_id}",
      "DELETE /bundles/{bundle_id}",
      "DELETE /config/capability-defaults/{kind}/{modality}",
      "DELETE /config/capability-defaults/{kind}/{modality}/{task}",
      "DELETE /config/provider-endpoint-profiles/{profile_id}",
      "DELETE /me/tokens/{token_id}",
      "DELETE /schedules/{schedule_id}",
      "DELETE /visualflows/{flow_id}",
      "DELETE /webhooks/{webhook_id}",
      "GET /admin/runtime-reservations",
      "GET /admin/users",
      "GET /admin/users/{user_id}",
      "GET /api/health",
      "GET /artifacts/search",
      "GET /artifacts/stats",
      "GET /attachments/uploads/{upload_id}",
      "GET /audio/music/models",
      "GET /audio/music/providers",
      "GET /audio/speech/models",
      "GET /audio/transcriptions/models",
      "GET /audit/tail",
      "GET /blocs",
      "GET /blocs/kv/list",
      "GET /blocs/kv/manifest",
      "GET /blocs/record",
      "GET /bundles",
      "GET /bundles/{bundle_id}",
      "GET /bundles/{bundle_id}/flows/{flow_id}",
      "GET /bundles/{bundle_id}/flows/{flow_id}/input_schema",
      "GET /commands/{command_id}",
      "GET /config/capability-defaults",
      "GET /config/provider-endpoint-profiles",
      "GET /discovery/capabilities",
      "GET /discovery/models/capabilities",
      "GET /discovery/providers",
      "GET /discovery/providers/{provider_name}/models",
      "GET /discovery/tools",
      "GET /email/accounts",
      "GET /email/messages",
      "GET /email/messages/{uid}",
      "GET /embeddings/config",
      "GET /embeddings/models",
      "GET /files/list",
      "GET /files/read",
      "GET /files/search",
      "GET /files/skim",
      "GET /host/metrics/gpu",
      "GET /kg/assertions/{assertion_id}",
      "GET /kg/export",
      "GET /me",
      "GET /me/tokens",
      "GET /metrics",
      "GET /models/loaded",
      "GET /ping",
      "GET /prompt_cache/capabilities",
      "GET /prompt_cache/saved",
      "GET /prompt_cache/stats",
      "GET /reports/bugs",
      "GET /reports/bugs/{filename}/content",
      "GET /reports/features",
      "GET /reports/features/{filename}/content",
      "GET /runs",
      "GET /runs/{run_id}",
      "GET /runs/{run_id}/artifacts",
      "GET /runs/{run_id}/artifacts/{artifact_id}",
      "GET /runs/{run_id}/artifacts/{artifact_id}/content",
      "GET /runs/{run_id}/history_bundle",
      "GET /runs/{run_id}/input_data",
      "GET /runs/{run_id}/ledger",
      "GET /runs/{run_id}/ledger/stream",
      "GET /runs/{run_id}/state",
      "GET /runs/{run_id}/steps/{step_id}/prompt",
      "GET /schedules",
      "GET /schedules/{schedule_id}",
      "GET /semantics",
      "GET /sessions",
      "GET /sessions/{session_id}",
      "GET /sessions/{session_id}/artifacts",
      "GET /sessions/{session_id}/prompt_cache/status",
      "GET /status",
      "GET /v1/models",
      "GET /vision/adapters",
      "GET /vision/models",
      "GET /vision/provider_models",
      "GET /visualflows",
      "GET /visualflows/{flow_id}",
      "GET /voice/voices",
      "GET /webhooks",
      "GET /webhooks/{webhook_id}",
      "GET /webhooks/{webhook_id}/deliveries",
      "GET /workflow-catalog",
      "GET /workflow-catalog/{bundle_id}",
      "GET /workflow-catalog/{bundle_id}/versions/{bundle_version}/flows/{flow_id}",
      "GET /workflow-catalog/{bundle_id}/versions/{bundle_version}/flows/{flow_id}/input_schema",
      "GET /workflows/{workflow_id}/flow",
      "GET /workspace/policy",
      "PATCH /admin/users/{user_id}",
      "PATCH /attachments/uploads/{upload_id}",
      "PATCH /schedules/{schedule_id}",
      "PATCH /webhooks/{webhook_id}",
      "POST /admin/gc",
      "POST /admin/runtime-reservations/{runtime_id}/purge",
      "POST /admin/runtime-reservations/{runtime_id}/transfer",
      "POST /admin/users",
      "POST /admin/workflow-catalog/promote",
      "POST /admin/workflow-catalog/upload",
      "POST /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/block",
      "POST /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/default",
      "POST /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/deprecate",
      "POST /artifacts/import",
      "POST /attachments/ingest",
      "POST /attachments/upload",
      "POST /attachments/uploads",
      "POST /blocs/delete",
      "POST /blocs/kv/delete",
      "POST /blocs/kv/ensure",
      "POST /blocs/kv/load",
      "POST /blocs/kv/prune",
      "POST /blocs/upsert_text",
      "POST /bugs/report",
      "POST /bundles/reload",
      "POST /bundles/upload",
      "POST /bundles/{bundle_id}/deprecate",
      "POST /bundles/{bundle_id}/undeprecate",
      "POST /commands",
      "POST /config/provider-endpoint-profiles",
      "POST /config/provider-endpoint-profiles/discover-models",
      "POST /email/send",
      "POST /embeddings",
      "POST /features/report",
      "POST /kg/assert",
      "POST /kg/import",
      "POST /kg/invalidate",
      "POST /kg/neighbors",
      "POST /kg/query",
      "POST /kg/resolve",
      "POST /kg/undo",
      "POST /me/tokens",
      "POST /models/load",
      "POST /models/unload",
      "POST /prompt_cache/clear",
      "POST /prompt_cache/fork",
      "POST /prompt_cache/load",
      "POST /prompt_cache/prepare_modules",
      "POST /prompt_cache/save",
      "POST /prompt_cache/set",
      "POST /prompt_cache/update",
      "POST /runs/ledger/batch",
      "POST /runs/purge_drafts",
      "POST /runs/schedule",
      "POST /runs/start",
      "POST /runs/{run_id}/artifacts/{artifact_id}/export",
      "POST /runs/{run_id}/audio/transcribe",
      "POST /runs/{run_id}/chat",
      "POST /runs/{run_id}/chat_threads",
      "POST /runs/{run_id}/fork",
      "POST /runs/{run_id}/images/edit",
      "POST /runs/{run_id}/images/generate",
      "POST /runs/{run_id}/images/upscale",
      "POST /runs/{run_id}/music/generate",
      "POST /runs/{run_id}/summary",
      "POST /runs/{run_id}/videos/from_image",
      "POST /runs/{run_id}/videos/generate",
      "POST /runs/{run_id}/voice/tts",
      "POST /runs/{run_id}/waits/{wait_key}/link",
      "POST /runs/{run_id}/workspace/open",
      "POST /sandbox/generate",
      "POST /session/login",
      "POST /session/logout",
      "POST /sessions/{session_id}/prompt_cache/clear",
      "POST /sessions/{session_id}/prompt_cache/prepare",
      "POST /sessions/{session_id}/prompt_cache/rebuild",
      "POST /v1/audio/speech",
      "POST /v1/audio/transcriptions",
      "POST /v1/chat/completions",
      "POST /v1/embeddings",
      "POST /v1/images/edits",
      "POST /v1/images/generations",
      "POST /visualflows",
      "POST /visualflows/code/simulate",
      "POST /visualflows/{flow_id}/publish",
      "POST /webhooks",
      "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
      "POST /webhooks/{webhook_id}/test",
      "PUT /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/acl",
      "PUT /config/capability-defaults/{kind}/{modality}",
      "PUT /config/capability-defaults/{kind}/{modality}/{task}",
      "PUT /config/provider-endpoint-profiles/{profile_id}",
      "PUT /visualflows/{flow_id}",
    ]);
  });

  test("asks for the bearer on every operation of the gateway, and only there", () => {
    for (const { path, operation } of operations()) {
      const expected = /^\/(api\/gateway\/|v1\/|metrics$)/.test(path) ? [{ gatewayBearerAuth: [] }] : undefined;
      expect({ path, security: operation["security"] }).toEqual({ path, security: expected });
    }
  });

  test("names every operation once and gives it words and a tag that exists", () => {
    const ids = operations().map(({ operation }) => operation["operationId"]);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = (document["tags"] as Json[]).map((tag) => tag["name"]);
    for (const { operation } of operations()) {
      expect(operation["summary"].length).toBeGreaterThan(5);
      expect(tags).toContain(operation["tags"][0]);
    }
  });

  test("describes every parameter, and exactly those of the path", () => {
    for (const { path, operation } of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const parameters = operation["parameters"] as Json[];
      expect(parameters.filter((each) => each["in"] === "path").map((each) => each["name"])).toEqual(named);
      for (const parameter of parameters) {
        expect({ path, ...parameter }).toMatchObject({
          required: parameter["in"] === "path",
          description: expect.stringMatching(/\w/),
          schema: { type: expect.stringMatching(/^(string|integer|number|boolean|array)$/) },
        });
      }
    }
  });

  test("describes every request and every reply with one media type and a schema that says something", () => {
    for (const { path, method, operation } of operations()) {
      const bodies = Object.entries(operation["responses"] as Json).map(([status, reply]) => ({
        status,
        reply: reply as Json,
      }));
      expect(bodies.map(({ status }) => status)).toContain("200");
      for (const { status, reply } of bodies) {
        expect(reply["description"]).toMatch(/\w/);
        expectOneSchema(`${method} ${path} ${status}`, reply["content"]);
      }
      if (["post", "put", "patch"].includes(method) && !bodiless.test(path)) {
        expectOneSchema(`${method} ${path}`, operation["requestBody"]["content"]);
      }
    }
  });

  function expectOneSchema(at: string, content: Json): void {
    const types = Object.entries(content);
    expect({ at, types: types.length }).toEqual({ at, types: 1 });
    const schema = (types[0]?.[1] as Json)["schema"] as Json;
    expect({ at, says: "$ref" in schema || "type" in schema }).toEqual({ at, says: true });
  }

  test("has components that say what each field is", () => {
    for (const [name, component] of Object.entries(document["components"]["schemas"] as Json)) {
      expect({ name, described: typeof (component as Json)["description"] }).toEqual({ name, described: "string" });
      for (const { at, schema } of schemas(component, name)) {
        const says = ["type", "$ref", "anyOf", "description"].some((key) => key in schema);
        expect({ at, says }).toEqual({ at, says: true });
        for (const field of (schema["required"] ?? []) as string[]) expect(schema["properties"]).toHaveProperty(field);
      }
    }
  });

  test("refers only to what is there, and uses everything that is there", () => {
    const text = JSON.stringify(document);
    const referred = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]));
    const defined = Object.keys(document["components"]["schemas"]);
    for (const name of referred) expect(defined).toContain(name as string);
    // Records are on the event stream too, whose media type cannot say so.
    expect(defined.filter((name) => !referred.has(name) && name !== "LedgerRecord")).toEqual([]);
    expect(text).not.toMatch(/"\$id"|"const":|~kind/);
  });

  test("requires of a request only what has no default", () => {
    const components = document["components"]["schemas"] as Json;
    expect(components["StartRunRequest"]["required"]).toBeUndefined();
    expect(components["SubmitCommandRequest"]["required"]).toEqual(["command_id", "run_id", "type"]);
  });
});

test("the documentation page and everything it loads come from this server", async () => {
  const page = await gateway.request("GET", "/docs", { auth: false });
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toStartWith("default-src 'none'; script-src 'self'");
  const links = [...page.text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map((match) => match[1] as string);
  expect(links.length).toBe(3);
  for (const link of links) {
    expect(link).toStartWith("/docs/");
    expect((await gateway.request("GET", link, { auth: false })).status).toBe(200);
  }
  expect(page.text).not.toMatch(/https?:\/\//);
});

const shared = resolve(process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"));
const reference = join(shared, "contract/reference/capabilities.json");
/** Reasons for something that is not there depend on the build. */
const reasons = new Set(["error", "install_hint", "config_hint", "embedding_error", "transcription_config_hint"]);

function* leaves(value: unknown, path: string[] = []): Generator<string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (!reasons.has(path.at(-1) ?? "") && !isPackageVersion(path)) yield `${path.join(".")}: ${kind(value)}`;
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leaves(inner, [...path, key]);
}

/** A package that this build has no part of has no version either. */
function isPackageVersion(path: string[]): boolean {
  return path.length === 3 && path[2] === "version";
}

function kind(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/** A path in one answer, null in the other. */
const mayDiffer = new Set(["path"]);

test.skipIf(!existsSync(reference))(
  "capabilities have every key of the reference's answer with the same kind of value (skipped without the shared contract)",
  async () => {
    const expected = await Bun.file(reference).json();
    const { body } = await gateway.request("GET", "/api/gateway/discovery/capabilities");
    const found = new Set(leaves(body));
    const names = new Set([...found].map((leaf) => leaf.replace(/: \w+$/, "")));
    const missing = [...leaves(expected)].filter((leaf) => {
      const name = leaf.replace(/: \w+$/, "");
      return mayDiffer.has(name.split(".").at(-1) ?? "") ? !names.has(name) : !found.has(leaf);
    });
    expect(missing).toEqual([]);
  },
);

test("capabilities advertise as available exactly what this server routes", async () => {
  const { body } = await gateway.request("GET", "/api/gateway/discovery/capabilities");
  const routed = new Set(Object.keys(document["paths"] as Json).map((path) => path.replace(/\{\w+\}/g, "{}")));
  const wrong: string[] = [];
  const visit = (value: unknown, at: string): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const { available, route_available: isRouted = available, endpoint, registry_scope } = value as Json;
    if (typeof endpoint === "string" && typeof available === "boolean" && registry_scope === undefined) {
      if (routed.has(endpoint.replace(/\{\w+\}/g, "{}")) !== isRouted) wrong.push(`${at}: ${endpoint}`);
      if (!available && typeof (value as Json)["config_hint"] !== "string") wrong.push(`${at} has no reason`);
    }
    for (const [key, inner] of Object.entries(value)) visit(inner, `${at}.${key}`);
  };
  visit(body.capabilities, "capabilities");
  expect(wrong).toEqual([]);
  expect(body.capabilities.contracts).toMatchObject({
    version: 1,
    common: {
      ledger: { stream: { available: true, transport: "sse" } },
      execution: { code: { contract: "code_execution_policy_v1" } },
      readiness: { contract: "gateway_surface_readiness_v1", surfaces: { runs: { start: true, schedule: true } } },
    },
    flow_editor: { version: 1 },
  });
});
