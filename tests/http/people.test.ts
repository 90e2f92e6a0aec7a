import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyAudit } from "#auth/audit-chain.ts";
import { scopeFor } from "#auth/route-rules.ts";
import { tokenScopes } from "#core/token-scopes.ts";
import { type Answer, type Harness, type RequestOptions, createHarness, token as staticToken } from "./harness.ts";

const api = "/api/gateway";
let gateway: Harness;
/** Tokens of users by name. */
const tokens: Record<string, string> = {};

async function start(auth: object = {}): Promise<void> {
  gateway = await createHarness({ users: { enabled: true }, auth, limits: { maxBundleBytes: 1_000_000 } });
  for (const [userId, roles] of [
    ["root", ["admin", "user"]],
    ["ada", ["user"]],
    ["bob", ["user"]],
  ] as const) {
    tokens[userId] = gateway.accounts().users.create({
      tenantId: "default",
      userId,
      roles: [...roles],
      runtimeId: userId === "root" ? "default" : userId,
    }).token;
  }
}

function as(user: string, method: string, path: string, body?: unknown): Promise<Answer> {
  return gateway.request(method, api + path, {
    headers: { authorization: `Bearer ${tokens[user]}` },
    ...(body === undefined ? {} : { body }),
  });
}

const anonymous = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  gateway.request(method, api + path, { auth: false, ...options });

interface Session {
  value: string;
  csrf: string;
  cookies: string[];
}

async function signIn(
  user: string,
  more: { remember?: boolean; headers?: Record<string, string> } = {},
): Promise<Session> {
  const { headers = {}, remember = false } = more;
  const answer = await anonymous("POST", "/session/login", {
    headers,
    body: { user_id: user, token: tokens[user], remember },
  });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  const cookies = answer.headers.getSetCookie();
  const valueOf = (name: string) =>
    new RegExp(`^${name}=([^;]+)`).exec(cookies.find((each) => each.startsWith(name)) ?? "")?.[1] ?? "";
  return { value: valueOf("abstractgateway_session"), csrf: valueOf("abstractgateway_csrf"), cookies };
}

describe("signing in", () => {
  beforeEach(() => start({ lockoutAfter: 3, lockoutBaseS: 30 }));
  afterEach(() => gateway.close());

  test("gives both secrets as cookies and neither in the body", async () => {
    const answer = await anonymous("POST", "/session/login", { body: { user_id: "ada", token: tokens["ada"] } });
    const [session = "", csrf = ""] = answer.headers.getSetCookie();
    expect(session).toMatch(/^abstractgateway_session=agws_[\w-]{43}; Path=\/; SameSite=Lax; HttpOnly$/);
    expect(csrf).toMatch(/^abstractgateway_csrf=agcsrf_[\w-]{43}; Path=\/; SameSite=Lax$/);
    expect(answer.text).not.toMatch(/agws_|agcsrf_|agw_/);
    expect(answer.body).toMatchObject({
      ok: true,
      principal: { user_id: "ada", runtime_id: "ada", source: "user-registry", admin: false },
      auth: { mode: "users", user_auth_enabled: true, session: "gateway-browser-session" },
      routing: { mode: "per-principal", one_user_one_runtime: true },
      session: { expires_at: expect.stringMatching(/^\d{4}-/) },
    });
  });

  test("that is to be remembered outlives the browser, and by https the cookies are for https", async () => {
    const { cookies } = await signIn("ada", { remember: true, headers: { "x-forwarded-proto": "https" } });
    for (const cookie of cookies) expect(cookie).toMatch(/; Secure; Max-Age=2592000$/);
  });

  test.each([
    ["with a wrong token", { user_id: "ada", token: "agw_wrong" }, 401, "Invalid Gateway user token"],
    ["with a static token", { user_id: "local-admin", token: staticToken }, 401, "Invalid Gateway user token"],
    ["with nothing", {}, 422, null],
    ["with a key that there is not", { user_id: "a", token: "b", extra: 1 }, 422, null],
    ["with a token that is no text", { user_id: "a", token: 5 }, 422, null],
  ])("%s is refused", async (_, body, status, detail) => {
    const answer = await anonymous("POST", "/session/login", { body });
    expect(answer.status).toBe(status);
    if (detail !== null) expect(answer.body.detail).toBe(detail);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("with another's token names whose it is", async () => {
    const { body } = await anonymous("POST", "/session/login", { body: { user_id: "bob", token: tokens["ada"] } });
    expect(body.detail).toBe("Gateway token resolved to user 'ada', not 'bob'.");
  });

  test("is held back after wrong tokens for a user, and for that user only", async () => {
    const guess = (user: string, token: string) =>
      anonymous("POST", "/session/login", { body: { user_id: user, token } });
    for (let count = 0; count < 3; count++) expect((await guess("ada", `agw_guess-${count}`)).status).toBe(401);
    const held = await guess("ADA", tokens["ada"] ?? "");
    expect([held.status, held.body, held.headers.get("retry-after")]).toEqual([
      429,
      { detail: "Too Many Requests (auth lockout)" },
      "30",
    ]);
    expect((await guess("bob", tokens["bob"] ?? "")).status).toBe(200);
    expect((await as("ada", "GET", "/me")).status).toBe(200);
  });

  test("guessing bearer tokens and session ids locks the address out, whatever headers say of it", async () => {
    const spoofed = (count: number) => ({ "x-forwarded-for": `10.0.0.${count}`, "x-real-ip": `10.0.0.${count}` });
    const guesses: Record<string, string>[] = [
      { authorization: "Bearer agw_guess" },
      { "x-abstractgateway-session": "agws_guess" },
      { cookie: "abstractgateway_session=agws_guess" },
    ];
    for (const [count, headers] of guesses.entries()) {
      const { status } = await anonymous("GET", "/me", { headers: { ...headers, ...spoofed(count) } });
      expect(status).toBe(401);
    }
    const locked = await gateway.request("GET", `${api}/me`, {
      headers: { authorization: `Bearer ${tokens["ada"]}`, ...spoofed(9) },
    });
    expect(locked.status).toBe(429);
  });

  test("from a page of another origin is refused before anything is looked at", async () => {
    const answer = await anonymous("POST", "/session/login", {
      headers: { origin: "https://evil.example" },
      body: { user_id: "ada", token: tokens["ada"] },
    });
    expect([answer.status, answer.body]).toEqual([403, { detail: "Forbidden (origin not allowed)" }]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("always makes a new session, and ends the one that the browser brought", async () => {
    const planted = `agws_${"p".repeat(43)}`;
    const session = await signIn("ada", { headers: { cookie: `abstractgateway_session=${planted}` } });
    expect(session.value).not.toBe(planted);
    const read = (value: string) => anonymous("GET", "/me", { headers: { "x-abstractgateway-session": value } });
    expect((await read(planted)).status).toBe(401);
    const next = await signIn("ada", { headers: { cookie: `abstractgateway_session=${session.value}` } });
    expect((await read(session.value)).status).toBe(401);
    expect((await read(next.value)).status).toBe(200);
  });
});

describe("a browser's session", () => {
  let session: Session;
  beforeAll(async () => {
    await start();
    session = await signIn("ada");
  });
  afterAll(() => gateway.close());

  const write = (headers: Record<string, string>) =>
    anonymous("POST", "/commands", { headers, body: { command_id: "c", run_id: "r", type: "pause" } });

  test("reads by header or cookie, as its user", async () => {
    for (const headers of [
      { "x-abstractgateway-session": session.value },
      { cookie: `theme=dark; abstractgateway_session=${session.value}; x=y` },
    ]) {
      const { status, body } = await anonymous("GET", "/me", { headers });
      expect([status, body.principal.user_id]).toEqual([200, "ada"]);
    }
  });

  test("writes only with its own CSRF secret in the header", async () => {
    const other = await signIn("bob");
    const bySession = { "x-abstractgateway-session": session.value };
    const byCookie = { cookie: `abstractgateway_session=${session.value}; abstractgateway_csrf=${session.csrf}` };
    const refused = { detail: "Gateway browser session CSRF token missing or invalid", reason_code: "csrf_required" };
    for (const headers of [
      bySession,
      byCookie,
      { ...byCookie, "x-abstractgateway-csrf": "" },
      { ...byCookie, "x-abstractgateway-csrf": other.csrf },
      { ...bySession, "x-abstractgateway-csrf": `${session.csrf}x` },
    ]) {
      const answer = await write(headers);
      expect([answer.status, answer.body]).toEqual([403, refused]);
    }
    expect((await write({ ...bySession, "x-abstractgateway-csrf": session.csrf })).status).toBe(200);
    expect((await write({ ...byCookie, "x-abstractgateway-csrf": session.csrf })).status).toBe(200);
  });

  test("does not count where a bearer token is given, not even a wrong one", async () => {
    const headers = { "x-abstractgateway-session": session.value, authorization: "Bearer agw_wrong" };
    expect((await anonymous("GET", "/me", { headers })).status).toBe(401);
    const asRoot = { ...headers, authorization: `Bearer ${tokens["root"]}` };
    expect((await anonymous("GET", "/me", { headers: asRoot })).body.principal.user_id).toBe("root");
  });

  test("is of no use to a page of another origin", async () => {
    const headers = { origin: "https://evil.example", cookie: `abstractgateway_session=${session.value}` };
    expect((await anonymous("GET", "/runs", { headers })).status).toBe(403);
    const csrf = { ...headers, "x-abstractgateway-csrf": session.csrf };
    expect((await write(csrf)).status).toBe(403);
  });

  test("ends with signing out, which clears both cookies", async () => {
    const { value, csrf } = await signIn("ada");
    const headers = { "x-abstractgateway-session": value };
    expect((await anonymous("POST", "/session/logout", { headers, body: {} })).status).toBe(403);
    const both = { ...headers, "x-abstractgateway-csrf": csrf };
    const answer = await anonymous("POST", "/session/logout", { headers: both, body: {} });
    expect([answer.status, answer.body]).toEqual([200, { ok: true, deleted: true }]);
    for (const cookie of answer.headers.getSetCookie()) expect(cookie).toMatch(/^abstractgateway_\w+=; .*Max-Age=0$/);
    expect((await anonymous("GET", "/me", { headers })).status).toBe(401);
  });

  test("ends with the user's entry, also under an open stream", async () => {
    tokens["eve"] = gateway.accounts().users.create({ tenantId: "default", userId: "eve" }).token;
    await gateway.addRun("of-eve", 2, { runtime_id: "default/eve" });
    const { value } = await signIn("eve");
    const headers = { "x-abstractgateway-session": value };
    const response = await gateway.raw(`${api}/runs/of-eve/ledger/stream`, { headers });
    expect(response.status).toBe(200);
    expect((await as("root", "PATCH", "/admin/users/eve", { enabled: false })).status).toBe(200);
    // The stream ends by itself: without that this would wait for ever.
    const text = await response.text();
    expect(text).not.toContain("event: done");
    expect((await anonymous("GET", "/me", { headers })).status).toBe(401);
  });
});

describe("headers and names", () => {
  beforeAll(() => start());
  afterAll(() => gateway.close());

  test("that claim to be somebody change nothing", async () => {
    const claims = {
      "x-abstractgateway-user": "root",
      "x-abstractgateway-principal": "root",
      "x-forwarded-user": "root",
      "x-remote-user": "root",
      "x-abstractgateway-runtime": "default",
      "x-abstractgateway-tenant": "default",
      "x-abstractgateway-roles": "admin",
    };
    expect((await anonymous("GET", "/me", { headers: claims })).status).toBe(401);
    const headers = { authorization: `Bearer ${tokens["ada"]}`, ...claims };
    expect((await gateway.request("GET", `${api}/me`, { headers })).body.principal).toMatchObject({
      user_id: "ada",
      admin: false,
    });
    expect((await gateway.request("GET", `${api}/admin/users`, { headers })).status).toBe(403);
  });

  test.each(["/admin/users", "/admin/users/", "/models/loaded/", "/audit/tail", "/host/metrics/gpu"])(
    "%s needs an administrator, however the path is written",
    async (path) => {
      const { status, body } = await as("ada", "GET", path);
      expect([status, body.reason_code]).toEqual([403, "admin_required"]);
      expect((await as("root", "GET", path)).status).toBe(200);
    },
  );

  test("metrics of all runtimes are for administrators", async () => {
    const read = (user: string) =>
      gateway.request("GET", "/metrics", { headers: { authorization: `Bearer ${tokens[user]}` } });
    expect((await read("ada")).status).toBe(403);
    expect((await read("root")).status).toBe(404);
  });

  test("a static token is the local administrator, in a runtime of its own", async () => {
    await gateway.addRun("of-root", 1, { runtime_id: "default" });
    const { body } = await gateway.request("GET", `${api}/me`);
    expect(body.principal).toMatchObject({ user_id: "local-admin", runtime_id: "local-admin", admin: true });
    expect((await gateway.request("GET", `${api}/runs`)).body.items).toEqual([]);
    expect((await as("root", "GET", "/runs")).body.items).toHaveLength(1);
  });
});

describe("with several users", () => {
  afterEach(() => gateway.close());

  test("nobody reads or writes without a name, whatever was unprotected for one user", async () => {
    await start({ protectRead: false, protectWrite: false, devReadNoAuth: true });
    expect((await anonymous("GET", "/runs")).status).toBe(401);
    expect((await anonymous("POST", "/commands", { body: {} })).status).toBe(401);
  });

  test("with one user there is no sign-in", async () => {
    gateway = await createHarness();
    const answer = await anonymous("POST", "/session/login", { body: { user_id: "a", token: "b" } });
    expect(answer.status).toBe(401);
    expect((await gateway.request("GET", `${api}/me`)).body.auth).toEqual({
      mode: "legacy-token",
      user_auth_enabled: false,
    });
    expect((await gateway.request("GET", `${api}/me/tokens`)).status).toBe(409);
  });

  test("no secret is in the audit log, every write is, and its lines are a chain", async () => {
    await start();
    const { value, csrf } = await signIn("ada");
    const session = { "x-abstractgateway-session": value, "x-abstractgateway-csrf": csrf };
    const made = await anonymous("POST", "/me/tokens", {
      headers: session,
      body: { name: "ci", scopes: ["runs:read"] },
    });
    expect(made.status).toBe(200);
    await anonymous("POST", `/commands?token=${tokens["bob"]}`, { headers: session, body: {} });
    await anonymous("POST", "/session/login", { body: { user_id: "ada", token: "agw_wrong-guess" } });
    const created = await as("root", "POST", "/admin/users", { user_id: "new" });
    const tail = (await as("root", "GET", "/audit/tail")).body;
    expect(tail).toMatchObject({ ok: true, truncated: false });
    const lines = (tail.content as string)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(
      lines.map(({ path, status, principal_user_id }) => [path.slice(api.length), status, principal_user_id]),
    ).toEqual([
      ["/session/login", 200, undefined],
      ["/me/tokens", 200, "ada"],
      ["/commands", 422, "ada"],
      ["/session/login", 401, undefined],
      ["/admin/users", 200, "root"],
    ]);
    await gateway.stop();
    const path = join(gateway.dataDir, "audit_log.jsonl");
    const text = (await readFile(path, "utf8")) + gateway.reports.join("\n");
    const secrets = [...Object.values(tokens), value, csrf, made.body.token, created.body.token, "agw_wrong-guess"];
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(await verifyAudit(path)).toEqual({ lines: 5, problems: [] });
  });
});

describe("personal access tokens", () => {
  let document: Record<string, Record<string, unknown>>;
  beforeAll(async () => {
    await start();
    document = (await gateway.request("GET", "/openapi.json", { auth: false })).body.paths;
  });
  afterAll(() => gateway.close());

  const tokenWith = async (user: string, ...scopes: string[]) => {
    const { status, body } = await as(user, "POST", "/me/tokens", { name: "test", scopes });
    expect([status, body.token]).toEqual([200, expect.stringMatching(/^agwp_/)]);
    tokens[`${user}:${scopes.join()}`] = body.token;
    return `${user}:${scopes.join()}`;
  };

  test("do what their scopes say: every operation of the document has one, and no other scope opens it", async () => {
    const operations = Object.entries(document).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    const open = ["/api/health", `${api}/session/login`];
    const guarded = operations.filter(({ path }) => !open.includes(path));
    expect(guarded.length).toBeGreaterThan(80);
    const users = new Map<string, string>();
    for (const scope of tokenScopes) users.set(scope, await tokenWith(scope === "admin" ? "root" : "ada", scope));
    const unknown: string[] = [];
    for (const { method, path } of guarded) {
      const url = path.replace(/\{[^}]+\}/g, "none");
      const inner = url.startsWith(api) ? url.slice(api.length) : url;
      const wanted = scopeFor(inner, method !== "GET");
      if (wanted === "none" && !/^\/(me\/tokens|session)/.test(inner)) unknown.push(`${method} ${path}`);
      for (const [scope, user] of users) {
        const opens = wanted === null || wanted === scope || wanted.replace(/:read$/, ":write") === scope;
        if (opens && method !== "GET") continue;
        const answer = await gateway.request(method, url, { headers: { authorization: `Bearer ${tokens[user]}` } });
        const isClosed = answer.status === 403 && /scope|admin/.test(String(answer.body?.reason_code));
        expect(`${method} ${path} with ${scope}: ${isClosed ? "closed" : "open"}`).toBe(
          `${method} ${path} with ${scope}: ${opens ? "open" : "closed"}`,
        );
      }
    }
    // A new part of the API needs a row in `auth/route-rules.ts`.
    expect(unknown).toEqual([]);
  });

  test("see the runtime of their user, and cannot make tokens or sign in", async () => {
    await gateway.addRun("of-ada", 1, { runtime_id: "default/ada" });
    const user = await tokenWith("ada", "runs:write");
    expect((await as(user, "GET", "/me")).body.principal).toMatchObject({ user_id: "ada", scopes: ["runs:write"] });
    expect((await as(user, "GET", "/runs")).body.items).toHaveLength(1);
    for (const [method, path] of [
      ["GET", "/me/tokens"],
      ["POST", "/me/tokens"],
      ["POST", "/session/logout"],
    ] as const) {
      expect((await as(user, method, path, method === "GET" ? undefined : {})).body.reason_code).toBe("scope_required");
    }
    const body = { user_id: "ada", token: tokens[user] };
    expect((await anonymous("POST", "/session/login", { body })).status).toBe(401);
  });

  test("of an administrator have that role only with the scope", async () => {
    const plain = await tokenWith("root", "runs:read");
    expect((await as(plain, "GET", "/admin/users")).body.reason_code).toBe("admin_required");
    expect((await as(plain, "GET", "/me")).body.principal.admin).toBe(false);
    const admin = await tokenWith("root", "admin");
    expect((await as(admin, "GET", "/admin/users")).status).toBe(200);
    expect((await as(admin, "GET", "/runs")).body).toMatchObject({ required_scope: "runs:read" });
  });

  test("that may only use models start no run through OpenAI's door", async () => {
    const user = await tokenWith("ada", "models:write");
    const answer = await gateway.request("POST", "/v1/chat/completions", {
      headers: { authorization: `Bearer ${tokens[user]}` },
      body: { model: "bundle:ask", messages: [{ role: "user", content: "hi" }] },
    });
    expect(answer.status).toBe(403);
  });

  test("are listed without secrets and end when they are removed, by nobody else", async () => {
    const user = await tokenWith("ada", "runs:read");
    const { body, text } = await as("ada", "GET", "/me/tokens");
    expect(text).not.toContain("agwp_");
    const { token_id: id } = body.tokens.at(-1);
    expect((await as("bob", "GET", "/me/tokens")).body.tokens).toEqual([]);
    expect((await as("bob", "DELETE", `/me/tokens/${id}`)).status).toBe(404);
    expect((await as(user, "GET", "/runs")).status).toBe(200);
    expect((await as("ada", "DELETE", `/me/tokens/${id}`)).body).toEqual({ ok: true, deleted: true });
    expect((await as(user, "GET", "/runs")).status).toBe(401);
  });

  test.each([
    ["no scopes", { name: "n", scopes: [] }, 400],
    ["a scope that there is not", { name: "n", scopes: ["everything"] }, 400],
    ["more than the user is", { name: "n", scopes: ["admin"] }, 403],
    ["no name", { name: "", scopes: ["runs:read"] }, 422],
    ["no end", { name: "n", scopes: ["runs:read"], expires_in_s: 1e9 }, 422],
    ["a key that there is not", { name: "n", scopes: ["runs:read"], user_id: "root" }, 422],
  ])("with %s are not made", async (_, body, status) => {
    expect((await as("ada", "POST", "/me/tokens", body)).status).toBe(status);
  });
});
