import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";

// What the executable sends of the console, without a browser.

let gateway: Gateway;
let page: string;
beforeAll(async () => {
  gateway = await startGateway();
  page = await (await fetch(`${gateway.url}/console`)).text();
});
afterAll(() => gateway?.close());

const addresses = () => [...page.matchAll(/(?:src|href)="(console\/[^"]+)"/g)].map((match) => match[1] ?? "");
/** As a browser asks, with the bytes as they come over the line. */
const compressed = (path: string) =>
  fetch(`${gateway.url}/${path}`, { headers: { "accept-encoding": "gzip" }, decompress: false });

test("the root leads to the console, below whatever prefix it is asked for", async () => {
  const root = await fetch(gateway.url, { redirect: "manual" });
  expect([root.status, root.headers.get("location")]).toEqual([307, "console"]);
  const slash = await fetch(`${gateway.url}/console/`, { redirect: "manual" });
  expect([slash.status, slash.headers.get("location")]).toEqual([308, "../console"]);
  expect(addresses().length).toBeGreaterThan(3);
  const others = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(others.filter((address) => !/^(console\/|data:)/.test(address))).toEqual([]);
});

test("the first view is smaller than 200 KB", async () => {
  let total = page.length;
  for (const path of addresses()) {
    const response = await compressed(path);
    expect([path, response.status, response.headers.get("content-encoding")]).toEqual([path, 200, "gzip"]);
    total += (await response.arrayBuffer()).byteLength;
  }
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(200_000);
});

test("the page runs nothing but the gateway's own files, and no page may frame it", async () => {
  const { headers } = await fetch(`${gateway.url}/console`);
  const policy = headers.get("content-security-policy") ?? "";
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ])
    expect(policy).toContain(rule);
  expect(policy).not.toContain("unsafe");
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect(page).not.toMatch(/<style|\son\w+=|\sstyle=/);
});

test("a file is kept by the browser for ever, and the page is asked for again", async () => {
  const path = addresses().find((each) => each.endsWith(".js")) ?? "";
  const file = await compressed(path);
  expect(file.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(file.headers.get("content-type")).toContain("text/javascript");
  const etag = file.headers.get("etag") ?? "";
  const again = await fetch(`${gateway.url}/${path}`, { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
  const first = await fetch(`${gateway.url}/console`);
  expect(first.headers.get("cache-control")).toBe("no-cache");
  const unchanged = await fetch(`${gateway.url}/console`, {
    headers: { "if-none-match": first.headers.get("etag") ?? "" },
  });
  expect(unchanged.status).toBe(304);
});

test("whoever takes no compressed files gets them plain", async () => {
  const path = addresses().find((each) => each.endsWith(".css")) ?? "";
  const plain = await fetch(`${gateway.url}/${path}`, {
    headers: { "accept-encoding": "identity" },
    decompress: false,
  });
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(await plain.text()).toContain("--accent");
});

test.each(["console/nothing.js", "console/..%2f..%2fetc%2fpasswd", "console/__proto__", "console/constructor"])(
  "%s is not there",
  async (path) => {
    const response = await fetch(`${gateway.url}/${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ detail: "Not Found" });
  },
);
