import { describe, expect, test } from "bun:test";
import { type Guard, type GuardRequest, createGuard } from "#auth/guard.ts";
import { createLockout } from "#auth/lockout.ts";
import { createOriginCheck } from "#auth/origins.ts";
import { createTokenSet } from "#auth/tokens.ts";
import type { AuthSettings, LimitSettings } from "#config/settings.ts";
import { testUsers } from "../http/harness.ts";

const token = "correct-token";

const limits: LimitSettings = {
  maxBodyBytes: 100,
  maxUploadBodyBytes: 0,
  maxAttachmentBytes: 1000,
  maxBundleBytes: 2000,
  maxChatThreadBytes: 2000,
  maxConcurrency: 64,
  maxSse: 32,
  maxInlineBytes: 262_144,
};

function guardWith(auth: Partial<AuthSettings> = {}): { guard: Guard; clock: { ms: number } } {
  const settings: AuthSettings = {
    enabled: true,
    tokens: [token, "another-token"],
    allowedOrigins: ["http://localhost:*"],
    protectRead: true,
    protectWrite: true,
    devReadNoAuth: false,
    trustProxy: false,
    lockoutAfter: 3,
    lockoutBaseS: 1,
    lockoutMaxS: 60,
    audit: { enabled: false, maxBytes: 0, rotations: 0, headers: [] },
    users: testUsers("/nowhere"),
    ...auth,
  };
  const clock = { ms: 0 };
  const guard = createGuard({
    auth: settings,
    limits,
    people: null,
    tokens: createTokenSet(settings.tokens),
    isAllowedOrigin: createOriginCheck(settings.allowedOrigins),
    lockout: createLockout({ after: settings.lockoutAfter, baseS: settings.lockoutBaseS, maxS: settings.lockoutMaxS }),
    now: () => clock.ms,
  });
  return { guard, clock };
}

interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  address?: string;
}

function request({ method = "GET", path = "/runs", headers = {}, address = "10.0.0.1" }: Sent = {}): GuardRequest {
  return { method, path, header: (name) => headers[name] ?? null, address: () => address };
}

const good = { authorization: `Bearer ${token}` };
const foreign = { origin: "http://evil.example" };

interface Row extends Sent {
  name: string;
  auth?: Partial<AuthSettings>;
  status: number | "pass";
  detail?: string;
}

const rows: Row[] = [
  { name: "a good token passes", headers: good, status: "pass" },
  { name: "any of several tokens passes", headers: { authorization: "Bearer another-token" }, status: "pass" },
  { name: "the scheme may be written in any case", headers: { authorization: `bEARER ${token}` }, status: "pass" },
  { name: "no token is refused", status: 401, detail: "Unauthorized" },
  { name: "a wrong token is refused", headers: { authorization: "Bearer wrong" }, status: 401 },
  { name: "a prefix of a token is refused", headers: { authorization: "Bearer correct" }, status: 401 },
  { name: "an empty token is refused", headers: { authorization: "Bearer  " }, status: 401 },
  { name: "another scheme is refused", headers: { authorization: `Basic ${token}` }, status: 401 },
  { name: "an origin of the list passes", headers: { ...good, origin: "http://localhost:3000" }, status: "pass" },
  { name: "another origin is refused before the token is looked at", headers: foreign, status: 403 },
  { name: "another origin is refused with a good token too", headers: { ...good, ...foreign }, status: 403 },
  { name: "without any token configured nobody gets in", auth: { tokens: [] }, headers: good, status: 503 },
  { name: "security off lets everything in", auth: { enabled: false }, headers: foreign, status: "pass" },
  { name: "unprotected reads need no token", auth: { protectRead: false }, status: "pass" },
  { name: "unprotected reads leave writes protected", auth: { protectRead: false }, method: "POST", status: 401 },
  { name: "unprotected writes need no token", auth: { protectWrite: false }, method: "DELETE", status: "pass" },
  { name: "loopback may read in dev mode", auth: { devReadNoAuth: true }, address: "127.0.0.1", status: "pass" },
  { name: "IPv6 loopback may read in dev mode", auth: { devReadNoAuth: true }, address: "::1", status: "pass" },
  { name: "others may not read in dev mode", auth: { devReadNoAuth: true }, status: 401 },
  {
    name: "loopback may not write in dev mode",
    auth: { devReadNoAuth: true },
    address: "::1",
    method: "PUT",
    status: 401,
  },
  {
    name: "a forwarded request is not loopback, whatever it says",
    auth: { devReadNoAuth: true, trustProxy: true },
    address: "127.0.0.1",
    headers: { "x-forwarded-for": "127.0.0.1" },
    status: 401,
  },
  {
    name: "a declared body over the limit is refused",
    method: "POST",
    headers: { ...good, "content-length": "101" },
    status: 413,
    detail: "Payload Too Large (101 bytes > 100 bytes)",
  },
  { name: "a body at the limit passes", method: "POST", headers: { ...good, "content-length": "100" }, status: "pass" },
  { name: "the length of a read does not matter", headers: { ...good, "content-length": "101" }, status: "pass" },
  {
    name: "a wrong token is refused before the length",
    method: "POST",
    headers: { "content-length": "101" },
    status: 401,
  },
  {
    name: "an upload has its own limit",
    method: "POST",
    path: "/bundles/upload",
    headers: { ...good, "content-length": "2099200" },
    status: 413,
    detail: `Payload Too Large (2099200 bytes > ${2000 + 2 * 1024 * 1024} bytes)`,
  },
];

describe("order and rules of the guard", () => {
  for (const row of rows) {
    test(row.name, () => {
      const verdict = guardWith(row.auth).guard.decide(request(row));
      const answer: number | string = verdict.refusal?.status ?? "pass";
      expect(answer).toBe(row.status);
      if (row.detail) expect(verdict.refusal?.body.detail).toBe(row.detail);
    });
  }
});

test("a 401 says which scheme is expected", () => {
  const verdict = guardWith().guard.decide(request());
  expect(verdict.refusal?.headers).toEqual({ "www-authenticate": "Bearer" });
});

test("an address that failed often is held back even with a good token, and a success clears it", () => {
  const { guard, clock } = guardWith();
  const wrong = request({ headers: { authorization: "Bearer wrong" } });
  for (let count = 0; count < 3; count++) expect(guard.decide(wrong).refusal?.status).toBe(401);
  const held = guard.decide(request({ headers: good }));
  expect(held.refusal).toMatchObject({
    status: 429,
    body: { detail: "Too Many Requests (auth lockout)" },
    headers: { "retry-after": "1" },
  });
  expect(guard.decide(request({ headers: good, address: "10.0.0.2" })).refusal).toBeNull();
  clock.ms = 1001;
  expect(guard.decide(request({ headers: good })).refusal).toBeNull();
  expect(guard.decide(wrong).refusal?.status).toBe(401);
  expect(guard.decide(request({ headers: good })).refusal).toBeNull();
});

test("a foreign origin is refused before the lockout, and does not count as a failure", () => {
  const { guard } = guardWith({ lockoutAfter: 1 });
  for (let count = 0; count < 5; count++) guard.decide(request({ headers: foreign }));
  expect(guard.decide(request({ headers: good })).refusal).toBeNull();
});

test("a preflight needs an allowed origin and no token", () => {
  const { guard } = guardWith();
  expect(guard.preflight(request({ headers: { origin: "http://localhost:1" } }))).toBeNull();
  expect(guard.preflight(request({ headers: foreign }))?.status).toBe(403);
});

test("the principal of a static token is the local administrator", () => {
  const verdict = guardWith().guard.decide(request({ headers: good }));
  expect(verdict).toMatchObject({
    refusal: null,
    authRequired: true,
    principal: { user_id: "local-admin", tenant_id: "local", roles: ["admin", "user"], source: "legacy-token" },
  });
});

test("a reader of the dev mode may not use what only administrators may", () => {
  const { guard } = guardWith({ devReadNoAuth: true });
  const verdict = guard.decide(request({ path: "/admin/users", address: "127.0.0.1" }));
  expect(verdict.refusal).toMatchObject({
    status: 403,
    body: {
      detail: "Admin principal required",
      reason_code: "admin_required",
      required_role: "admin",
      resource_class: "admin",
      action: "read",
    },
  });
});
