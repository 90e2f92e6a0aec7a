import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";

/** Durable texts through the executable: kept, computed once, used by runs that only name them, and removed. */
const content = `The secret word is river. ${"The sky is wide. ".repeat(30)}`;
const sha256 = createHash("sha256").update(content).digest("hex");
const target = { provider: "local", model: "tiny-chat" };
let gateway: Gateway;
let server: OpenAiServer;
let dataDir: string;

const talk = flow(
  "talk",
  [
    exec("start", "on_flow_start", { out: ["question:string", "provider:string", "model:string", "binding:object"] }),
    exec("llm", "llm_call", {
      in: ["provider:provider", "model:model", "prompt:string", "temperature:number", "prompt_cache_binding:object"],
      out: ["response:string"],
      defaults: { temperature: 0 },
    }),
    exec("end", "on_flow_end", { in: ["response:string"] }),
  ],
  [
    "start > llm",
    "llm > end",
    "start.question -> llm.prompt",
    "start.provider -> llm.provider",
    "start.model -> llm.model",
    "start.binding -> llm.prompt_cache_binding",
    "llm.response -> end.response",
  ],
);

const start = () =>
  startGateway({
    dataDir,
    env: {
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_LOCAL_GPU: "off",
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
    },
  });

beforeAll(async () => {
  server = await startOpenAiServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-blocs-"));
  await mkdir(join(dataDir, "models"));
  const models = join(import.meta.dirname, "../fixtures/models");
  await copyFile(join(models, "tiny-chat.gguf"), join(dataDir, "models/tiny-chat.gguf"));
  gateway = await start();
  await gateway.upload("talk", archive("talk", [talk]));
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
  await rm(dataDir, { recursive: true, force: true });
});

const post = async (path: string, body: object) => {
  const answer = await gateway.post(`/blocs/${path}`, body);
  expect(answer.status).toBe(200);
  return answer.body;
};
const get = async (path: string) => {
  const answer = await gateway.get(`/blocs${path}`);
  expect(answer.status).toBe(200);
  return answer.body;
};

/** The record of the model call of a run. */
async function call(input: object): Promise<any> {
  const runId = await gateway.start("talk", { question: "What is the secret word?", ...target, ...input });
  await gateway.follow(runId);
  return (await gateway.ledger(runId)).findLast(({ effect }) => effect?.type === "llm_call");
}

test("a text is kept with what is known of it, and keeps its number when it comes again", async () => {
  const made = await post("upsert_text", { path: "notes/secret.md", content, format: "markdown", keywords: ["word"] });
  expect(made).toMatchObject({
    ok: true,
    supported: true,
    operation: "upsert_text",
    route_available: true,
    created: true,
    bloc_id: 1,
    sha256,
    bloc: { path: "notes/secret.md", content_sha256: sha256, size_bytes: content.length, keywords: ["word"] },
  });
  const again = await post("upsert_text", { path: "notes/secret.md", content, summary: "A word." });
  expect(again).toMatchObject({
    created: false,
    bloc_id: 1,
    bloc: { summary: "A word.", created_at: made.bloc.created_at },
  });
  expect(await post("upsert_text", { path: "b", content: "another", sha256: "b".repeat(64) })).toMatchObject({
    bloc_id: 2,
  });
  expect((await get("")).items.map((bloc: any) => bloc.bloc_id)).toEqual([1, 2]);
  expect(await get(`/record?sha256=${sha256}`)).toMatchObject({ ok: true, content, bloc: { bloc_id: 1 } });
  expect(await get("/record?bloc_id=2")).toMatchObject({ ok: true, content: "another" });
});

test("its state is computed once, and a run that only names it answers from it, after kill -9 too", async () => {
  expect(await get(`/kv/manifest?bloc_id=1&provider=local&model=tiny-chat`)).toMatchObject({
    ok: false,
    code: "bloc_not_found",
  });
  const made = await post("kv/ensure", { bloc_id: 1, ...target });
  expect(made).toMatchObject({ ok: true, built: true, reused: false, manifest: { bloc_id: 1, sha256, ...target } });
  expect(made.manifest.tokens).toBeGreaterThan(150);
  expect(made.artifact_path).not.toContain(dataDir);
  expect(await post("kv/ensure", { sha256, ...target })).toMatchObject({ ok: true, built: false, reused: true });
  gateway.process.kill("SIGKILL");
  await gateway.process.exited;
  gateway = await start();
  const { prompt_cache_binding: binding, loaded } = await post("kv/load", { bloc_id: 1, ...target });
  expect([loaded, binding]).toEqual([
    true,
    { kind: "bloc", key: made.artifact_path, ...target, bloc_id: 1, sha256, content_sha256: sha256 },
  ]);
  expect((await gateway.get("/models/loaded")).body.models).toHaveLength(1);
  const { result } = await call({ binding });
  expect(result.content).toContain("river");
  expect(result.metadata.prompt_cache).toMatchObject({ key: made.artifact_path, source: "saved" });
  expect(result.metadata.prompt_cache.reused_tokens).toBeGreaterThan(150);
}, 60_000);

test("a run's input may carry the binding for all its calls, and a provider without states reads the text", async () => {
  const { prompt_cache_binding: binding } = await post("kv/load", { bloc_id: 1, ...target, key: "mine" });
  const { result } = await call({ _runtime: { prompt_cache_binding: binding } });
  expect(result.content).toContain("river");
  expect(result.metadata.prompt_cache.key).toBe("mine");
  await call({ provider: "openai-compatible", model: "test-model", binding });
  const { messages } = server.requests.at(-1)?.body;
  expect(messages[0]).toEqual({ role: "system", content: `Document: notes/secret.md\n\n${content}` });
});

test("states are listed, kept from a careless hand, and removed", async () => {
  const list = async () => (await get("/kv/list")).items.map((item: any) => item.bloc_id);
  expect(await list()).toEqual([1]);
  expect(await post("kv/delete", { bloc_id: 1, dry_run: true })).toMatchObject({ ok: true, deleted: 0, candidates: 1 });
  expect(await post("kv/delete", { bloc_id: 1 })).toMatchObject({
    ok: false,
    code: "bloc_loaded",
    error: expect.stringContaining("'mine'"),
  });
  expect(await list()).toEqual([1]);
  expect(await post("kv/delete", { bloc_id: 1, clear_loaded: true })).toMatchObject({ ok: true, deleted: 1 });
  expect(await list()).toEqual([]);
  const stats = await gateway.get("/prompt_cache/stats?provider=local&model=tiny-chat");
  expect(stats.body.caches.map((cache: any) => cache.key)).not.toContain("mine");
});

test("a forgotten bloc may leave its state behind, which pruning finds; a run that still names it fails and says so", async () => {
  const { prompt_cache_binding: binding } = await post("kv/load", { bloc_id: 1, ...target });
  expect(await post("delete", { bloc_id: 1, delete_kv: false })).toMatchObject({ ok: true, deleted_bloc: true });
  expect(await get("/record?bloc_id=1")).toMatchObject({ ok: false, code: "bloc_not_found" });
  expect(await post("kv/prune", { dry_run: true })).toMatchObject({ candidates: 1, deleted: 0 });
  expect(await post("kv/prune", {})).toMatchObject({ ok: true, deleted: 1 });
  expect(await post("kv/prune", {})).toMatchObject({ ok: true, deleted: 0 });
  const { status, error } = await call({ binding });
  expect([status, error]).toEqual([
    "failed",
    expect.stringContaining("The bloc of prompt_cache_binding is not there any more"),
  ]);
  // Its number is not given to another text.
  expect((await post("upsert_text", { path: "c", content: "third" })).bloc_id).toBe(3);
});

test.each([
  [
    "a provider without states",
    "kv/ensure",
    { provider: "openai-compatible", model: "m" },
    "bloc_unsupported",
    false,
    /only local models do/,
  ],
  [
    "an unknown provider",
    "kv/ensure",
    { provider: "nobody", model: "m" },
    "bloc_unavailable",
    true,
    /Provider 'nobody'/,
  ],
  ["an unknown model", "kv/ensure", { provider: "local", model: "nothing" }, "bloc_not_found", true, /nothing/],
  ["no model", "kv/load", {}, "bloc_error", true, /provider and model are required/],
  ["a server of the caller's", "kv/ensure", { ...target, base_url: "http://x" }, "bloc_error", true, /base_url/],
])("%s is honest", async (_name, path, body, code, supported, error) => {
  expect(await post(path, { bloc_id: 2, ...body })).toMatchObject({
    ok: false,
    code,
    supported,
    error: expect.stringMatching(error),
  });
});

test.each([
  ["no name", "delete", {}, "bloc_error", /sha256 or bloc_id is required/],
  ["an unknown number", "delete", { bloc_id: 99 }, "bloc_not_found", /no bloc 99/],
  ["two names of two blocs", "kv/delete", { bloc_id: 99, sha256 }, "bloc_not_found", /no bloc of sha256/],
  ["an empty text", "upsert_text", { path: "x", content: " " }, "bloc_error", /content is empty/],
  [
    "a digest that is none",
    "upsert_text",
    { path: "x", content: "y", sha256: "../../etc" },
    "bloc_error",
    /no SHA-256/,
  ],
  [
    "a digest of another text",
    "upsert_text",
    { path: "x", content: "y", content_sha256: sha256 },
    "bloc_error",
    /another text/,
  ],
])("%s is told", async (_name, path, body, code, error) => {
  expect(await post(path, body)).toMatchObject({ ok: false, code, error: expect.stringMatching(error) });
});

test("a body of the wrong shape names the field", async () => {
  const { status, body } = await gateway.post("/blocs/upsert_text", { path: "x", keywords: "y" });
  expect(status).toBe(422);
  expect(body.detail.map((issue: any) => issue.loc.at(-1)).sort()).toEqual(["content", "keywords"]);
});
