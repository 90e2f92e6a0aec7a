import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;
beforeAll(async () => {
  gateway = await createHarness();
  await gateway.addRun("r1", 3, { session_id: "s1" });
  await gateway.addRun("r2", 1, { session_id: "s2", parent_run_id: "r1", root_run_id: "r1" });
});
afterAll(() => gateway.close());

const post = (path: string, body: unknown) => gateway.request("POST", `/api/gateway/kg/${path}`, { body });
const triple = (subject: string, predicate: string, object: string, more: object = {}) => ({
  subject,
  predicate,
  object,
  ...more,
});

test("facts are written, found by triples and words, and told with their writer", async () => {
  const written = await post("assert", {
    session_id: "s1",
    assertions: [
      triple("ex:Ada Lovelace", "schema:name", "Ada Lovelace", { attributes: { literal: true }, confidence: 0.9 }),
      triple("ex:ada-lovelace", "schema:knowsAbout", "ex:analytical-engine"),
    ],
  });
  expect(written.status).toBe(200);
  expect(written.body).toMatchObject({ ok: true, count: 2, count_attempted: 2, skipped_duplicates: 0 });
  const found = await post("query", { session_id: "s1", object: "ADA lovelace" });
  expect(found.body).toMatchObject({
    ok: true,
    scope: "session",
    owner_id: "session_memory_s1",
    count: 1,
    items: [{ subject: "ex:ada-lovelace", predicate: "schema:name", object: "Ada Lovelace", confidence: 0.9 }],
    warnings: null,
    store: { backend: "memory", capabilities: { structured_query: true, keyword_query: true } },
  });
  const byWords = await post("query", { run_id: "r1", query_text: "which engine" });
  expect(byWords.body.items.map((item: any) => item.object)).toEqual(["ex:analytical-engine"]);
  expect(byWords.body.warnings).toEqual(["No model for embeddings is configured: found by words instead"]);
  const one = await gateway.request("GET", `/api/gateway/kg/assertions/${written.body.assertion_ids[0]}`);
  expect(one.body).toMatchObject({
    ok: true,
    assertion: { provenance: { written_by: "local/local-admin" } },
    written_by: null,
  });
});

test("what is there already is left out, whatever its case", async () => {
  const again = await post("assert", {
    session_id: "s1",
    assertions: [triple("EX:ADA lovelace", "schema:NAME", "ada LOVELACE")],
  });
  expect(again.body).toMatchObject({ count: 0, skipped_duplicates: 1, assertion_ids: [] });
  const other = await post("assert", {
    session_id: "s9",
    assertions: [triple("ex:ada-lovelace", "schema:name", "Ada Lovelace")],
  });
  expect(other.body).toMatchObject({ count: 1 });
});

test("an invalidated fact is known for the time before", async () => {
  const { body } = await post("assert", {
    scope: "global",
    assertions: [triple("ex:cat", "schema:about", "ex:sofa", { valid_from: "2026-01-01" })],
  });
  const gone = await post("invalidate", {
    assertion_ids: body.assertion_ids,
    valid_until: "2026-02-01T00:00:00Z",
    reason: "moved",
  });
  expect(gone.body).toEqual({ ok: true, count: 1 });
  const count = async (more: object) =>
    (await post("query", { scope: "global", subject: "ex:cat", ...more })).body.count;
  expect(await count({})).toBe(0);
  expect(await count({ include_invalidated: true })).toBe(1);
  expect(await count({ active_at: "2026-01-15" })).toBe(1);
  expect(await count({ active_at: "2026-02-01T00:00:00+00:00" })).toBe(0);
});

test("a name is resolved, a neighbourhood walked", async () => {
  await post("assert", {
    scope: "global",
    assertions: [
      triple("ex:paris", "skos:prefLabel", "Paris"),
      triple("ex:paris", "rdf:type", "schema:Place"),
      triple("ex:paris", "dcterms:isPartOf", "ex:france"),
      triple("ex:seine", "schema:about", "ex:paris"),
      triple("ex:france", "schema:name", "France"),
    ],
  });
  const resolved = await post("resolve", { scope: "global", label: " paris ", expected_type: "schema:Place" });
  expect(resolved.body).toMatchObject({
    count: 1,
    candidates: [{ id: "ex:paris", label: "paris", types: ["schema:place"] }],
  });
  const none = await post("resolve", { scope: "global", label: "paris", expected_type: "schema:Person" });
  expect(none.body).toMatchObject({ count: 0, candidates: [] });
  const near = await post("neighbors", { scope: "global", id: "ex:seine", depth: 2 });
  expect(near.body.nodes).toContainEqual({ id: "ex:paris", distance: 1 });
  expect(near.body.nodes).toContainEqual({ id: "ex:france", distance: 2 });
  expect(near.body.nodes).not.toContainEqual({ id: "france", distance: 3 });
  const cut = await post("neighbors", { scope: "global", id: "ex:seine", depth: 3, limit: 2 });
  expect(cut.body).toMatchObject({ truncated: true });
  expect(cut.body.edges).toHaveLength(2);
});

test("an export is read in again elsewhere, and twice is once", async () => {
  const lines = await gateway.request("GET", "/api/gateway/kg/export?scope=global");
  expect(lines.headers.get("content-type")).toContain("application/x-ndjson");
  const assertions = lines.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(assertions.length).toBe(5);
  const again = await post("import", { assertions });
  expect(again.body).toMatchObject({ count: 0, skipped_duplicates: 5 });
  const moved = await post("import", { assertions: assertions.map((each) => ({ ...each, owner_id: "elsewhere" })) });
  expect(moved.body).toMatchObject({ count: 5 });
  const found = await post("query", { scope: "global", owner_id: "elsewhere", order: "asc" });
  expect(found.body.items.map((item: any) => item.observed_at)).toEqual(assertions.map((each) => each.observed_at));
});

test("the semantics registry tells predicates and types", async () => {
  const { body } = await gateway.request("GET", "/api/gateway/semantics");
  expect(body.predicates.map((each: any) => each.id)).toContain("schema:knowsAbout");
  expect(body.entity_types.map((each: any) => each.id)).toContain("schema:Person");
});

describe("bad input gets the field and the reason", () => {
  const rows: [string, string, unknown, number, RegExp][] = [
    ["an unknown scope", "query", { scope: "mine" }, 400, /scope must be one of run, session, global, all/],
    ["a run scope without a run", "query", { scope: "run" }, 400, /needs a run_id/],
    ["scope all with nobody", "query", { scope: "all" }, 400, /run_id or session_id/],
    ["scope all with an owner", "query", { scope: "all", owner_id: "x" }, 400, /owner_id needs one scope/],
    ["an owner and all owners", "query", { owner_id: "x", all_owners: true }, 400, /exclude each other/],
    ["a run that is not here", "query", { run_id: "nobody" }, 404, /Run 'nobody' not found/],
    ["a time that is none", "query", { scope: "global", since: "soon" }, 400, /since must be an ISO time/],
    ["a limit out of range", "query", { scope: "global", limit: 10_001 }, 422, /limit/],
    ["an order that is none", "query", { scope: "global", order: "up" }, 400, /order must be asc or desc/],
    ["a ranking that is none", "query", { scope: "global", ranking: "magic" }, 400, /ranking must be one of/],
    [
      "an unknown predicate",
      "assert",
      { scope: "global", assertions: [triple("ex:a", "ex:likes", "ex:b")] },
      400,
      /assertions\[0\].*ex:likes.*semantics registry/,
    ],
    [
      "an empty subject",
      "assert",
      { scope: "global", assertions: [triple(" ", "schema:name", "x")] },
      400,
      /assertions\[0\]\.subject/,
    ],
    [
      "an object that is missing",
      "assert",
      { scope: "global", assertions: [{ subject: "a", predicate: "schema:name" }] },
      400,
      /assertions\[0\]\.object/,
    ],
    [
      "a triple that is a text",
      "assert",
      { scope: "global", assertions: ["a b c"] },
      400,
      /assertions\[0\] must be an object/,
    ],
    [
      "a confidence above one",
      "assert",
      { scope: "global", assertions: [triple("a", "schema:name", "b", { confidence: 2 })] },
      400,
      /confidence/,
    ],
    [
      "an end before the beginning",
      "assert",
      {
        scope: "global",
        assertions: [triple("a", "schema:name", "b", { valid_from: "2026-02-01", valid_until: "2026-01-01" })],
      },
      400,
      /valid_from/,
    ],
    [
      "a session scope without a session",
      "assert",
      { assertions: [triple("a", "schema:name", "b")] },
      400,
      /needs a run or a session/,
    ],
    ["assertions that are no list", "assert", { scope: "global", assertions: "x" }, 422, /assertions/],
    ["an id that is not here", "invalidate", { assertion_ids: ["nothing"] }, 404, /Assertion 'nothing' not found/],
    ["no ids at all", "invalidate", { assertion_ids: [] }, 400, /assertion_ids/],
    ["undoing a run that is not here", "undo", { run_id: "nobody" }, 404, /Run 'nobody' not found/],
    ["an empty label", "resolve", { scope: "global", label: " " }, 400, /label/],
    ["no steps at all", "neighbors", { scope: "global", id: "x", depth: 0 }, 422, /depth/],
  ];
  for (const [name, path, body, status, message] of rows) {
    test(name, async () => {
      const answer = await post(path, body);
      expect(answer.status).toBe(status);
      expect(JSON.stringify(answer.body.detail)).toMatch(message);
    });
  }

  test("of a list with one bad entry nothing is written", async () => {
    const assertions = [triple("ex:whole", "schema:name", "x"), triple("ex:whole", "nope:nope", "y")];
    expect((await post("assert", { scope: "global", assertions })).status).toBe(400);
    expect((await post("query", { scope: "global", subject: "ex:whole" })).body.count).toBe(0);
  });

  test("an assertion that is not here is not found", async () => {
    const answer = await gateway.request("GET", "/api/gateway/kg/assertions/nothing");
    expect(answer.status).toBe(404);
  });
});
