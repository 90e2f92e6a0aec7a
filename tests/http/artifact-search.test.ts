import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;

const row = (id: string, minute: number, more: Partial<ArtifactRow> = {}): ArtifactRow => ({
  artifact_id: id,
  blob_id: "a".repeat(64),
  run_id: "maker",
  runtime_id: "default",
  content_type: "image/png",
  size_bytes: 10,
  created_at: `2026-11-23T00:0${minute}:00.000000+00:00`,
  tags: { kind: "image", filename: `${id}.png` },
  metadata: {},
  ...more,
});

beforeAll(async () => {
  gateway = await createHarness();
  await gateway.addRun("maker", 0, { session_id: "s1", parent_run_id: null });
  await gateway.ledger.commit({
    artifacts: [
      row("p1", 1),
      row("p2", 2, { size_bytes: 30, tags: { kind: "image", session_id: "s1", mood: "calm" } }),
      row("t1", 3, { content_type: "text/plain", tags: { kind: "note" }, metadata: { title: "Shopping" } }),
      row("m1", 4, { run_id: "session_memory_s1", content_type: "audio/wav", tags: { kind: "attachment" } }),
    ],
  });
});

afterAll(() => gateway.close());

const get = (path: string) => gateway.request("GET", `/api/gateway${path}`);
const idsOf = (body: any) => body.items.map((item: any) => item.artifact_id);

test("an artifact in a list has every key that clients look for, also those that nobody knows", async () => {
  const { body } = await get("/runs/maker/artifacts");
  expect(idsOf(body)).toEqual(["t1", "p2", "p1"]);
  const [, , item] = body.items;
  expect(item).toMatchObject({
    artifact_id: "p1",
    run_id: "maker",
    content_type: "image/png",
    filename: "p1.png",
    source_path: null,
    sha256: "a".repeat(64),
    modality: "image",
    semantic_kind: "image",
    render_kind: "image",
    classification_source: "tags",
    session_id: "s1",
    workflow_id: "ask@1.0.0:main",
    task: null,
    media: {},
    source_refs: [],
    access: { access_count: 0, download_count: 0 },
    ref: { $artifact: "p1", run_id: "maker", filename: "p1.png" },
    links: {
      content: "/api/gateway/runs/maker/artifacts/p1/content",
      run_artifacts: "/api/gateway/runs/maker/artifacts",
      observe_route: "#/observe/maker",
    },
    available_actions: ["preview", "download"],
    raw_metadata: {},
    descriptor: { schema: "abstractruntime.artifact_descriptor.v1", schema_version: 1 },
    artifact_envelope_v1: {
      schema: "abstractgateway.artifact_envelope.v1",
      artifact_id: "p1",
      actions: { open_run: true, open_provider_trace: false },
    },
  });
  for (const key of ["turn_id", "step_id", "effect_id", "ledger_cursor", "parent_run_id"])
    expect(item).toHaveProperty(key);
});

test("a session's artifacts are those of its memory and those tagged with it, and its memory is a run", async () => {
  expect(idsOf((await get("/sessions/s1/artifacts")).body)).toEqual(["m1", "p2"]);
  const { body } = await get("/runs/session_memory_s1");
  expect(body).toMatchObject({ workflow_id: "__session_memory__", status: "completed", session_id: "s1" });
  await get("/sessions/a%20b/artifacts");
  const odd = `session_memory_sha_${Bun.SHA256.hash("a b", "hex").slice(0, 32)}`;
  expect((await get(`/runs/${odd}`)).body).toMatchObject({ session_id: "a b" });
});

describe("a search", () => {
  test.each<[string, string[]]>([
    ["", ["m1", "t1", "p2", "p1"]],
    ["scope=run&run_id=maker", ["t1", "p2", "p1"]],
    ["scope=session&session_id=s1", ["m1", "p2"]],
    ["modality=image", ["p2", "p1"]],
    ["artifact_kind=note,audio", ["m1", "t1"]],
    ["semantic_kind=attachment", ["m1"]],
    ["content_type=image/*", ["p2", "p1"]],
    ["content_type=text/plain", ["t1"]],
    ["workflow_id=ask@1.0.0:main&modality=text", ["t1"]],
    ["query=shop", ["t1"]],
    ["query=P1.PNG", ["p1"]],
    ["tags=mood%3Dcalm,kind%3Dimage", ["p2"]],
    [`tags=${encodeURIComponent('{"mood":"calm"}')}`, ["p2"]],
    ["created_after=2026-11-23T00:03", ["m1", "t1"]],
    ["created_before=2026-11-23T00:02", ["p1"]],
    ["order=asc", ["p1", "p2", "t1", "m1"]],
    ["order_by=size_bytes&limit=1", ["p2"]],
    ["limit=0&offset=3", ["p1"]],
    ["query=nothing-like-it", []],
  ])("with %s finds %p", async (query, expected) => {
    const { status, body } = await get(`/artifacts/search?${query}`);
    expect([status, idsOf(body)]).toEqual([200, expected]);
  });

  test.each<[string, string]>([
    ["scope=galaxy", "scope 'galaxy' is not one of all, session, run"],
    ["scope=run", "scope 'run' needs run_id"],
    ["scope=session", "scope 'session' needs session_id"],
    ["modality=smell", "modality 'smell' is not one of image, audio, video, text, file"],
    ["order_by=beauty", "order_by 'beauty' is not one of"],
    ["order=sideways", "order 'sideways' is not one of asc, desc"],
    ["cursor=yesterday", "cursor 'yesterday' is none that a search has answered"],
    ["tags=calm", "tags: 'calm' is not name=value"],
    ["tags=%7Bcalm", "tags must be a JSON object"],
  ])("with %s is a bad request that says why", async (query, detail) => {
    const { status, body } = await get(`/artifacts/search?${query}`);
    expect(status).toBe(400);
    expect(body.detail).toStartWith(detail);
  });

  test.each(["limit=10001", "offset=-1", "limit=x", "include_stats=perhaps"])("with %s is refused", async (query) => {
    expect((await get(`/artifacts/search?${query}`)).status).toBe(422);
  });

  test("goes on page by page until there is no more, in any order", async () => {
    for (const order of ["created_at", "size_bytes"]) {
      const seen: string[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const next: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const { body } = await get(`/artifacts/search?order_by=${order}&limit=3${next}`);
        expect(body).toMatchObject({ total: 4, limit: 3, has_more: body.next_cursor !== null });
        seen.push(...idsOf(body));
        cursor = body.next_cursor;
      }
      expect(seen.sort()).toEqual(["m1", "p1", "p2", "t1"]);
    }
  });

  test("counts what it finds when it is asked to", async () => {
    const { body } = await get("/artifacts/search?include_stats=true&run_id=maker&limit=1");
    expect(body).toMatchObject({
      scope: "all",
      facets: { modality: { image: 2, text: 1 }, run_id: { maker: 3 } },
      stats: {
        total: 3,
        total_bytes: 50,
        byte_total: 50,
        exact: true,
        source: "runtime_catalog",
        filters: { run_id: "maker" },
      },
    });
    expect((await get("/artifacts/search")).body).toMatchObject({ facets: {}, stats: {} });
    const stats = await get("/artifacts/stats?scope=run&run_id=maker");
    expect(stats.body).toMatchObject({
      ok: true,
      scope: "run",
      total: 3,
      default_page_size: 500,
      facets: { content_type: { "image/png": 2, "text/plain": 1 } },
    });
    expect(stats.body.supported_filters).toContain("semantic_kind");
  });
});

test("artifacts of a run that is not there are not found", async () => {
  expect((await get("/runs/nobody/artifacts")).status).toBe(404);
});

test("reads are counted by what they were for, and a film that is watched in parts counts once", async () => {
  const blobId = await gateway.blobs.put(new TextEncoder().encode("0123456789"));
  await gateway.ledger.commit({ artifacts: [row("film", 5, { blob_id: blobId })] });
  const url = "/api/gateway/runs/maker/artifacts/film";
  const read = (path: string, range?: string) =>
    gateway.request("GET", url + path, range ? { headers: { range } } : {});
  await read("");
  await read("/content");
  await read("/content?access=preview", "bytes=0-4");
  await read("/content?access=preview", "bytes=5-9");
  await read("/content?access_action=download");
  await read("/content?access=stare");
  await gateway.accessLog.flush();
  const { body } = await read("");
  expect(body.access).toMatchObject({
    access_count: 5,
    metadata_access_count: 1,
    content_access_count: 4,
    preview_count: 1,
    download_count: 1,
  });
});
