import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Browser, hasBrowser, openBrowser } from "#fixtures/browser.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";

let gateway: Gateway;
let browser: Browser;
beforeAll(async () => {
  if (!hasBrowser) return;
  [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

test.skipIf(!hasBrowser)(
  "the documentation page shows every operation and can try one, with nothing from outside (skipped without chromium)",
  async () => {
    const { page } = browser;
    await page.goto(`${gateway.url}/docs`);
    const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const operations = Object.values(document.paths).reduce((sum, path) => sum + Object.keys(path).length, 0);
    // Of a long list the viewer draws only what is in sight.
    const seen = new Set<string>();
    for (let looks = 0; looks < 200 && seen.size < operations; looks++) {
      const drawn = await page.locator(".opblock").evaluateAll((blocks) => blocks.map(({ id }) => id));
      for (const id of drawn) seen.add(id);
      await page.mouse.wheel(0, 500);
      await page.waitForTimeout(50);
    }
    expect(seen.size).toBe(operations);
    await page.evaluate("scrollTo(0, 0)");

    await page.getByRole("button", { name: "Authorize" }).first().click();
    await page.locator(".auth-container input").fill(token);
    await page.locator(".auth-btn-wrapper .authorize").click();
    await page.locator(".auth-btn-wrapper .btn-done").click();
    const ping = page.locator(".opblock", { has: page.locator('[data-path="/api/gateway/ping"]') });
    await ping.locator(".opblock-summary-control").click();
    await ping.getByRole("button", { name: "Try it out" }).click();
    await ping.getByRole("button", { name: "Execute" }).click();
    const answer = ping.locator(".live-responses-table .response .microlight").first();
    await answer.waitFor();
    expect(await answer.innerText()).toContain('"ok": true');

    const outside = browser.requested.filter((url) => !url.startsWith(gateway.url) && !url.startsWith("data:"));
    expect(outside).toEqual([]);
    expect(browser.errors).toEqual([]);
  },
  60_000,
);
