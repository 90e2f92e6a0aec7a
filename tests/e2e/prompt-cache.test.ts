import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";

/** Prompt caches over HTTP and in runs: a session is prepared, the gateway is killed, and the next run begins from the saved state. */
const system = `The secret word is river. ${"The sky is wide. ".repeat(30)}`;
const target = { provider: "local", model: "tiny-chat" };
let gateway: Gateway;
let server: OpenAiServer;
let dataDir: string;

const talk = flow(
  "talk",
  [
    exec("start", "on_flow_start", { out: ["question:string"] }),
    exec("llm", "llm_call", {
      in: ["provider:provider", "model:model", "system:string", "prompt:string", "temperature:number"],
      out: ["response:string", "meta:object"],
      defaults: { ...target, system, temperature: 0 },
    }),
    exec("end", "on_flow_end", { in: ["response:string"] }),
  ],
  ["start > llm", "llm > end", "start.question -> llm.prompt", "llm.response -> end.response"],
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
  dataDir = await mkdtemp(join(tmpdir(), "gateway-cache-"));
  await mkdir(join(dataDir, "models"));
  await copyFile(
    join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf"),
    join(dataDir, "models/tiny-chat.gguf"),
  );
  gateway = await start();
  await gateway.upload("talk", archive("talk", [talk]));
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
});

/** The record of the model call of a run. */
async function callOf(runId: string): Promise<any> {
  await gateway.follow(runId);
  const records = await gateway.ledger(runId);
  return records.find((record) => record.node_id === "llm" && record.status === "completed")?.result;
}

test("a prepared session's runs begin from the saved state, after kill -9 too, and the record says so", async () => {
  const asked = { ...target, bundle_id: "talk", system_prompt: system };
  const prepared = await gateway.post("/sessions/s1/prompt_cache/prepare", asked);
  expect(prepared).toMatchObject({
    status: 200,
    body: {
      ok: true,
      prepared: true,
      supported: true,
      mode: "local_control_plane",
      operation: "prepare",
      session_id: "s1",
    },
  });
  const { prompt_cache_key: key, namespace, runtime_hint: hint, identity } = prepared.body;
  expect(namespace).toMatch(
    /^agw\.pc\.v1\.s-s1\.b-talk\.v-latest\.f-flow\.t-template\.p-local\.m-tiny-chat\.h-[0-9a-f]{16}$/,
  );
  expect(key).toBe(`${namespace}:session`);
  expect(identity).toEqual({
    session_id: "s1",
    bundle_id: "talk",
    bundle_version: "",
    flow_id: "",
    ...target,
    template_id: "",
    version: 1,
  });
  gateway.process.kill("SIGKILL");
  await gateway.process.exited;
  gateway = await start();
  const status = await gateway.get(`/sessions/s1/prompt_cache/status?provider=local&model=tiny-chat&bundle_id=talk`);
  expect(status.body).toMatchObject({ ok: true, prepared: true, prompt_cache_key: key });
  expect(status.body.stats.cache.tokens).toBeGreaterThan(150);
  const runId = await gateway.start("talk", { question: "What is the secret word?", _runtime: hint._runtime });
  const { metadata, content } = await callOf(runId);
  expect(content).toContain("river");
  expect(metadata.prompt_cache).toMatchObject({ key, source: "saved", reason: "the saved state was taken over" });
  expect(metadata.prompt_cache.reused_tokens).toBeGreaterThan(150);
}, 60_000);

test("a session's cache is cleared and rebuilt", async () => {
  const asked = { ...target, bundle_id: "talk", system_prompt: system };
  expect((await gateway.post("/sessions/s1/prompt_cache/clear", asked)).body).toMatchObject({
    ok: true,
    cleared: true,
  });
  const status = await gateway.get(`/sessions/s1/prompt_cache/status?provider=local&model=tiny-chat&bundle_id=talk`);
  expect(status.body).toMatchObject({ ok: true, prepared: false });
  const rebuilt = await gateway.post("/sessions/s1/prompt_cache/rebuild", {
    ...asked,
    tools: [{ name: "get_time", description: "The time" }],
  });
  expect(rebuilt.body).toMatchObject({ ok: true, operation: "rebuild", prepared: true, clear_result: { ok: true } });
  // Another person's, session's or model's cache has another name.
  const other = await gateway.post("/sessions/s2/prompt_cache/prepare", asked);
  expect(other.body.prompt_cache_key).not.toBe(rebuilt.body.prompt_cache_key);
});

test("caches are named, computed, copied, kept by name and forgotten", async () => {
  const post = async (operation: string, body: object) =>
    (await gateway.post(`/prompt_cache/${operation}`, { ...target, ...body })).body;
  expect(await post("clear", {})).toMatchObject({ ok: true, supported: true });
  expect(await post("set", { key: "a", make_default: false })).toMatchObject({
    ok: true,
    cache: { key: "a", tokens: 0 },
  });
  const updated = await post("update", { key: "a", system_prompt: system });
  expect(updated).toMatchObject({ ok: true, operation: "update", capabilities: { mode: "local_control_plane" } });
  expect(await post("fork", { from_key: "a", to_key: "b" })).toMatchObject({
    ok: true,
    cache: { key: "b", tokens: updated.cache.tokens },
  });
  const modules = [
    { module_id: "system", system_prompt: system, scope: "shared" },
    { module_id: "mine", prompt: "Speak slowly.", scope: "private" },
  ];
  const prepared = await post("prepare_modules", { namespace: "n", modules });
  expect(prepared).toMatchObject({ ok: true, modules: [{ module_id: "system" }, { module_id: "mine" }] });
  expect(prepared.caches).toHaveLength(2);
  expect(await post("save", { name: "kept", key: "a" })).toMatchObject({ ok: true, saved: { name: "kept" } });
  expect(await post("load", { name: "kept", key: "c", clear_existing: true })).toMatchObject({
    ok: true,
    cache: { key: "c" },
  });
  const stats = await gateway.get("/prompt_cache/stats?provider=local&model=tiny-chat");
  expect(stats.body.caches.map(({ key }: { key: string }) => key)).toEqual(["c"]);
  const saved = await gateway.get("/prompt_cache/saved?provider=local&model=tiny-chat");
  expect(saved.body).toMatchObject({ ok: true, items: [{ name: "kept", tokens: updated.cache.tokens }] });
});

test.each([
  ["fork", { from_key: "nobody", to_key: "x" }, "prompt_cache_not_found"],
  ["load", { name: "nobody" }, "prompt_cache_not_found"],
  ["save", { name: "../up", key: "c" }, "prompt_cache_error"],
  ["update", { key: "x" }, "prompt_cache_error"],
  ["update", { key: "", system_prompt: "x" }, "prompt_cache_error"],
  ["update", { key: "x", system_prompt: "word ".repeat(5000) }, "prompt_cache_error"],
  ["prepare_modules", { namespace: "n", modules: [] }, "prompt_cache_error"],
  ["set", { key: "x", provider: "nobody" }, "prompt_cache_unavailable"],
  ["set", { key: "x", provider: "openai-compatible" }, "prompt_cache_unsupported"],
])("what cannot be done is said: %s %j", async (operation, body, code) => {
  const { status, body: reply } = await gateway.post(`/prompt_cache/${operation}`, { ...target, ...body });
  expect([status, reply.ok, reply.code]).toEqual([200, false, code]);
  expect(reply.error.length).toBeGreaterThan(10);
});

test("a question that is no question is refused", async () => {
  expect((await gateway.get("/prompt_cache/stats?provider=local")).status).toBe(400);
  expect((await gateway.post("/prompt_cache/set", { ...target })).status).toBe(422);
  expect((await gateway.post("/prompt_cache/set", { key: "x" })).status).toBe(422);
  const many = { ...target, modules: Array.from({ length: 13 }, () => ({})) };
  expect((await gateway.post("/sessions/s1/prompt_cache/prepare", many)).status).toBe(400);
  expect((await gateway.post("/sessions/s1/prompt_cache/prepare", { ...target, version: 11 })).status).toBe(422);
});

test("a provider without caches is honest", async () => {
  const { body } = await gateway.get("/prompt_cache/capabilities?provider=openai-compatible&model=test-model");
  expect(body).toMatchObject({ supported: false, capabilities: { supported: false, mode: "none" } });
  const prepared = await gateway.post("/sessions/s1/prompt_cache/prepare", {
    provider: "openai-compatible",
    model: "test-model",
  });
  expect(prepared.body).toMatchObject({
    ok: false,
    supported: false,
    mode: "unsupported",
    code: "prompt_cache_unsupported",
  });
});
