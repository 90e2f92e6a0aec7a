import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;

beforeAll(async () => {
  gateway = await createHarness();
});

afterAll(() => gateway.close());

const upload = (fields: Record<string, string | File>) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return gateway.request("POST", "/api/gateway/bundles/upload", { body: form });
};
const file = (text: string) => new File([text], "a.flow");

test("an uploaded bundle is installed and can be started", async () => {
  const { status, body } = await upload({ file: file("fresh@1.0.0"), overwrite: "false", reload: "true" });
  expect([status, body]).toEqual([
    200,
    {
      ok: true,
      bundle_id: "fresh",
      bundle_version: "1.0.0",
      bundle_ref: "fresh@1.0.0",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      default_entrypoint: "main",
      entrypoints: [{ flow_id: "main", name: "fresh", description: "", interfaces: ["abstractcode.agent.v1"] }],
      gateway_reloaded: true,
      gateway_reload_error: null,
    },
  ]);
  const started = await gateway.request("POST", "/api/gateway/runs/start", { body: { bundle_id: "fresh" } });
  expect(started.status).toBe(200);
});

test("a version that exists is refused, unless it shall be replaced", async () => {
  await upload({ file: file("twice@1.0.0") });
  expect(await upload({ file: file("twice@1.0.0") })).toMatchObject({
    status: 400,
    body: { detail: "Bundle already installed: twice@1.0.0" },
  });
  expect((await upload({ file: file("twice@1.0.0"), overwrite: "1" })).status).toBe(200);
});

test("a file that is no bundle is refused with the reason", async () => {
  expect(await upload({ file: file("garbage!") })).toMatchObject({
    status: 400,
    body: { detail: "The file is not a .flow bundle" },
  });
});

test("a bundle over its limit is refused", async () => {
  expect(await upload({ file: file("x".repeat(1001)) })).toMatchObject({
    status: 413,
    body: { detail: "Bundle too large (1001 bytes > 1000 bytes)" },
  });
});

test("a form without its file, with a text instead, or with a flag that is none is told", async () => {
  const missing = await upload({ overwrite: "true" });
  expect([missing.status, missing.body.detail[0]]).toEqual([
    422,
    { type: "missing", loc: ["body", "file"], msg: "Field required", input: null },
  ]);
  expect(await upload({ file: "text" })).toMatchObject({ status: 422, body: { detail: [{ loc: ["body", "file"] }] } });
  expect(await upload({ file: file("a@1"), overwrite: "maybe" })).toMatchObject({
    status: 422,
    body: { detail: [{ type: "bool_parsing", loc: ["body", "overwrite"] }] },
  });
});

test("what is no form at all is told", async () => {
  const json = await gateway.request("POST", "/api/gateway/bundles/upload", { body: { file: "x" } });
  expect([json.status, json.body.detail[0].type]).toEqual([422, "missing"]);
  for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
    const broken = await gateway.request("POST", "/api/gateway/bundles/upload", {
      body: "--y\r\nnothing",
      headers: { "content-type": type },
    });
    expect([400, 422]).toContain(broken.status);
  }
});

test("a reload tells what there is", async () => {
  const { body } = await gateway.request("POST", "/api/gateway/bundles/reload");
  expect(body).toEqual({
    ok: true,
    bundle_ids: expect.arrayContaining(["ask"]),
    count: expect.any(Number),
    skipped: [],
  });
});

test("one version can be removed, then all, then none", async () => {
  await upload({ file: file("gone@1.0.0") });
  await upload({ file: file("gone@2.0.0") });
  const remove = (path: string) => gateway.request("DELETE", `/api/gateway/bundles/${path}`);
  expect((await remove("gone%401.0.0")).body).toEqual({
    ok: true,
    bundle_ref: "gone@1.0.0",
    removed: 1,
    gateway_reloaded: true,
    gateway_reload_error: null,
  });
  expect((await remove("gone?reload=false")).body).toMatchObject({
    bundle_ref: "gone",
    removed: 1,
    gateway_reloaded: false,
  });
  expect(await remove("gone")).toMatchObject({ status: 404, body: { detail: "Bundle 'gone' not found" } });
});

test("an unknown bundle cannot be deprecated", async () => {
  const answer = await gateway.request("POST", "/api/gateway/bundles/none/deprecate", { body: {} });
  expect([answer.status, answer.body]).toEqual([404, { detail: "Bundle 'none' not found" }]);
});
