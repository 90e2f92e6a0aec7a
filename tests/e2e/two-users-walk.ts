/** What belongs to the first user, by the names that requests need. */
export interface Belongings {
  runId: string;
  stepId: string;
  waitingId: string;
  artifactId: string;
  attachmentId: string;
  uploadId: string;
  commandId: string;
  scheduleId: string;
  sessionId: string;
  webhookId: string;
  deliveryId: string;
  connectionId: string;
  tokenId: string;
  assertionId: string;
  workflowId: string;
  visualFlowId: string;
}

/** How one operation is tried on the first user's things by the second. */
export interface Attempt {
  /** Values of path parameters. */
  path?: Record<string, string>;
  query?: string;
  body?: unknown;
  form?: () => FormData;
  /** Statuses that are right. */
  status: number | number[];
}

const absent = 404;
const forbidden = 403;
const run = (own: Belongings) => ({ run_id: own.runId });
const cacheTarget = "provider=local&model=tiny-chat";
const cacheBody = { provider: "local", model: "tiny-chat", key: "k" };

/** The same for everybody: they say which models there are. */
const mediaCatalogs = `
  GET /voice/voices, GET /audio/speech/models, GET /audio/transcriptions/models, GET /audio/music/providers, GET /audio/music/models,
  GET /vision/models, GET /vision/provider_models, GET /vision/adapters`
  .split(",")
  .map((operation) => operation.trim());

/** Operations that are for administrators: the same for everybody's things. */
const adminOnly = `
  DELETE /admin/users/{user_id}, GET /admin/runtime-reservations, GET /admin/users, GET /admin/users/{user_id}, GET /audit/tail,
  GET /reports/bugs, GET /reports/bugs/{filename}/content, GET /reports/features, GET /reports/features/{filename}/content,
  GET /host/metrics/gpu, GET /metrics, GET /models/loaded, PATCH /admin/users/{user_id}, POST /admin/gc,
  POST /admin/runtime-reservations/{runtime_id}/purge, POST /admin/runtime-reservations/{runtime_id}/transfer, POST /admin/users,
  POST /blocs/delete, POST /blocs/kv/delete, POST /blocs/kv/ensure, POST /blocs/kv/load, POST /blocs/kv/prune, POST /blocs/upsert_text,
  POST /admin/workflow-catalog/upload, POST /admin/workflow-catalog/promote, POST /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/default, PUT /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/acl,
  DELETE /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}, POST /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/deprecate, POST /admin/workflow-catalog/{bundle_id}/versions/{bundle_version}/block,
  POST /models/load, POST /models/unload, GET /files/list, GET /files/search, GET /files/read, GET /files/skim, POST /artifacts/import,
  GET /email/accounts, GET /email/messages, GET /email/messages/{uid}, POST /email/send, POST /attachments/ingest, POST /runs/{run_id}/artifacts/{artifact_id}/export, POST /prompt_cache/clear, POST /prompt_cache/fork, POST /prompt_cache/load,
  POST /prompt_cache/prepare_modules, POST /prompt_cache/save, POST /prompt_cache/set, POST /prompt_cache/update`
  .split(",")
  .map((operation) => operation.trim());

/** Every operation of the document has a row; a new route without one fails the test. */
export function attempts(own: Belongings): Record<string, Attempt[]> {
  const table = {
    ...runAttempts(own),
    ...fileAttempts(own),
    ...bundleAttempts(own),
    ...configAttempts(own),
    ...modelAttempts(own),
    ...mediaAttempts(own),
  };
  for (const operation of adminOnly) {
    const path = { user_id: "ada", runtime_id: "ada" };
    table[operation] = [{ path, body: operation.startsWith("GET") ? undefined : {}, status: forbidden }];
  }
  return table;
}

function mediaAttempts(own: Belongings): Record<string, Attempt[]> {
  const image_artifact = { $artifact: own.artifactId };
  const bodies: Record<string, object> = {
    "voice/tts": { text: "x" },
    "audio/transcribe": { audio_artifact: image_artifact },
    "images/generate": { prompt: "x" },
    "images/edit": { prompt: "x", image_artifact },
    "images/upscale": { image_artifact },
    "videos/generate": { prompt: "x" },
    "videos/from_image": { prompt: "x", image_artifact },
    "music/generate": { prompt: "x" },
  };
  const rows = Object.entries(bodies).map(([route, body]): [string, Attempt[]] => [
    `POST /runs/{run_id}/${route}`,
    [{ path: run(own), body, status: absent }],
  ]);
  const model = `endpoint:${own.connectionId}/x`;
  const formWith = (field: string) => () => {
    const form = new FormData();
    form.set("model", model);
    form.set("prompt", "x");
    form.set(field, new File([picture], "a.png", { type: "image/png" }));
    return form;
  };
  return {
    ...Object.fromEntries(rows),
    "POST /v1/audio/speech": [{ body: { model, input: "x" }, status: absent }],
    "POST /v1/images/generations": [{ body: { model, prompt: "x" }, status: absent }],
    "POST /v1/audio/transcriptions": [{ form: formWith("file"), status: absent }],
    "POST /v1/images/edits": [{ form: formWith("image"), status: absent }],
  };
}

/** One pixel. */
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

function runAttempts(own: Belongings): Record<string, Attempt[]> {
  const artifact = { ...run(own), artifact_id: own.artifactId };
  const schedule = { schedule_id: own.scheduleId };
  const command = (type: string, runId: string, payload: object) => ({
    body: { command_id: crypto.randomUUID(), run_id: runId, type, payload },
    status: 200,
  });
  const answer = { wait_key: `user:${own.waitingId}:ask`, payload: { response: "from bob" } };
  const ping = (scope: string) =>
    command("emit_event", own.sessionId, { name: "ping", scope, session_id: own.sessionId });
  return {
    "GET /runs": [
      { status: 200, query: "include_drafts=true&include_metrics=true&limit=500" },
      { status: 200, query: `session_id=${own.sessionId}` },
      { status: 200, query: `workflow_id=${encodeURIComponent(own.workflowId)}` },
    ],
    "GET /runs/{run_id}": [{ path: run(own), status: absent }],
    "GET /runs/{run_id}/input_data": [{ path: run(own), status: absent }],
    "GET /runs/{run_id}/state": [{ path: run(own), status: absent }],
    "GET /runs/{run_id}/history_bundle": [{ path: run(own), status: absent, query: "include_session=true" }],
    "GET /runs/{run_id}/ledger": [{ path: run(own), status: absent }],
    "GET /runs/{run_id}/steps/{step_id}/prompt": [{ path: { ...run(own), step_id: own.stepId }, status: absent }],
    "GET /runs/{run_id}/ledger/stream": [
      { path: run(own), status: absent },
      { path: run(own), status: absent, query: "after=3" },
      { path: { run_id: own.waitingId }, status: absent, query: "deltas=true" },
    ],
    "POST /runs/{run_id}/waits/{wait_key}/link": [
      { path: { run_id: own.waitingId, wait_key: `user:${own.waitingId}:ask` }, body: {}, status: absent },
    ],
    "GET /runs/{run_id}/artifacts/{artifact_id}": [
      { path: artifact, status: absent },
      { path: { ...artifact, artifact_id: own.attachmentId }, status: absent },
    ],
    "GET /runs/{run_id}/artifacts/{artifact_id}/content": [{ path: artifact, status: absent }],
    "GET /sessions": [{ status: 200, query: "include_unnamed=true" }],
    "GET /sessions/{session_id}": [{ path: { session_id: own.sessionId }, status: [200, 404] }],
    "POST /bugs/report": [
      { body: { session_id: own.sessionId, description: "bob's", active_run_id: own.runId }, status: 200 },
    ],
    "POST /features/report": [{ body: { session_id: own.sessionId, description: "bob's" }, status: 200 }],
    "POST /runs/{run_id}/summary": [{ path: run(own), body: {}, status: absent }],
    "POST /runs/{run_id}/chat": [
      { path: run(own), body: { messages: [{ role: "user", content: "?" }], persist: true }, status: absent },
    ],
    "POST /runs/{run_id}/chat_threads": [
      { path: run(own), body: { messages: [{ role: "user", content: "?" }] }, status: absent },
    ],
    "POST /runs/{run_id}/fork": [{ path: run(own), body: { at: 1 }, status: absent }],
    "POST /runs/ledger/batch": [{ body: { runs: [{ run_id: own.runId, after: 0 }] }, status: 200 }],
    "POST /runs/purge_drafts": [
      { body: { run_ids: [own.runId, own.waitingId], force: true, include_active: true, dry_run: false }, status: 200 },
    ],
    "POST /runs/start": [
      { body: { bundle_id: "ask", input_data: {} }, status: absent },
      {
        body: { bundle_id: "hello", input_data: { x: { $artifact: own.artifactId, run_id: own.runId } } },
        status: [400, 404],
      },
      {
        body: { bundle_id: "hello", session_id: own.sessionId, input_data: { x: { $artifact: own.artifactId } } },
        status: [400, 404],
      },
    ],
    "POST /runs/schedule": [
      { body: { bundle_id: "ask", flow_id: "ask", interval: "1h", input_data: {} }, status: absent },
    ],
    "GET /schedules": [{ status: 200 }],
    "GET /schedules/{schedule_id}": [{ path: schedule, status: absent }],
    "PATCH /schedules/{schedule_id}": [{ path: schedule, body: { interval: "5m" }, status: absent }],
    "DELETE /schedules/{schedule_id}": [{ path: schedule, status: absent }],
    "POST /commands": [
      command("cancel", own.waitingId, {}),
      command("pause", own.scheduleId, {}),
      command("resume", own.waitingId, answer),
      command("update_schedule", own.scheduleId, { interval: "5m" }),
      command("compact_memory", own.waitingId, {}),
      ping("session"),
      ping("global"),
    ],
    "GET /commands/{command_id}": [{ path: { command_id: own.commandId }, status: absent }],
    "GET /status": [{ status: 200 }],
  };
}

function fileAttempts(own: Belongings): Record<string, Attempt[]> {
  const upload = { upload_id: own.uploadId };
  const session = { session_id: own.sessionId };
  return {
    "GET /artifacts/search": [
      { status: [200, 400], query: "limit=100" },
      { status: [200, 400], query: `session_id=${own.sessionId}` },
      { status: [200, 400, 404], query: `run_id=${own.runId}` },
      { status: forbidden, query: "debug_unlimited=true" },
    ],
    "GET /artifacts/stats": [{ status: 200 }, { status: 200, query: `session_id=${own.sessionId}` }],
    "GET /runs/{run_id}/artifacts": [
      { path: { run_id: own.runId }, status: [200, 404] },
      { path: { run_id: `session_memory_${own.sessionId}` }, status: [200, 404] },
    ],
    "GET /sessions/{session_id}/artifacts": [{ path: session, status: [200, 404] }],
    "POST /attachments/upload": [{ form: () => attachment(own.sessionId, "bob's own"), status: 200 }],
    "POST /attachments/uploads": [
      { body: { ...session, size_bytes: 3, sha256: "0".repeat(64), filename: "x" }, status: 200 },
    ],
    "GET /attachments/uploads/{upload_id}": [{ path: upload, status: absent }],
    "PATCH /attachments/uploads/{upload_id}": [{ path: upload, status: absent }],
    "DELETE /attachments/uploads/{upload_id}": [{ path: upload, status: absent }],
    "GET /workspace/policy": [{ status: 200 }],
    "POST /runs/{run_id}/workspace/open": [{ path: { run_id: own.runId }, status: [forbidden, absent] }],
  };
}

export function attachment(sessionId: string, text: string): FormData {
  const form = new FormData();
  form.set("session_id", sessionId);
  form.set("file", new File([text], "note.txt", { type: "text/plain" }));
  return form;
}

function bundleAttempts(own: Belongings): Record<string, Attempt[]> {
  const bundle = { bundle_id: "ask" };
  const flow = { ...bundle, flow_id: "ask" };
  return {
    "GET /bundles": [{ status: 200, query: "all_versions=true&include_drafts=true" }],
    "GET /bundles/{bundle_id}": [{ path: bundle, status: absent }],
    "GET /bundles/{bundle_id}/flows/{flow_id}": [{ path: flow, status: absent }],
    "GET /bundles/{bundle_id}/flows/{flow_id}/input_schema": [{ path: flow, status: absent }],
    "GET /workflows/{workflow_id}/flow": [
      { path: { workflow_id: own.workflowId }, status: absent },
      { path: { workflow_id: `scheduled:${own.scheduleId}` }, status: absent },
    ],
    "GET /workflow-catalog": [{ status: 200 }, { status: forbidden, query: "tenant_id=elsewhere" }],
    "GET /workflow-catalog/{bundle_id}": [{ path: bundle, status: absent }],
    "GET /workflow-catalog/{bundle_id}/versions/{bundle_version}/flows/{flow_id}": [
      { path: { ...flow, bundle_version: "1.0.0" }, status: absent },
    ],
    "GET /workflow-catalog/{bundle_id}/versions/{bundle_version}/flows/{flow_id}/input_schema": [
      { path: { ...flow, bundle_version: "1.0.0" }, status: absent },
    ],
    "POST /bundles/reload": [{ status: 200 }],
    "POST /bundles/upload": [{ form: notAnArchive, status: 400 }],
    "POST /bundles/{bundle_id}/deprecate": [{ path: bundle, body: {}, status: absent }],
    "POST /bundles/{bundle_id}/undeprecate": [{ path: bundle, body: {}, status: absent }],
    "DELETE /bundles/{bundle_id}": [{ path: bundle, status: absent }],
    ...visualFlowAttempts(own),
    "GET /v1/models": [{ status: 200 }],
    "POST /v1/chat/completions": [
      { body: { model: "bundle:ask", messages: [{ role: "user", content: "hi" }] }, status: absent },
      {
        body: { model: `endpoint:${own.connectionId}/x`, messages: [{ role: "user", content: "hi" }] },
        status: absent,
      },
    ],
    "POST /v1/embeddings": [{ body: { model: `endpoint:${own.connectionId}/x`, input: "hi" }, status: absent }],
  };
}

function visualFlowAttempts(own: Belongings): Record<string, Attempt[]> {
  const flow = { flow_id: own.visualFlowId };
  return {
    "GET /visualflows": [{ status: 200 }],
    "POST /visualflows": [{ body: { name: "bob's" }, status: 200 }],
    "GET /visualflows/{flow_id}": [{ path: flow, status: absent }],
    "PUT /visualflows/{flow_id}": [{ path: flow, body: { name: "bob's" }, status: absent }],
    "DELETE /visualflows/{flow_id}": [{ path: flow, status: absent }],
    "POST /visualflows/{flow_id}/publish": [{ path: flow, body: {}, status: absent }],
    "POST /visualflows/code/simulate": [{ body: { code: "def transform(i): return 1" }, status: 200 }],
  };
}

function notAnArchive(): FormData {
  const form = new FormData();
  form.set("file", new File(["no archive"], "ask.flow"));
  form.set("overwrite", "true");
  return form;
}

function configAttempts(own: Belongings): Record<string, Attempt[]> {
  const route = { kind: "output", modality: "voice", task: "none" };
  const connection = { profile_id: own.connectionId };
  const webhook = { webhook_id: own.webhookId, delivery_id: own.deliveryId };
  const mine = { provider: "bobs", model: "bobs" };
  return {
    "GET /config/capability-defaults": [{ status: 200 }],
    "PUT /config/capability-defaults/{kind}/{modality}": [{ path: route, body: mine, status: 200 }],
    "PUT /config/capability-defaults/{kind}/{modality}/{task}": [{ path: route, body: mine, status: 400 }],
    "DELETE /config/capability-defaults/{kind}/{modality}": [{ path: route, status: 200 }],
    "DELETE /config/capability-defaults/{kind}/{modality}/{task}": [{ path: route, status: 400 }],
    "GET /config/provider-endpoint-profiles": [{ status: 200 }],
    "POST /config/provider-endpoint-profiles": [
      { body: { id: own.connectionId, display_name: "Bob's", base_url: "http://127.0.0.1:9/v1" }, status: 200 },
      {
        body: { id: "all", display_name: "x", base_url: "http://127.0.0.1:9/v1", scope: "gateway" },
        status: forbidden,
      },
    ],
    // The second user has one of that name meanwhile, made by the row above: it is the only one they change and remove.
    "PUT /config/provider-endpoint-profiles/{profile_id}": [
      { path: connection, body: { description: "x" }, status: 200 },
    ],
    "DELETE /config/provider-endpoint-profiles/{profile_id}": [
      { path: connection, status: 200 },
      { path: connection, status: absent },
    ],
    "POST /config/provider-endpoint-profiles/discover-models": [{ body: { profile_id: "only-adas" }, status: absent }],
    "GET /webhooks": [{ status: 200 }],
    "POST /webhooks": [{ body: { url: "http://127.0.0.1:9/hook", enabled: false }, status: [200, 400, 403] }],
    "GET /webhooks/{webhook_id}": [{ path: webhook, status: absent }],
    "PATCH /webhooks/{webhook_id}": [{ path: webhook, body: { enabled: false }, status: absent }],
    "DELETE /webhooks/{webhook_id}": [{ path: webhook, status: absent }],
    "GET /webhooks/{webhook_id}/deliveries": [{ path: webhook, status: absent }],
    "POST /webhooks/{webhook_id}/test": [{ path: webhook, status: absent }],
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": [{ path: webhook, status: absent }],
    "GET /me": [{ status: 200 }],
    "GET /me/tokens": [{ status: 200 }],
    "POST /me/tokens": [{ body: { name: "bob's", scopes: ["runs:read"] }, status: 200 }],
    "DELETE /me/tokens/{token_id}": [{ path: { token_id: own.tokenId }, status: absent }],
    "POST /session/login": [{ body: { user_id: "ada", token: "agw_guess" }, status: 401 }],
    "POST /session/logout": [{ status: 200 }],
    "GET /ping": [{ status: 200 }],
    "GET /api/health": [{ status: 200 }],
  };
}

function modelAttempts(own: Belongings): Record<string, Attempt[]> {
  const session = { session_id: own.sessionId };
  const sessionBody = { provider: "local", model: "tiny-chat", version: 1 };
  const global = { scope: "global", all_owners: true, limit: 0 };
  return {
    "GET /discovery/capabilities": [{ status: 200 }],
    "GET /discovery/tools": [{ status: 200 }],
    "GET /discovery/providers": [{ status: 200, query: "include_models=false" }],
    "GET /discovery/providers/{provider_name}/models": [
      { path: { provider_name: `endpoint:${own.connectionId}` }, status: absent },
    ],
    "GET /discovery/models/capabilities": [{ status: 200, query: "model_name=x&provider=local" }],
    "GET /embeddings/config": [{ status: 200 }],
    "GET /embeddings/models": [{ status: 200 }],
    "POST /embeddings": [
      { body: { input: "hi", provider: `endpoint:${own.connectionId}`, model: "x" }, status: [400, 404] },
    ],
    "POST /sandbox/generate": [
      { body: { provider: `endpoint:${own.connectionId}`, model: "x", prompt: "hi" }, status: 400 },
    ],
    "GET /prompt_cache/capabilities": [{ status: 200, query: cacheTarget }],
    "GET /prompt_cache/stats": [{ status: 200, query: cacheTarget }],
    "GET /prompt_cache/saved": [{ status: 200, query: cacheTarget }],
    "GET /sessions/{session_id}/prompt_cache/status": [{ path: session, status: 200, query: cacheTarget }],
    "POST /sessions/{session_id}/prompt_cache/clear": [{ path: session, body: sessionBody, status: 200 }],
    "POST /sessions/{session_id}/prompt_cache/prepare": [
      { path: session, body: { ...sessionBody, ...cacheBody, make_default: true }, status: 200 },
    ],
    "POST /sessions/{session_id}/prompt_cache/rebuild": [{ path: session, body: sessionBody, status: 200 }],
    ...Object.fromEntries(mediaCatalogs.map((operation) => [operation, [{ status: 200 }]])),
    "GET /blocs": [{ status: 200 }],
    "GET /blocs/kv/list": [{ status: [200, 400, 404, 422], query: "bloc_id=1" }],
    "GET /blocs/kv/manifest": [{ status: [200, 400, 404, 422], query: "bloc_id=1" }],
    "GET /blocs/record": [{ status: [200, 400, 404, 422], query: "bloc_id=1" }],
    "GET /semantics": [{ status: 200 }],
    "GET /kg/export": [{ status: 200 }],
    "GET /kg/assertions/{assertion_id}": [{ path: { assertion_id: own.assertionId }, status: absent }],
    "POST /kg/query": [
      { body: global, status: 200 },
      { body: { scope: "session", session_id: own.sessionId, limit: 0 }, status: [200, 400, 404] },
      { body: { scope: "run", run_id: own.runId, limit: 0 }, status: [200, 400, 404] },
      { body: { scope: "all", all_owners: true, limit: 0 }, status: [200, 400] },
    ],
    "POST /kg/neighbors": [
      { body: { ...global, entities: ["ada secret"], entity: "ada secret" }, status: [200, 400, 422] },
    ],
    "POST /kg/resolve": [{ body: { ...global, name: "ada secret", text: "ada secret" }, status: [200, 400, 422] }],
    "POST /kg/assert": [
      {
        body: { scope: "global", assertions: [{ subject: "bob", predicate: "schema:name", object: "bob" }] },
        status: 200,
      },
    ],
    "POST /kg/import": [{ body: {}, status: [200, 400, 422] }],
    "POST /kg/invalidate": [{ body: { assertion_ids: [own.assertionId] }, status: [200, 400, 404] }],
    "POST /kg/undo": [
      { body: { assertion_ids: [own.assertionId], assertion_id: own.assertionId }, status: [200, 400, 404, 422] },
    ],
  };
}
