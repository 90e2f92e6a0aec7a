import { afterAll, beforeAll, expect, test } from "bun:test";
import { exec, flow } from "#fixtures/bundles.ts";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;
beforeAll(async () => {
  gateway = await createHarness();
});
afterAll(() => gateway.close());

const api = "/api/gateway/visualflows";
const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  gateway.request(method, api + path, { headers, ...(body === undefined ? {} : { body }) });
const { nodes, edges } = flow("f", [exec("start", "on_flow_start"), exec("end", "on_flow_end")], ["start > end"]);

test("a flow is saved, listed in a bare list, changed and removed", async () => {
  const made = await ask("POST", "", { name: "One", nodes, edges, entryNode: "start" });
  expect(made.status).toBe(200);
  expect(Object.keys(made.body)).toEqual([
    "id",
    "name",
    "description",
    "interfaces",
    "nodes",
    "edges",
    "entryNode",
    "created_at",
    "updated_at",
  ]);
  const { id } = made.body;
  expect((await ask("GET", "")).body).toEqual([made.body]);
  const changed = await ask("PUT", `/${id}`, { description: "d", nodes: null });
  expect(changed.body).toMatchObject({ id, name: "One", description: "d", nodes: made.body.nodes });
  const stale = await ask("PUT", `/${id}`, { name: "x" }, { "if-match": `"${made.body.updated_at}"` });
  expect([stale.status, stale.body.detail]).toEqual([409, expect.stringContaining("was saved by somebody else")]);
  expect((await ask("PUT", `/${id}`, { name: "Two" }, { "if-match": changed.body.updated_at })).status).toBe(200);
  expect((await ask("DELETE", `/${id}`)).body).toEqual({ status: "deleted", id });
  expect((await ask("GET", `/${id}`)).body).toEqual({ detail: `Flow '${id}' not found` });
});

const refused: [method: string, path: string, body: unknown, status: number, detail: RegExp][] = [
  ["POST", "", { name: " " }, 400, /^Invalid VisualFlow JSON: name must not be empty$/],
  ["POST", "", { name: "x", edges }, 400, /^Invalid VisualFlow JSON: edges\[0\]\.source names the node 'start'/],
  ["GET", "/a.b", undefined, 400, /is not a flow id/],
  ["GET", "/%2e%2e%2fx", undefined, 400, /is not a flow id/],
  ["PUT", "/a.b", {}, 400, /is not a flow id/],
  ["PUT", "/none", {}, 404, /Flow 'none' not found/],
  ["DELETE", "/none", undefined, 404, /Flow 'none' not found/],
  ["POST", "/none/publish", {}, 404, /Flow 'none' not found/],
  ["POST", "/a.b/publish", {}, 400, /is not a flow id/],
];
test.each(refused)("%s %s %j is refused with the reason", async (method, path, body, status, detail) => {
  const answer = await ask(method, path, body);
  expect(answer.status).toBe(status);
  expect(answer.body.detail).toMatch(detail);
});

test("a large flow may be larger than other requests, but not endless", async () => {
  const large = { name: "x", description: "d".repeat(300_000) };
  expect((await ask("POST", "", large)).status).toBe(200);
  expect((await ask("POST", "", { name: "x", description: "d".repeat(17_000_000) })).status).toBe(413);
});

test("code that may not run is an answer, not an error", async () => {
  const simulate = (body: object) => ask("POST", "/code/simulate", body);
  const rows: [object, RegExp, boolean][] = [
    [{ permissions: "root" }, /permissions must be/, false],
    [{ language: "ruby" }, /language must be/, true],
    [{ input: [1] }, /input must be an object/, true],
  ];
  for (const [body, error, allowed] of rows) {
    const answer = await simulate(body);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ ok: false, success: false, output: null, execution: null });
    expect(answer.body.error).toMatch(error);
    expect(answer.body.diagnostics).toMatchObject({ phase: "compile", allowed });
  }
});
