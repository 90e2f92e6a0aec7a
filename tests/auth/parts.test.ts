import { expect, test } from "bun:test";
import { bodyLimitBytes } from "#auth/body-limit.ts";
import { createLockout } from "#auth/lockout.ts";
import { createOriginCheck } from "#auth/origins.ts";
import { createRequestSlots } from "#auth/request-slots.ts";
import { fingerprint } from "#auth/digest.ts";
import { ruleOf } from "#auth/route-rules.ts";
import { createTokenSet } from "#auth/tokens.ts";

function adminResource(path: string, isWrite: boolean): string | null {
  const rule = ruleOf(path, isWrite);
  return rule?.needsAdmin ? rule.resourceClass : null;
}

test("an origin matches a glob as a whole and not by a part", () => {
  const isAllowed = createOriginCheck(["http://localhost:*", "https://*.example.org", "https://app[12].test", "null"]);
  const table: [string, boolean][] = [
    ["http://localhost:3000", true],
    ["http://localhost:", true],
    ["http://localhost", false],
    ["https://localhost:3000", false],
    ["http://LOCALHOST:3000", false],
    ["http://localhost:3000.evil.example", false],
    ["http://localhost:3000/x", false],
    ["http://localhost:1@evil.example", false],
    ["https://a.example.org", true],
    ["https://example.org", false],
    ["https://a.example.org.evil.test", false],
    ["https://app1.test", true],
    ["https://app3.test", false],
    ["https://app12.test", false],
    ["null", true],
    ["", false],
  ];
  expect(table.map(([origin]) => [origin, isAllowed(origin)])).toEqual(table);
});

test("a star allows every origin, and no pattern allows none", () => {
  expect(createOriginCheck(["*"])("https://anything.example")).toBe(true);
  expect(createOriginCheck(["", " "])("https://anything.example")).toBe(false);
});

test("special characters of a pattern stand for themselves", () => {
  const isAllowed = createOriginCheck(["http://a.b:*", "http://[::1]:*"]);
  expect(isAllowed("http://axb:1")).toBe(false);
  expect(isAllowed("http://a.b:1")).toBe(true);
});

test("a lock doubles with each further failure up to its maximum", () => {
  const lockout = createLockout({ after: 2, baseS: 1, maxS: 10 });
  expect(lockout.active).toBe(false);
  const locks = Array.from({ length: 7 }, () => {
    lockout.fail("a", 0);
    return lockout.retryAfterS("a", 0);
  });
  expect(locks).toEqual([0, 1, 2, 4, 8, 10, 10]);
  expect(lockout.retryAfterS("b", 0)).toBe(0);
  expect(lockout.retryAfterS("a", 9_500)).toBe(1);
  expect(lockout.retryAfterS("a", 10_000)).toBe(0);
});

test("a lockout of zero failures never locks", () => {
  const lockout = createLockout({ after: 0, baseS: 1, maxS: 60 });
  for (let count = 0; count < 100; count++) lockout.fail("a", 0);
  expect(lockout.retryAfterS("a", 0)).toBe(0);
});

test("the memory of a lockout is bounded and forgets the oldest", () => {
  const lockout = createLockout({ after: 1, baseS: 60, maxS: 60 });
  for (let count = 0; count <= 10_000; count++) lockout.fail(`address-${count}`, 0);
  expect(lockout.retryAfterS("address-0", 0)).toBe(0);
  expect(lockout.retryAfterS("address-1", 0)).toBe(60);
});

test("a place that is given back goes to the one who waits longest", async () => {
  const slots = createRequestSlots(1);
  expect(slots.tryAcquire()).toBe(true);
  const first = slots.acquire(10_000);
  const second = slots.acquire(10_000);
  slots.release();
  expect(await first).toBe(true);
  expect(slots.used).toBe(1);
  slots.release();
  expect(await second).toBe(true);
  slots.release();
  expect(slots.used).toBe(0);
});

test("who gets no place in time is told so and leaves no trace", async () => {
  const slots = createRequestSlots(1);
  slots.tryAcquire();
  expect(await slots.acquire(1)).toBe(false);
  slots.release();
  expect(slots.used).toBe(0);
  expect(slots.tryAcquire()).toBe(true);
});

test("body limits are those of the path, capped for uploads", () => {
  const limits = {
    maxBodyBytes: 10,
    maxUploadBodyBytes: 0,
    maxAttachmentBytes: 100,
    maxBundleBytes: 200,
    maxChatThreadBytes: 30,
    maxConcurrency: 1,
    maxSse: 1,
    maxInlineBytes: 1,
  };
  const overhead = 2 * 1024 * 1024;
  expect(bodyLimitBytes("/runs/start", limits)).toBe(10);
  expect(bodyLimitBytes("/attachments/upload", limits)).toBe(100 + overhead);
  expect(bodyLimitBytes("/bundles/upload", limits)).toBe(200 + overhead);
  expect(bodyLimitBytes("/bundles/upload", { ...limits, maxUploadBodyBytes: 50 })).toBe(50);
  expect(bodyLimitBytes("/runs/start", { ...limits, maxUploadBodyBytes: 5 })).toBe(10);
});

test("admin routes are those of the table", () => {
  const table: [string, boolean, string | null][] = [
    ["/admin", false, "admin"],
    ["/admin/users", true, "admin"],
    ["/administrators", false, null],
    ["/audit/tail", false, "audit"],
    ["/host/metrics/gpu", false, "host"],
    ["/models/loaded", false, "models"],
    ["/models/loaded/x", false, null],
    ["/files/list", false, "workspace"],
    ["/artifacts/import", true, "workspace"],
    ["/artifacts/search", false, null],
    ["/runs/r/artifacts/a/export", true, "workspace"],
    ["/runs/r/artifacts/a/content", false, null],
    ["/blocs", false, null],
    ["/blocs/kv/load", true, "blocs"],
    ["/prompt_cache/stats", false, null],
    ["/prompt_cache/set", true, "prompt_cache"],
    ["/sessions/s/prompt_cache/clear", true, null],
    ["/bundles/upload", true, null],
    ["/runs/start", true, null],
  ];
  expect(table.map(([path, isWrite]) => [path, isWrite, adminResource(path, isWrite)])).toEqual(table);
});

test("tokens are known by their digests, and empty ones do not count", () => {
  const tokens = createTokenSet(["", "abc"]);
  expect(tokens.configured).toBe(true);
  expect(tokens.verify("abc")?.token_fingerprint).toBe(fingerprint("abc"));
  expect(fingerprint("abc")).toBe("ba7816bf8f01");
  for (const wrong of ["", "ab", "abcd", "ABC"]) expect(tokens.verify(wrong)).toBeNull();
  expect(createTokenSet([""]).configured).toBe(false);
});
