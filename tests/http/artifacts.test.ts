import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { byteRange } from "#http/byte-range.ts";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;
let blobId: string;
const text = "<script>alert(1)</script>";

beforeAll(async () => {
  gateway = await createHarness();
  await gateway.addRun("maker", 0);
  await gateway.addRun("sibling", 0);
  await gateway.addRun("stranger", 0, { session_id: "other" });
  blobId = await gateway.blobs.put(new TextEncoder().encode(text));
  const row = {
    blob_id: blobId,
    content_type: "text/html",
    size_bytes: text.length,
    runtime_id: "default",
    created_at: "2026-11-23T00:00:00+00:00",
    metadata: { note: "n" },
  };
  await gateway.ledger.commit({
    artifacts: [
      { ...row, artifact_id: "a1", run_id: "maker", tags: { kind: "page", filename: 'ä "x".html' } },
      { ...row, artifact_id: "a2", run_id: "session_memory_s1", tags: {} },
      { ...row, artifact_id: "odd", run_id: "maker", content_type: "text/html\r\nx-evil: 1", tags: {} },
      { ...row, artifact_id: "lost", blob_id: "0".repeat(64), run_id: "maker", tags: {} },
    ],
  });
});

afterAll(() => gateway.close());

const url = (run: string, artifact: string) => `/api/gateway/runs/${run}/artifacts/${artifact}`;
const get = (path: string, headers: Record<string, string> = {}) => gateway.request("GET", path, { headers });

test("metadata tell what an artifact is and where it can be had", async () => {
  const { body } = await get(url("maker", "a1"));
  expect(body).toMatchObject({
    artifact_id: "a1",
    blob_id: blobId,
    content_type: "text/html",
    size_bytes: text.length,
    run_id: "maker",
    tags: { kind: "page" },
    metadata: { note: "n" },
    descriptor: { schema: "abstractruntime.artifact_descriptor.v1", modality: "text" },
    artifact_envelope_v1: {
      schema: "abstractgateway.artifact_envelope.v1",
      ref: { $artifact: "a1", run_id: "maker" },
      links: { content: "/api/gateway/runs/maker/artifacts/a1/content" },
    },
  });
});

test("the bytes come with their type, length and tag, and cannot run as a page", async () => {
  const answer = await get(`${url("maker", "a1")}/content`);
  expect([answer.status, answer.text]).toEqual([200, text]);
  const header = (name: string) => answer.headers.get(name);
  expect(header("content-type")).toBe("text/html");
  expect(header("content-length")).toBe(String(text.length));
  expect(header("etag")).toBe(`"${blobId}"`);
  expect(header("content-security-policy")).toStartWith("sandbox");
  expect(header("x-content-type-options")).toBe("nosniff");
  expect(header("content-disposition")).toBeNull();
});

test("a download is an attachment with the file's name", async () => {
  for (const name of ["access", "access_action"]) {
    const answer = await get(`${url("maker", "a1")}/content?${name}=download`);
    expect(answer.headers.get("content-disposition")).toBe(
      `attachment; filename="_ _x_.html"; filename*=UTF-8''%C3%A4%20%22x%22.html`,
    );
  }
});

test("a client that has the bytes gets none, however it says so", async () => {
  for (const tags of [`"${blobId}"`, `W/"${blobId}"`, `"other", "${blobId}"`, "*"]) {
    const answer = await get(`${url("maker", "a1")}/content`, { "if-none-match": tags });
    expect([answer.status, answer.text]).toEqual([304, ""]);
  }
  expect((await get(`${url("maker", "a1")}/content`, { "if-none-match": '"other"' })).status).toBe(200);
});

test("a range of other bytes than the client has is the whole", async () => {
  const part = (tag: string) => get(`${url("maker", "a1")}/content`, { range: "bytes=1-6", "if-range": tag });
  expect((await part(`"${blobId}"`)).status).toBe(206);
  expect([(await part('"old"')).status, (await part('"old"')).text]).toEqual([200, text]);
});

test("HEAD tells the length and sends nothing", async () => {
  const answer = await gateway.request("HEAD", `${url("maker", "a1")}/content`);
  expect([answer.status, answer.text, answer.headers.get("content-length")]).toEqual([200, "", String(text.length)]);
});

test("a media type that is no header is sent as bytes", async () => {
  const answer = await get(`${url("maker", "odd")}/content`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
});

test("a range of the bytes can be had", async () => {
  const part = await get(`${url("maker", "a1")}/content`, { range: "bytes=1-6" });
  expect([part.status, part.text, part.headers.get("content-range"), part.headers.get("content-length")]).toEqual([
    206,
    "script",
    `bytes 1-6/${text.length}`,
    "6",
  ]);
  const none = await get(`${url("maker", "a1")}/content`, { range: "bytes=900-" });
  expect([none.status, none.headers.get("content-range")]).toEqual([416, `bytes */${text.length}`]);
});

test("an artifact is visible through its run and through its session, and through no other run", async () => {
  const statuses = async (artifact: string) =>
    Promise.all(["maker", "sibling", "stranger", "nobody"].map(async (run) => (await get(url(run, artifact))).status));
  expect(await statuses("a1")).toEqual([200, 404, 404, 404]);
  expect(await statuses("a2")).toEqual([200, 200, 404, 404]);
  expect((await get(url("session_memory_s1", "a2"))).status).toBe(200);
});

test("bytes that are gone are told", async () => {
  const answer = await get(`${url("maker", "lost")}/content`);
  expect([answer.status, answer.body]).toEqual([410, { detail: "The content of artifact 'lost' is missing" }]);
});

describe("ranges of ten bytes", () => {
  const table: [string | null, ReturnType<typeof byteRange>][] = [
    [null, null],
    ["bytes=0-3", { start: 0, end: 3 }],
    ["bytes=4-", { start: 4, end: 9 }],
    ["bytes=-3", { start: 7, end: 9 }],
    ["bytes=-30", { start: 0, end: 9 }],
    ["bytes=4-400", { start: 4, end: 9 }],
    ["bytes=9-9", { start: 9, end: 9 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-4", null],
    ["bytes=-", null],
    ["bytes=0-1,3-4", null],
    ["lines=0-1", null],
    ["bytes=99999999999999999999-", null],
  ];
  for (const [header, range] of table) {
    test(`${header} is ${JSON.stringify(range)}`, () => {
      expect(byteRange(header, 10)).toEqual(range);
    });
  }
});
