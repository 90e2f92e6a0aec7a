import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway } from "#fixtures/gateway.ts";
import { ask, listener } from "#fixtures/sample-flows.ts";
import { type Attempt, type Belongings, attachment, attempts } from "./two-users-walk.ts";

/** Two users of one gateway: whatever the second one asks for, nothing of the first one's is told or changed. */

const api = "/api/gateway";
const secret = "adas-secret-marmalade";
let gateway: Gateway;
let dataDir: string;
const tokens: Record<string, string> = {};
let own: Belongings;

interface Answer {
  status: number;
  text: string;
  body: any;
}

async function as(user: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const isForm = body instanceof FormData;
  const response = await fetch(
    gateway.url + (path.startsWith("/v1") || path.startsWith("/api") || path === "/metrics" ? path : api + path),
    {
      method,
      headers: {
        authorization: `Bearer ${tokens[user]}`,
        ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    },
  );
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Streams and bytes.
  }
  return { status: response.status, text, body: parsed };
}

async function ok(user: string, method: string, path: string, body?: unknown): Promise<any> {
  const answer = await as(user, method, path, body);
  if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** Polls until a run of a user stands so. */
async function until(user: string, runId: string, status: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const run = await ok(user, "GET", `/runs/${runId}`);
    if (run.status === status) return;
    if (Date.now() > deadline) throw new Error(`run ${runId} is ${run.status}, not ${status}`);
    await Bun.sleep(20);
  }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "gateway-users-"));
  await mkdir(join(dataDir, "models"));
  await copyFile(
    join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf"),
    join(dataDir, "models/tiny-chat.gguf"),
  );
  gateway = await start();
  tokens["admin"] = (await readFile(join(dataDir, "auth/bootstrap-admin-token"), "utf8")).trim();
  for (const user of ["ada", "bob"]) {
    tokens[user] = (await ok("admin", "POST", "/admin/users", { user_id: user })).token;
  }
  own = await furnish("ada");
}, 120_000);

afterAll(async () => {
  expect(await gateway.close()).toBe(0);
});

function start(): Promise<Gateway> {
  return startGateway({
    dataDir,
    env: {
      ABSTRACTGATEWAY_USER_AUTH: "1",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_LOCAL_GPU: "off",
      ABSTRACTGATEWAY_LOCKOUT_AFTER: "0",
      ABSTRACTRUNTIME_MAX_INLINE_BYTES: "1500",
    },
  });
}

function upload(user: string, id: string, flows: Parameters<typeof archive>[1]): Promise<any> {
  const form = new FormData();
  form.set("file", new File([archive(id, flows) as BlobPart], `${id}.flow`));
  return ok(user, "POST", "/bundles/upload", form);
}

/** Gives a user one of everything. */
async function furnish(user: string): Promise<Belongings> {
  const sessionId = "shared-name";
  await upload(user, "ask", [ask]);
  await upload(user, "listener", [listener]);
  const begin = (bundleId: string, input: object) =>
    ok(user, "POST", "/runs/start", { bundle_id: bundleId, session_id: sessionId, input_data: input });
  const { run_id: runId } = await begin("ask", { note: secret });
  await until(user, runId, "waiting");
  const commandId = `answer-${user}`;
  const response = `${secret} ${"x".repeat(3000)}`;
  const payload = { wait_key: `user:${runId}:ask`, payload: { response } };
  await ok(user, "POST", "/commands", { command_id: commandId, run_id: runId, type: "resume", payload });
  await until(user, runId, "completed");
  const history = await ok(user, "GET", `/runs/${runId}/history_bundle`);
  const [firstStep] = (await ok(user, "GET", `/runs/${runId}/ledger`)).items;
  const { run_id: waitingId } = await begin("ask", { note: secret });
  const { run_id: listening } = await begin("listener", {});
  for (const each of [waitingId, listening]) await until(user, each, "waiting");
  const scheduled = { bundle_id: "ask", flow_id: "ask", interval: "7h", start_at: "2h", input_data: { note: secret } };
  const { run_id: scheduleId } = await ok(user, "POST", "/runs/schedule", { ...scheduled, session_id: sessionId });
  const connection = { display_name: secret, base_url: "http://127.0.0.1:9/v1", api_key: `key-${secret}` };
  await ok(user, "POST", "/config/provider-endpoint-profiles", { id: "lab", ...connection });
  await ok(user, "POST", "/config/provider-endpoint-profiles", { id: `only-${user}s`, ...connection });
  await ok(user, "PUT", "/config/capability-defaults/output/voice", { provider: "adas", model: secret });
  const token = await ok(user, "POST", "/me/tokens", { name: secret, scopes: ["runs:read"] });
  const webhook = await ok(user, "POST", "/webhooks", { url: "https://example.org/hook", description: secret });
  const delivery = await ok(user, "POST", `/webhooks/${webhook.id}/test`);
  const attached = await ok(user, "POST", "/attachments/upload", attachment(sessionId, secret));
  const piece = { session_id: sessionId, size_bytes: 5, sha256: "0".repeat(64), filename: secret };
  const begun = await ok(user, "POST", "/attachments/uploads", piece);
  const fact = { subject: "ada secret", predicate: "schema:name", object: secret };
  const facts = await ok(user, "POST", "/kg/assert", { scope: "global", assertions: [fact] });
  const cache = { provider: "local", model: "tiny-chat", version: 1, system_prompt: `${secret} ${"word ".repeat(40)}` };
  const prepared = await ok(user, "POST", `/sessions/${sessionId}/prompt_cache/prepare`, cache);
  expect(prepared).toMatchObject({ ok: true, prepared: true });
  const drawn = await ok(user, "POST", "/visualflows", { name: secret });
  return {
    runId,
    stepId: firstStep.step_id,
    waitingId,
    artifactId: history.ledgers[runId].artifacts[0].artifact_id,
    attachmentId: attached.artifact.$artifact,
    uploadId: begun.upload_id,
    commandId,
    scheduleId,
    sessionId,
    webhookId: webhook.id,
    deliveryId: delivery.delivery_id,
    connectionId: "lab",
    tokenId: token.record.token_id,
    assertionId: facts.assertion_ids[0],
    workflowId: "ask@1.0.0:ask",
    visualFlowId: drawn.id,
  };
}

/** Everything that the first user can see of their own, without what time changes. */
async function everythingOf(user: string): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const path of [
    "/runs?limit=500&include_drafts=true",
    `/runs/${own.runId}/ledger`,
    `/runs/${own.waitingId}/ledger`,
    `/runs/${own.scheduleId}/ledger`,
    `/runs/${own.runId}/artifacts/${own.artifactId}/content`,
    `/commands/${own.commandId}`,
    "/artifacts/search?limit=100",
    `/attachments/uploads/${own.uploadId}`,
    "/schedules",
    "/bundles",
    "/config/capability-defaults",
    "/config/provider-endpoint-profiles",
    "/me/tokens",
    "/webhooks",
    "/visualflows",
    "/kg/export",
    "/prompt_cache/stats?provider=local&model=tiny-chat",
  ]) {
    const { status, text } = await as(user, "GET", path);
    seen[path] = {
      status,
      // Their own reads are counted a moment later.
      text: text
        .replace(/"access":\{[^}]*\}/g, '"access":{}')
        .replace(/"(next_fire_times|last_used_at|last_error|failing_since)":[^\]}]*?([\]},])/g, "$2"),
    };
  }
  return seen;
}

function tried(operation: string, attempt: Attempt): { method: string; path: string; body: unknown } {
  const [method = "", template = ""] = operation.split(" ");
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(attempt.path?.[name] ?? "none"),
  );
  return {
    method,
    path: attempt.query === undefined ? filled : `${filled}?${attempt.query}`,
    body: attempt.form ? attempt.form() : attempt.body,
  };
}

/** Ids that must not appear, unless the request itself named them. */
function leaks(text: string, request: string): string[] {
  const { sessionId: _, workflowId: __, connectionId: ___, commandId: ____, ...ids } = own;
  const hidden = [secret, '"ada"', "default/ada", ...Object.values(ids)];
  return hidden.filter((each) => text.includes(each) && !request.includes(each));
}

test("the second user finds nothing of the first one's and changes nothing, over every operation of the API", async () => {
  const { paths } = await (await fetch(`${gateway.url}/openapi.json`)).json();
  const operations = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(api, "")}`),
  );
  const table = attempts(own);
  expect(operations.filter((operation) => !table[operation])).toEqual([]);
  expect(Object.keys(table).filter((operation) => !operations.includes(operation))).toEqual([]);

  const before = await everythingOf("ada");
  const findings: string[] = [];
  for (const [operation, rows] of Object.entries(table)) {
    for (const attempt of rows) {
      const { method, path, body } = tried(operation, attempt);
      const answer = await as("bob", method, path, body);
      const request = `${path} ${body instanceof FormData ? "" : JSON.stringify(body ?? "")}`;
      const expected = [attempt.status].flat();
      if (!expected.includes(answer.status)) {
        findings.push(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
      }
      for (const leak of leaks(answer.text, request)) findings.push(`${method} ${path} tells '${leak}'`);
    }
  }
  expect(findings).toEqual([]);
  expect(await everythingOf("ada")).toEqual(before);
}, 240_000);

test("commands to another's runs come to the same end as those to no run", async () => {
  const outcome = async (runId: string) => {
    const command = { command_id: crypto.randomUUID(), run_id: runId, type: "cancel", payload: {} };
    await ok("bob", "POST", "/commands", command);
    return (await ok("bob", "GET", `/commands/${command.command_id}`)).outcome;
  };
  expect(await outcome(own.waitingId)).toEqual({ status: "refused", message: `Run '${own.waitingId}' not found` });
  expect(await outcome("nobody")).toEqual({ status: "refused", message: "Run 'nobody' not found" });
});

test("events reach listeners of the own runtime only, whatever session or scope they name", async () => {
  await upload("bob", "listener", [listener]);
  const { run_id: mine } = await ok("bob", "POST", "/runs/start", {
    bundle_id: "listener",
    session_id: own.sessionId,
    input_data: {},
  });
  await until("bob", mine, "waiting");
  const emit = async (user: string) => {
    const payload = { name: "ping", scope: "session", session_id: own.sessionId, payload: { n: user } };
    const command = { command_id: crypto.randomUUID(), run_id: own.sessionId, type: "emit_event", payload };
    await ok(user, "POST", "/commands", command);
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await Bun.sleep(20)) {
      const { outcome } = await ok(user, "GET", `/commands/${command.command_id}`);
      if (outcome) return outcome.result.delivered_to as string[];
    }
    throw new Error("the event was not delivered");
  };
  const [byBob, byAda] = [await emit("bob"), await emit("ada")];
  expect([byBob.length, byAda.length]).toEqual([1, 1]);
  for (const runId of byBob) expect((await as("ada", "GET", `/runs/${runId}`)).status).toBe(404);
  for (const runId of byAda) expect((await as("bob", "GET", `/runs/${runId}`)).status).toBe(404);
});

test("a stream that reconnects with another's cursor stays closed, and opens for its owner", async () => {
  const open = async (user: string) => {
    const response = await fetch(`${gateway.url}${api}/runs/${own.runId}/ledger/stream`, {
      headers: { authorization: `Bearer ${tokens[user]}`, "last-event-id": "2" },
    });
    return { status: response.status, text: await response.text() };
  };
  const refused = await open("bob");
  expect(refused.status).toBe(404);
  expect(refused.text).not.toContain(secret);
  const owners = await open("ada");
  expect(owners.status).toBe(200);
  expect(owners.text).toStartWith("id: 3\n");
  expect(owners.text).toContain("event: done");
});

test("an administrator has a runtime of their own and does not see those of others", async () => {
  expect((await ok("admin", "GET", "/runs?limit=500&include_drafts=true")).items).toEqual([]);
  expect((await as("admin", "GET", `/runs/${own.runId}`)).status).toBe(404);
  const { text } = await as("admin", "GET", "/config/provider-endpoint-profiles");
  expect(text).not.toContain(secret);
  expect((await as("admin", "GET", "/prompt_cache/stats?provider=local&model=tiny-chat")).body.caches).toEqual([]);
});

test("the command line is the first administrator where no token is named, and anybody with theirs", async () => {
  const runs = async (...args: string[]) => {
    const env = { PATH: process.env["PATH"] ?? "", ABSTRACTGATEWAY_USER_AUTH: "1" };
    const child = Bun.spawn([...executable, "runs", "--data-dir", dataDir, ...args], { env, cwd: dataDir });
    return { exitCode: await child.exited, stdout: await new Response(child.stdout).text() };
  };
  expect(await runs()).toEqual({ exitCode: 0, stdout: "No runs.\n" });
  const { exitCode, stdout } = await runs("--token", tokens["ada"] ?? "");
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining("ask@1.0.0:ask")]);
});

test("after a restart runs of every user go on, without anybody asking", async () => {
  const { run_id: runId } = await ok("bob", "POST", "/runs/schedule", {
    bundle_id: "hello",
    flow_id: "hello",
    start_at: "1s",
    input_data: {},
  });
  await gateway.kill();
  gateway = await start();
  await until("bob", runId, "completed");
  expect((await as("ada", "GET", `/runs/${runId}`)).status).toBe(404);
  const waiting = await ok("ada", "GET", `/runs/${own.waitingId}`);
  expect(waiting.status).toBe("waiting");
}, 60_000);

test("a removed user's runtime goes to another by an administrator's hand, and is gone when purged", async () => {
  expect((await as("bob", "DELETE", "/admin/users/ada")).status).toBe(403);
  await ok("admin", "DELETE", "/admin/users/ada");
  expect((await as("ada", "GET", "/me")).status).toBe(401);
  expect((await as("bob", "GET", `/runs/${own.runId}`)).status).toBe(404);
  const reservations = await ok("admin", "GET", "/admin/runtime-reservations");
  expect(reservations.runtime_reservations).toMatchObject([
    {
      runtime_id: "ada",
      owner_key: "default/ada",
      reason: "deleted-user",
      data_exists: true,
      data_path: "users/default/ada",
    },
  ]);
  const reservation = "/admin/runtime-reservations/ada";
  const target = { target_user_id: "bob", confirm_runtime_id: "ada" };
  expect((await as("admin", "POST", `${reservation}/transfer`, { ...target, confirm_runtime_id: "bob" })).status).toBe(
    400,
  );
  await ok("admin", "POST", `${reservation}/transfer`, target);
  expect((await as("bob", "GET", `/runs/${own.runId}`)).status).toBe(200);
  const purge = { confirm_runtime_id: "bob" };
  expect(
    (await as("admin", "POST", "/admin/runtime-reservations/bob/purge", { ...purge, delete_data: false })).status,
  ).toBe(400);
  expect(await ok("admin", "POST", "/admin/runtime-reservations/bob/purge", purge)).toMatchObject({
    purged: true,
    deleted_data: true,
    data_path: "users/default/bob",
  });
  expect((await ok("admin", "GET", "/admin/runtime-reservations")).runtime_reservations).toEqual([]);
  tokens["bob2"] = (await ok("admin", "POST", "/admin/users", { user_id: "bob2", runtime_id: "bob" })).token;
  expect((await ok("bob2", "GET", "/runs?include_drafts=true")).items).toEqual([]);
  const bundles = (await ok("bob2", "GET", "/bundles")).items.map((item: any) => item.bundle_id);
  expect(bundles).not.toContain("listener");
  expect((await as("bob", "GET", `/runs/${own.runId}`)).status).toBe(200);
});
