import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type NodeProxy, startNodeProxy } from "#fixtures/node-proxy.ts";
import { ask } from "#fixtures/sample-flows.ts";

/** The conversation of contract/clients.md 1: a web client's server signs in for its browser. */
const adminToken = "bootstrap-token-0123456789abcdef";
let gateway: Gateway;
let proxy: NodeProxy;
let token: string;

beforeAll(async () => {
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_AUTH_MODE: "users",
      ABSTRACTGATEWAY_AUTH_TOKEN: "",
      ABSTRACTGATEWAY_BOOTSTRAP_ADMIN_TOKEN: adminToken,
    },
  });
  proxy = startNodeProxy(gateway.url);
  const made = await fetch(`${gateway.url}/api/gateway/admin/users`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ user_id: "ada" }),
  });
  token = ((await made.json()) as { token: string }).token;
});

afterAll(async () => {
  await proxy.close();
  expect(gateway.output).not.toContain(adminToken);
  expect(await gateway.close()).toBe(0);
});

/** What the page in the browser does: same origin as the proxy, cookies and origin of its own. */
async function page(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const isForm = body instanceof FormData;
  const response = await fetch(proxy.url + path, {
    method,
    headers: {
      origin: proxy.url,
      cookie: "flow_session=mine",
      ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

test("before the sign-in the page is told to sign in", async () => {
  expect(await page("GET", "/api/gateway/me")).toEqual({ status: 401, body: { detail: "Unauthorized" } });
});

test("a wrong token is refused with its words, and nothing is signed in", async () => {
  expect(await page("POST", "/login", { user_id: "ada", token: "agw_wrong" })).toEqual({
    status: 401,
    body: { detail: "Unauthorized" },
  });
});

test("signs in with the cookies of the reply, works with headers, follows live, and signs out", async () => {
  proxy.log.length = 0;
  const signedIn = await page("POST", "/login", { user_id: "ada", token });
  expect(signedIn).toMatchObject({ status: 200, body: { ok: true, principal: { user_id: "ada" } } });
  expect(signedIn.body.session).toEqual({ expires_at: expect.any(String) });

  const me = await page("GET", "/api/gateway/me");
  expect(me.body).toMatchObject({
    principal: { user_id: "ada", source: "user-registry" },
    auth: { mode: "users", user_auth_enabled: true },
    routing: { mode: "per-principal" },
  });
  const form = new FormData();
  form.set("file", new File([archive("ask", [ask]) as BlobPart], "ask.flow"));
  expect((await page("POST", "/api/gateway/bundles/upload", form)).status).toBe(200);
  const started = await page("POST", "/api/gateway/runs/start", { bundle_id: "ask", flow_id: "ask", input_data: {} });
  const runId = started.body.run_id as string;

  const stream = await fetch(`${proxy.url}/api/gateway/runs/${runId}/ledger/stream?after=0`, {
    headers: { origin: proxy.url, accept: "text/event-stream" },
  });
  expect(stream.headers.get("content-type")).toContain("text/event-stream");
  const answered = page("POST", "/api/gateway/commands", {
    command_id: crypto.randomUUID(),
    run_id: runId,
    type: "resume",
    payload: { wait_key: `user:${runId}:ask`, payload: { response: "Bob" } },
    client_id: "web_pwa",
  });
  expect((await answered).status).toBe(200);
  const events = await stream.text();
  expect(events).toContain("event: step");

  expect((await page("POST", "/api/gateway/session/logout", {})).body).toEqual({ ok: true, deleted: true });
  expect((await page("GET", "/api/gateway/me")).status).toBe(401);
  expect(proxy.log.map((line) => line.replaceAll(runId, "<run>"))).toEqual([
    "GET /api/gateway/me authorization",
    "POST /api/gateway/session/login",
    "GET /api/gateway/me x-abstractgateway-session",
    "POST /api/gateway/bundles/upload x-abstractgateway-csrf x-abstractgateway-session",
    "POST /api/gateway/runs/start x-abstractgateway-csrf x-abstractgateway-session",
    "GET /api/gateway/runs/<run>/ledger/stream?after=0 x-abstractgateway-session",
    "POST /api/gateway/commands x-abstractgateway-csrf x-abstractgateway-session",
    "POST /api/gateway/session/logout x-abstractgateway-csrf x-abstractgateway-session",
    "GET /api/gateway/me x-abstractgateway-session",
  ]);
});
