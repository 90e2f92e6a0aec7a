import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import type { AppError } from "#core/errors.ts";
import { rejection } from "#fixtures/rejection.ts";
import { article, startWebSite } from "#fixtures/web-site.ts";
import { createAddressGuard } from "#tools/web/address-guard.ts";
import { type GuardedRequest, createGuardedFetch } from "#tools/web/guarded-fetch.ts";

const site = startWebSite();
const other = startWebSite();
afterAll(() => Promise.all([site.close(), other.close()]));
beforeEach(() => {
  site.requests.length = 0;
  other.requests.length = 0;
});

const allow = [`127.0.0.1:${site.port}`, `127.0.0.1:${other.port}`];
const guardedFetch = createGuardedFetch(createAddressGuard({ allow }));
const failure = async (path: string, request: GuardedRequest = {}) =>
  (await rejection(guardedFetch(site.origin + path, request))) as AppError;
const text = (body: Uint8Array) => new TextDecoder().decode(body);

describe("a page", () => {
  test("comes with its status, headers and body", async () => {
    const response = await guardedFetch(`${site.origin}/article`);
    expect(response).toMatchObject({ status: 200, finalUrl: `${site.origin}/article`, truncated: false });
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(text(response.body)).toBe(article);
    expect(site.requests[0]!.headers.get("host")).toBe(`127.0.0.1:${site.port}`);
  });

  test("is decompressed", async () => {
    expect(text((await guardedFetch(`${site.origin}/article.gz`)).body)).toBe(article);
  });

  test("that is missing is an answer and no error", async () => {
    expect((await guardedFetch(`${site.origin}/nowhere`)).status).toBe(404);
  });

  test("without a body is empty", async () => {
    expect(await guardedFetch(`${site.origin}/empty`)).toMatchObject({ status: 204, truncated: false });
  });

  test("may be asked with a method, headers and a body", async () => {
    await guardedFetch(`${site.origin}/article`, { method: "post", body: "a=b", headers: { "X-Key": "1" } });
    expect(site.requests[0]).toMatchObject({ method: "POST", body: "a=b" });
    expect(site.requests[0]!.headers.get("x-key")).toBe("1");
  });
});

describe("the address that was checked", () => {
  test("is the one that is asked, whatever the name means a moment later", async () => {
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    const guard = createAddressGuard({ allow: ["rebinding.test"], resolve: async () => answers.shift() ?? [] });
    const response = await createGuardedFetch(guard)(`http://rebinding.test:${site.port}/article`);
    expect(response.status).toBe(200);
    expect(site.requests[0]!.headers.get("host")).toBe(`rebinding.test:${site.port}`);
    expect(answers).toEqual([["10.0.0.1"]]);
  });

  test("is checked again when a redirect comes back to a name that was rebound", async () => {
    const answers = [["127.0.0.1"], ["127.0.0.1"]];
    let asked = 0;
    // Public at first, as an attacker's server is; the allow list stands for that here.
    const publicThenInside = createAddressGuard({ resolve: async () => answers[asked++] ?? [] });
    const allowed = createAddressGuard({ allow: ["rebinding.test"], resolve: async () => ["127.0.0.1"] });
    let checks = 0;
    const guard: typeof allowed = {
      check: (url, options) => (checks++ === 0 ? allowed : publicThenInside).check(url, options),
    };
    const asking = createGuardedFetch(guard)(`http://rebinding.test:${site.port}/redirect?to=/article`);
    expect((await rejection(asking)) as AppError).toMatchObject({ code: "forbidden" });
    expect(site.requests.map(({ path }) => path)).toEqual(["/redirect?to=/article"]);
  });

  test("is followed by the next one when it takes no connection", async () => {
    const guard = createAddressGuard({ allow: ["two.test"], resolve: async () => ["::1", "127.0.0.1"] });
    expect((await createGuardedFetch(guard)(`http://two.test:${site.port}/article`)).status).toBe(200);
  });

  test("that is refused is never connected to", async () => {
    const strict = createGuardedFetch(createAddressGuard());
    expect((await rejection(strict(`${site.origin}/article`))) as AppError).toMatchObject({ code: "forbidden" });
    expect(site.requests).toEqual([]);
  });
});

describe("a redirect", () => {
  test("is followed, relative or to another origin", async () => {
    const to = encodeURIComponent(`${other.origin}/redirect?to=/article`);
    const response = await guardedFetch(`${site.origin}/redirect?to=${to}`);
    expect(response).toMatchObject({ status: 200, finalUrl: `${other.origin}/article` });
  });

  test.each(["http://127.0.0.1:1/", "http://169.254.169.254/", "//0x7f.1/", "http://2130706433/"])(
    "to %s is refused",
    async (to) => {
      expect(await failure(`/redirect?to=${encodeURIComponent(to)}`)).toMatchObject({ code: "forbidden" });
    },
  );

  test("to a file is refused", async () => {
    expect(await failure("/redirect?to=file:///etc/passwd")).toMatchObject({ code: "invalid_request" });
  });

  test("is followed five times and not for ever", async () => {
    expect((await failure("/loop")).message).toContain("redirects more than 5 times");
    expect(site.requests).toHaveLength(6);
  });

  test("to another origin leaves secrets behind", async () => {
    const headers = { authorization: "Bearer x", "x-api-key": "y", cookie: "z", accept: "text/html" };
    await guardedFetch(`${site.origin}/redirect?to=/redirect`, { headers });
    expect(site.requests.at(-1)!.headers.get("x-api-key")).toBe("y");
    await guardedFetch(`${site.origin}/redirect?to=${other.origin}/article`, { headers });
    const sent = other.requests[0]!.headers;
    expect([sent.get("authorization"), sent.get("x-api-key"), sent.get("cookie")]).toEqual([null, null, null]);
    expect(sent.get("accept")).toBe("text/html");
  });

  test.each([
    [301, "GET", ""],
    [302, "GET", ""],
    [303, "GET", ""],
    [307, "POST", "a=b"],
    [308, "POST", "a=b"],
  ])("with %i after a POST asks with %s", async (status, method, body) => {
    await guardedFetch(`${site.origin}/redirect?status=${status}`, { method: "POST", body: "a=b" });
    expect(site.requests[1]).toMatchObject({ method, body, path: "/article" });
  });

  test("never carries a body to another origin", async () => {
    const error = await failure(`/redirect?status=307&to=${other.origin}/article`, { method: "POST", body: "a=b" });
    expect(error.message).toContain("another origin");
    expect(other.requests).toEqual([]);
  });
});

describe("a bad server", () => {
  test("that sends for ever is left after the limit", async () => {
    const response = await guardedFetch(`${site.origin}/endless`, { maxBytes: 100_000 });
    expect(response.truncated).toBe(true);
    expect(response.body).toHaveLength(100_000);
    await site.endlessClosed;
  });

  test.each(["/bomb", "/bomb-in-bomb"])("with a %s fills no more than the limit", async (path) => {
    const response = await guardedFetch(site.origin + path, { maxBytes: 50_000 });
    expect(response.truncated).toBe(true);
    expect(response.body).toHaveLength(50_000);
  });

  test.each([
    ["/broken.gz", "cannot be decompressed"],
    ["/cut.gz", "cannot be decompressed"],
    ["/many-encodings", "4 times"],
    ["/odd-encoding", '"compress"'],
  ])("%s: %s", async (path, sentence) => {
    const error = await failure(path);
    expect(error).toMatchObject({ name: "AppError", code: "unavailable" });
    expect(error.message).toContain(sentence);
  });

  test.each(["/never", "/stuck"])("that hangs at %s runs into the time limit", async (path) => {
    const error = await failure(path, { timeoutMs: 150 });
    expect(error).toMatchObject({ code: "timeout" });
    expect(error.message).toBe(`${site.origin}${path} did not answer within 0.15 s`);
  });

  test.each(["/never", "/stuck"])("that hangs at %s is left when the caller says so", async (path) => {
    const stop = new AbortController();
    const asking = failure(path, { signal: stop.signal });
    while (site.requests.length === 0) await new Promise(setImmediate);
    stop.abort();
    expect(await asking).toMatchObject({ code: "cancelled" });
  });

  test("that does not exist says so", async () => {
    const gone = startWebSite();
    await gone.close();
    const guard = createAddressGuard({ allow: ["127.0.0.1"] });
    const error = (await rejection(createGuardedFetch(guard)(`${gone.origin}/?token=secret`))) as AppError;
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(error.message).toBe(`${gone.origin}/ cannot be read: the server takes no connection`);
  });
});

test.each([
  [{ Host: "inside" }, '"Host"'],
  [{ "content-length": "5" }, '"content-length"'],
  [{ "x-a": "1\r\nx-b: 2" }, "cannot be sent"],
])("headers %p are refused", async (headers, sentence) => {
  const error = await failure("/article", { headers });
  expect(error.code).toBe("invalid_request");
  expect(error.message).toContain(sentence);
});

describe("over TLS", () => {
  const pem = (name: string) => Bun.file(resolve(import.meta.dirname, "../../fixtures/tls", name)).text();

  test("the certificate is checked against the name, although the address is pinned", async () => {
    const cert = await pem("good-test.pem");
    const secure = startWebSite({ tls: { cert, key: await pem("good-test-key.pem") } });
    const guard = createAddressGuard({ allow: ["*.test"], resolve: async () => ["127.0.0.1"] });
    const trusting = createGuardedFetch(guard, { certificateAuthorities: cert });
    expect((await trusting(`https://good.test:${secure.port}/article`)).status).toBe(200);
    const mismatch = (await rejection(trusting(`https://bad.test:${secure.port}/article`))) as AppError;
    expect(mismatch.message).toContain("its certificate is refused (ERR_TLS_CERT_ALTNAME_INVALID)");
    const untrusted = (await rejection(createGuardedFetch(guard)(`https://good.test:${secure.port}/`))) as AppError;
    expect(untrusted.message).toContain("its certificate is refused");
    await secure.close();
  });
});
