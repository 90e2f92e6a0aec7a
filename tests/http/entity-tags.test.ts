import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Harness, type RunWriter, createHarness } from "./harness.ts";

let gateway: Harness;
let writer: RunWriter;
beforeAll(async () => {
  gateway = await createHarness();
  writer = await gateway.addRun("r", 3);
});
afterAll(() => gateway.close());

const paths = [
  "/api/gateway/runs/r",
  "/api/gateway/runs/r/ledger?after=0&limit=2",
  "/api/gateway/runs/r/ledger?after=1",
];

test.each(paths)("%s is answered with 304 as long as nothing changed, and in full afterwards", async (path) => {
  const first = await gateway.request("GET", path);
  const tag = first.headers.get("etag") ?? "";
  expect(tag).toMatch(/^"\w+"$/);
  expect(first.headers.get("cache-control")).toBe("private, no-cache");
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
    const again = await gateway.request("GET", path, { headers: { "if-none-match": known } });
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", tag]);
  }
  const other = await gateway.request("GET", path, { headers: { "if-none-match": '"other"' } });
  expect([other.status, other.text]).toEqual([200, first.text]);
});

test("a change has another tag; two pages of one ledger never share one", async () => {
  const tags = async () =>
    Promise.all(paths.map(async (path) => (await gateway.request("GET", path)).headers.get("etag")));
  const before = await tags();
  await writer.finish();
  const after = await tags();
  expect(after[0]).not.toBe(before[0]);
  expect(after[1]).toBe(before[1]);
  expect(after[2]).not.toBe(before[2]);
  expect(new Set(after).size).toBe(3);
  const stale = await gateway.request("GET", paths[0] ?? "", { headers: { "if-none-match": before[0] ?? "" } });
  expect([stale.status, stale.body.status]).toEqual([200, "completed"]);
});

test("a browser of another origin may read the tag and send it", async () => {
  const origin = "http://localhost:5173";
  const preflight = await fetch(gateway.url + (paths[0] ?? ""), {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization,if-none-match",
    },
  });
  expect(preflight.headers.get("access-control-allow-headers")).toContain("if-none-match");
  const answer = await gateway.request("GET", paths[0] ?? "", { headers: { origin } });
  expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
  expect(answer.headers.get("access-control-expose-headers")).toContain("etag");
});
