import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";

/** Connections with their keys, and defaults, over HTTP, through a restart. */
const secret = "sk-very-secret-0123456789";
let gateway: Gateway;
let server: OpenAiServer;
let dataDir: string;

const asks = flow(
  "asks",
  [
    exec("start", "on_flow_start", { out: ["provider:provider", "model:model"] }),
    exec("llm", "llm_call", {
      in: ["provider:provider", "model:model", "prompt:string"],
      out: ["response:string"],
      defaults: { prompt: "Hello" },
    }),
    exec("end", "on_flow_end", { in: ["response:string"] }),
  ],
  [
    "start > llm",
    "llm > end",
    "start.provider -> llm.provider",
    "start.model -> llm.model",
    "llm.response -> end.response",
  ],
);

const start = () => startGateway({ dataDir, env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0" } });
const profiles = "/config/provider-endpoint-profiles";

beforeAll(async () => {
  server = await startOpenAiServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-config-"));
  await mkdir(join(dataDir, "models"));
  await copyFile(
    join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf"),
    join(dataDir, "models/tiny-chat.gguf"),
  );
  gateway = await start();
  await gateway.upload("asks", archive("asks", [asks]));
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
});

async function answerOf(input: object): Promise<string> {
  const runId = await gateway.start("asks", { ...input });
  await gateway.follow(runId);
  const output = (await gateway.ledger(runId)).findLast((record) => record.result?.completed)?.result.output;
  return output?.response ?? (await gateway.get(`/runs/${runId}`)).body.error;
}

test("a connection is made, used by a run with its key, survives a restart, and never tells the key", async () => {
  const made = await gateway.post(profiles, {
    id: "Lab",
    display_name: "The lab's server",
    base_url: `${server.url}/v1/`,
    api_key: secret,
    allowed_models: ["test-model"],
  });
  expect(made).toMatchObject({
    status: 200,
    body: {
      ok: true,
      profile: {
        id: "Lab",
        virtual_provider: "endpoint:lab",
        provider_family: "openai-compatible",
        base_url: `${server.url}/v1`,
        api_key_set: true,
        scope: "user",
        enabled: true,
      },
    },
  });
  expect(made.body.profile.api_key_fingerprint).toMatch(/^[0-9a-f]{16}$/);
  await gateway.kill();
  gateway = await start();
  server.replies.push({ content: "From the lab." });
  expect(await answerOf({ provider: "endpoint:Lab", model: "test-model" })).toBe("From the lab.");
  expect(server.requests.at(-1)?.headers.get("authorization")).toBe(`Bearer ${secret}`);
  expect(await answerOf({ provider: "endpoint:lab", model: "other" })).toMatch(/does not allow the model 'other'/);
  expect((await gateway.get("/discovery/providers/endpoint:lab/models")).body.models).toEqual(["test-model"]);
  expect((await gateway.get("/discovery/providers")).body.provider_endpoint_profiles).toHaveLength(1);
  // Nowhere: not in what is answered, nor on the disk.
  const answers = await Promise.all(
    [profiles, "/discovery/providers", "/discovery/capabilities"].map((path) => gateway.get(path)),
  );
  for (const { body } of answers) expect(JSON.stringify(body)).not.toContain(secret);
  for (const name of await readdir(join(dataDir, "config"))) {
    expect(await readFile(join(dataDir, "config", name), "utf8")).not.toContain(secret);
    expect((await stat(join(dataDir, "config", name))).mode & 0o077).toBe(0);
  }
}, 30_000);

test("a connection is changed, tried, disabled and removed", async () => {
  const put = (body: object) => gateway.request("PUT", `${profiles}/Lab`, body);
  const found = await gateway.post(`${profiles}/discover-models`, { profile_id: "Lab" });
  expect(found.body).toMatchObject({ ok: true, models: ["test-model"], api_key_set: true });
  expect(server.requests.at(-1)?.headers.get("authorization")).toBe(`Bearer ${secret}`);
  // Somewhere else the kept key is not sent.
  const elsewhere = await gateway.post(`${profiles}/discover-models`, {
    profile_id: "Lab",
    base_url: `${server.url}/v1/x`,
  });
  expect(elsewhere.body).toMatchObject({ api_key_set: false });
  expect((await put({ display_name: "Renamed" })).body.profile).toMatchObject({
    display_name: "Renamed",
    api_key_set: true,
  });
  expect((await put({ clear_api_key: true })).body.profile).toMatchObject({
    api_key_set: false,
    api_key_fingerprint: null,
  });
  expect((await put({ enabled: false })).body.profile.enabled).toBe(false);
  expect(await answerOf({ provider: "endpoint:lab", model: "test-model" })).toMatch(/'endpoint:lab' is not configured/);
  expect((await put({ enabled: true })).body.profile.enabled).toBe(true);
  expect((await gateway.request("DELETE", `${profiles}/Lab`)).body).toMatchObject({ ok: true, deleted: true });
  expect((await gateway.request("DELETE", `${profiles}/Lab`)).status).toBe(404);
  expect((await put({ enabled: true })).status).toBe(404);
});

test.each([
  [{ id: "a b", display_name: "x", base_url: "http://127.0.0.1:1/v1" }, 400, /^id must have/],
  [{ id: "x", display_name: "x" }, 400, /base_url is required/],
  [{ id: "x", display_name: "x", base_url: "ftp://x" }, 400, /base_url must be/],
  [{ id: "x", display_name: "x", base_url: "http://me:pw@x/v1" }, 400, /base_url must be/],
  [{ id: "x", display_name: "x", provider_family: "nobody" }, 400, /provider_family 'nobody'/],
  [{ id: "x", display_name: "x", scope: "world", base_url: "http://x" }, 400, /scope must be/],
])("a connection that cannot be is refused: %j", async (body, status, message) => {
  const answer = await gateway.post(profiles, body);
  expect(answer.status).toBe(status);
  expect(answer.body.detail).toMatch(message);
});

test("unknown fields, and missing ones, are named", async () => {
  expect((await gateway.post(profiles, { id: "x", display_name: "x", apikey: "y" })).status).toBe(422);
  expect((await gateway.post(profiles, { id: "x" })).status).toBe(422);
  expect((await gateway.post(`${profiles}/discover-models`, { profile_id: "nobody" })).status).toBe(404);
});

test("a key that can no longer be decrypted is the call's error, and only its", async () => {
  await gateway.post(profiles, { id: "old", display_name: "Old", base_url: `${server.url}/v1`, api_key: secret });
  const keyPath = join(dataDir, "config/secret.key");
  const key = await readFile(keyPath, "utf8");
  await gateway.kill();
  await writeFile(keyPath, "another key\n");
  gateway = await start();
  expect((await gateway.get(profiles)).body.profiles[0]).toMatchObject({ id: "old", api_key_set: true });
  expect(await answerOf({ provider: "endpoint:old", model: "test-model" })).toMatch(
    /The secret of 'old' cannot be read: .*Enter the secret again/,
  );
  expect(await answerOf({ provider: "local", model: "tiny-chat" })).toBe("Hello! How can I help you?");
  await gateway.kill();
  await writeFile(keyPath, key);
  gateway = await start();
}, 30_000);

test("a default is found, set, used at once, and forgotten", async () => {
  const defaults = "/config/capability-defaults";
  const routeOf = (body: any, key: string) => body.routes.find((route: any) => route.key === key);
  const before = (await gateway.get(defaults)).body;
  expect(before).toMatchObject({ ok: true, version: 1, writable: true, errors: [] });
  expect(routeOf(before, "input.text")).toMatchObject({ provider: "local", model: "tiny-chat", source: "discovered" });
  expect(routeOf(before, "output.image.text_to_image")).toMatchObject({
    provider: null,
    configured: false,
    source: "none",
  });
  const set = await gateway.request("PUT", `${defaults}/output/text`, {
    provider: "endpoint:old",
    model: "test-model",
  });
  expect(routeOf(set.body, "input.text")).toMatchObject({ provider: "endpoint:old", source: "gateway_config" });
  server.replies.push({ content: "By default." });
  expect(await answerOf({})).toBe("By default.");
  expect((await gateway.get("/discovery/providers")).body).toMatchObject({
    default_provider: "endpoint:old",
    default_source: "capability_default",
  });
  const image = await gateway.request("PUT", `${defaults}/output/image/text_to_image`, {
    provider: "painter",
    model: "p1",
    options: { size: "512x512" },
  });
  expect(routeOf(image.body, "output.image.text_to_image")).toMatchObject({
    model: "p1",
    options: { size: "512x512" },
  });
  expect(image.body.errors).toEqual(["output.image.text_to_image: provider 'painter' is not configured"]);
  await gateway.request("DELETE", `${defaults}/output/image/text_to_image`);
  const after = await gateway.request("DELETE", `${defaults}/input/text`);
  expect(routeOf(after.body, "input.text")).toMatchObject({ provider: "local", source: "discovered" });
  expect(after.body.errors).toEqual([]);
});

test.each([
  ["/input/smell", { provider: "x", model: "y" }, /'input.smell' is no capability route/],
  ["/input/text/x", { provider: "x", model: "y" }, /is no capability route/],
  ["/input/text", { provider: "x" }, /needs a provider and a model/],
  ["/input/text", { provider: "x", model: "y", base_url: "http://x" }, /base_url cannot be given/],
])("a default that cannot be is refused: %s %j", async (path, body, message) => {
  const answer = await gateway.request("PUT", `/config/capability-defaults${path}`, body);
  expect(answer.status).toBe(400);
  expect(answer.body.detail).toMatch(message);
});

test("one question tries a model, and leaves no run", async () => {
  const runs = (await gateway.get("/runs")).body.items.length;
  const asked = { provider: "local", model: "tiny-chat", prompt: "What is the capital of France?", temperature: 0 };
  const answer = await gateway.post("/sandbox/generate", asked);
  expect(answer.body).toMatchObject({
    ok: true,
    capability: "output.text",
    response: "Paris.",
    routed_provider: "local",
  });
  expect((await gateway.get("/runs")).body.items.length).toBe(runs);
  expect((await gateway.post("/sandbox/generate", { ...asked, capability: "output.image" })).status).toBe(400);
  expect((await gateway.post("/sandbox/generate", { ...asked, provider: "nobody" })).status).toBe(400);
  expect((await gateway.post("/sandbox/generate", { ...asked, temperature: 3 })).status).toBe(422);
  expect((await gateway.post("/sandbox/generate", { ...asked, extra: 1 })).status).toBe(422);
});
