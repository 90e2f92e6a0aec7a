import { afterEach, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Harness, type HarnessOptions, createHarness, token } from "./harness.ts";

let gateway: Harness | null = null;

async function open(options: HarnessOptions = {}): Promise<Harness> {
  gateway = await createHarness(options);
  return gateway;
}

afterEach(async () => {
  await gateway?.close();
  gateway = null;
});

const api = "/api/gateway";

test("a browser of an allowed origin can read every reply, refusals too", async () => {
  const server = await open();
  const origin = "http://localhost:5173";
  for (const options of [{}, { auth: false }]) {
    const { headers } = await server.request("GET", `${api}/ping`, { ...options, headers: { origin } });
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("access-control-allow-credentials")).toBe("true");
    expect(headers.get("access-control-expose-headers")).toContain("x-request-id");
    expect(headers.get("vary")).toContain("Origin");
  }
  const { headers } = await server.request("GET", `${api}/ping`);
  expect(headers.get("access-control-allow-origin")).toBeNull();
});

test("a preflight allows what it asks for, and a foreign one is refused", async () => {
  const server = await open();
  const preflight = (origin: string) =>
    server.request("OPTIONS", `${api}/runs/start`, {
      auth: false,
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-anything",
      },
    });
  const allowed = await preflight("http://127.0.0.1:3000");
  expect(allowed.status).toBeLessThan(300);
  expect(allowed.headers.get("access-control-allow-origin")).toBe("http://127.0.0.1:3000");
  expect(allowed.headers.get("access-control-allow-methods")).toBe("POST");
  expect(allowed.headers.get("access-control-allow-headers")).toBe("authorization,content-type,x-anything");
  const foreign = await preflight("http://evil.example");
  expect([foreign.status, foreign.body]).toEqual([403, { detail: "Forbidden (origin not allowed)" }]);
});

test("health and the documentation know no origin", async () => {
  const server = await open();
  for (const path of ["/api/health", "/openapi.json", "/docs"]) {
    const answer = await server.request("GET", path, { auth: false, headers: { origin: "http://evil.example" } });
    expect(answer.status).toBe(200);
  }
});

test("paths that only look like the gateway's are not served by it", async () => {
  const server = await open();
  for (const path of ["/api/gatewayx/ping", "/API/GATEWAY/ping", "/api/%67ateway/ping"]) {
    expect([path, (await server.request("GET", path, { auth: false })).status]).toEqual([path, 404]);
  }
});

test("too many requests at once are turned away, and the place comes back", async () => {
  const held = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const server = await open({
    limits: { maxConcurrency: 1 },
    services: {
      submitCommand: async () => {
        entered.resolve();
        await held.promise;
        return { accepted: true, duplicate: false, seq: 1 };
      },
    },
  });
  const slow = server.request("POST", `${api}/commands`, { body: { command_id: "c", run_id: "r", type: "pause" } });
  await entered.promise;
  const turned = await server.request("GET", `${api}/ping`);
  expect([turned.status, turned.body, turned.headers.get("retry-after")]).toEqual([
    429,
    { detail: "Too Many Requests (concurrency limit)" },
    "1",
  ]);
  expect((await server.request("GET", "/api/health")).status).toBe(200);
  held.resolve();
  expect((await slow).status).toBe(200);
  expect((await server.request("GET", `${api}/ping`)).status).toBe(200);
});

test("a failing route gives its place back", async () => {
  const server = await open({ limits: { maxConcurrency: 1 } });
  for (const path of ["/runs/none", "/nope", "/runs?limit=x", "/runs/none/ledger/stream"]) {
    for (let count = 0; count < 3; count++) {
      expect((await server.request("GET", `${api}${path}`)).status).toBeGreaterThanOrEqual(404);
    }
  }
  expect((await server.request("GET", `${api}/ping`)).status).toBe(200);
});

test("an address that keeps failing is locked out, with the time to wait", async () => {
  const server = await open({ auth: { lockoutAfter: 2, lockoutBaseS: 30 } });
  const fail = () => server.request("GET", `${api}/ping`, { auth: false });
  expect([(await fail()).status, (await fail()).status]).toEqual([401, 401]);
  const locked = await server.request("GET", `${api}/ping`);
  expect([locked.status, locked.body, locked.headers.get("retry-after")]).toEqual([
    429,
    { detail: "Too Many Requests (auth lockout)" },
    "30",
  ]);
  expect((await server.request("GET", "/api/health", { auth: false })).status).toBe(200);
});

test("behind a trusted proxy the forwarded address counts, and without trust it does not", async () => {
  for (const [trustProxy, status] of [
    [true, 200],
    [false, 429],
  ] as const) {
    const server = await createHarness({ auth: { lockoutAfter: 1, lockoutBaseS: 30, trustProxy } });
    await server.request("GET", `${api}/ping`, { auth: false, headers: { "x-forwarded-for": "10.1.1.1, 10.2.2.2" } });
    const other = await server.request("GET", `${api}/ping`, { headers: { "x-forwarded-for": "10.3.3.3" } });
    expect(other.status).toBe(status);
    await server.close();
  }
});

test("every write is in the audit log, also a refused one, and no read; values of queries are not", async () => {
  const server = await open();
  await server.request("GET", `${api}/ping`);
  await server.request("POST", `${api}/commands?secret=hunter2`, {
    body: { command_id: "c", run_id: "r", type: "pause" },
    headers: { "x-client-id": "web", "x-request-id": "req-1", origin: "http://localhost:1" },
  });
  await server.request("POST", `${api}/commands`, { auth: false, body: {} });
  await server.request("DELETE", `${api}/bundles/none`);
  await server.request("POST", `${api}/runs/start`, { body: "x".repeat(300_000) });
  await server.stop();
  const text = await readFile(join(server.dataDir, "audit_log.jsonl"), "utf8");
  expect(text).not.toContain("hunter2");
  expect(text).not.toContain(token);
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => [line.method, line.path, line.status])).toEqual([
    ["POST", `${api}/commands`, 200],
    ["POST", `${api}/commands`, 401],
    ["DELETE", `${api}/bundles/none`, 404],
    ["POST", `${api}/runs/start`, 413],
  ]);
  expect(lines[0]).toMatchObject({
    request_id: "req-1",
    ip: "127.0.0.1",
    query: { secret: "<redacted>" },
    auth_required: true,
    auth_token_fp: expect.stringMatching(/^[0-9a-f]{12}$/),
    principal_user_id: "local-admin",
    principal_tenant_id: "local",
    origin: "http://localhost:1",
    headers: { "x-client-id": "web" },
    bytes_in: expect.any(Number),
    duration_ms: expect.any(Number),
  });
  expect(lines[1]).not.toHaveProperty("principal_user_id");
});

test("a port that is taken is told in one sentence", async () => {
  const server = await open();
  const port = Number(new URL(server.url).port);
  const { createHttp } = await import("#http/create-http.ts");
  const other = createHttp({
    settings: server.settings,
    ledger: server.ledger,
    now: Date.now,
    runner: null,
  } as unknown as Parameters<typeof createHttp>[0]);
  await expect(other.listen("127.0.0.1", port)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining(`Cannot listen on 127.0.0.1:${port}`),
  });
});
