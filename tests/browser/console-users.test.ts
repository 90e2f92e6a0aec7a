import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { type Browser, hasBrowser, openBrowser } from "#fixtures/browser.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";

// Several users, behind a proxy that serves the gateway below a path of its own.

const prefix = "/tools/gateway";
let gateway: Gateway;
let proxy: Bun.Server<unknown>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  if (!hasBrowser) return;
  [gateway, browser] = await Promise.all([
    startGateway({ env: { ABSTRACTGATEWAY_USER_AUTH: "1", ABSTRACTGATEWAY_PROBE_SERVERS: "0" } }),
    openBrowser(),
  ]);
  proxy = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: (request) => forward(request) });
  page = browser.page;
  page.setDefaultTimeout(10_000);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await proxy?.stop(true);
  await gateway?.close();
});

/** What a reverse proxy does: takes its own path off, and hands everything on as it is. */
function forward(request: Request): Response | Promise<Response> {
  const { pathname, search, host } = new URL(request.url);
  if (!pathname.startsWith(`${prefix}/`)) return new Response("not of the gateway", { status: 418 });
  const headers = new Headers(request.headers);
  headers.set("host", host);
  return fetch(gateway.url + pathname.slice(prefix.length) + search, {
    method: request.method,
    headers,
    body: request.body,
    redirect: "manual",
    decompress: false,
    signal: request.signal,
  });
}

const home = () => `http://127.0.0.1:${proxy.port}${prefix}/`;
const button = (name: string) => page.getByRole("button", { name, exact: true });
const secretShown = async () => {
  const secret = await page.getByRole("dialog").locator(".secret code").innerText();
  await button("I have it").click();
  return secret;
};

async function signIn(user: string, token: string): Promise<void> {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await button("Sign in").click();
  await page.getByRole("heading", { name: "Runs" }).waitFor();
}

describe.skipIf(!hasBrowser)("the console among several users, behind a prefix (skipped without chromium)", () => {
  let adasToken = "";

  test("an administrator signs in with a session and makes a user", async () => {
    const admin = (await readFile(join(gateway.dataDir, "auth/bootstrap-admin-token"), "utf8")).trim();
    await page.goto(home());
    expect(page.url()).toBe(`${home()}console`);
    await signIn("admin", admin);
    // The session is a cookie that no script reads; the token is kept nowhere.
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain(
      admin,
    );
    await page.getByRole("link", { name: "People and tokens" }).click();
    await button("New user").click();
    await page.getByRole("dialog").getByLabel("Name").fill("ada");
    await button("Make the user").click();
    adasToken = await secretShown();
    await page.getByRole("cell", { name: "ada" }).first().waitFor();
    await button("Sign out").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("the user signs in, starts a run, sees no one else's and no administrator's place", async () => {
    await signIn("ada", adasToken);
    await page.getByText("Nothing has run yet").waitFor();
    await page.goto(`${home()}console#/start/hello/hello`);
    await button("Start").click();
    await page.locator(".page-head .badge", { hasText: "completed" }).waitFor();
    await page.goto(`${home()}console#/people`);
    await page.getByRole("heading", { name: "Access tokens" }).waitFor();
    expect(await page.getByRole("heading", { name: "Users" }).count()).toBe(0);
    await button("New token").click();
    await page.getByRole("dialog").getByLabel("Name").fill("script");
    await button("Make it").click();
    const token = await secretShown();
    const listed = await fetch(`${gateway.url}/api/gateway/runs`, { headers: { authorization: `Bearer ${token}` } });
    expect(((await listed.json()) as { items: object[] }).items).toHaveLength(1);
  });

  test("a session that ended elsewhere leads back to the door", async () => {
    const admin = (await readFile(join(gateway.dataDir, "auth/bootstrap-admin-token"), "utf8")).trim();
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const url = `${gateway.url}/api/gateway/admin/users/ada`;
    // An open page hears of its end by itself, at any moment from here on.
    expect(browser.errors.splice(0)).toEqual([]);
    const changed = await fetch(url, { method: "PATCH", headers, body: JSON.stringify({ enabled: false }) });
    expect(changed.status).toBe(200);
    await page.goto(`${home()}console#/runs`);
    await page.getByText("Your session has ended").waitFor();
    // The browser itself tells of refused requests.
    expect(browser.errors.filter((text) => !text.includes("401"))).toEqual([]);
  });

  test("nothing was asked for outside of the prefix", () => {
    const outside = browser.requested.filter((url) => !url.startsWith(home()) && !/^(data|blob|about):/.test(url));
    expect(outside).toEqual([]);
  });
});
