import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";
import { type HubServer, startHub } from "#fixtures/hub-server.ts";

/** Local models in the executable: in and out of memory by routes, runs and commands, vectors, and a hub to pull from. */
const models = join(import.meta.dirname, "../fixtures/models");
let gateway: Gateway;
let hub: HubServer;
let home: string;

const residency = flow(
  "residency",
  [
    exec("start", "on_flow_start"),
    exec("load", "model_residency", {
      in: ["operation:string", "model:string", "required:boolean"],
      out: ["success:boolean", "affected_models:array", "models:array", "error:string"],
      defaults: { operation: "load", model: "tiny-chat", required: true },
    }),
    exec("list", "model_residency", {
      in: ["operation:string"],
      out: ["success:boolean", "models:array"],
      defaults: { operation: "list_loaded" },
    }),
    exec("missing", "model_residency", {
      in: ["operation:string", "model:string"],
      out: ["success:boolean", "error:string"],
      defaults: { operation: "load", model: "nowhere" },
    }),
    exec("end", "on_flow_end", { in: ["loaded:boolean", "models:array", "missing:boolean", "error:string"] }),
  ],
  [
    "start > load",
    "load > list",
    "list > missing",
    "missing > end",
    "load.success -> end.loaded",
    "list.models -> end.models",
    "missing.success -> end.missing",
    "missing.error -> end.error",
  ],
);

beforeAll(async () => {
  const weights = new Uint8Array(await readFile(join(models, "tiny-chat.gguf")));
  hub = startHub({ files: { "lab/tiny-GGUF/pulled-F16.gguf": weights } });
  home = await mkdtemp(join(tmpdir(), "gateway-local-home-"));
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-local-"));
  await mkdir(join(dataDir, "models"));
  for (const name of ["tiny-chat.gguf", "tiny-embed.gguf"]) {
    await copyFile(join(models, name), join(dataDir, "models", name));
  }
  await writeFile(join(dataDir, "models/corrupt.gguf"), "nothing");
  gateway = await startGateway({
    dataDir,
    env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0", ABSTRACTGATEWAY_LOCAL_GPU: "off" },
  });
  await gateway.upload("residency", archive("residency", [residency]));
});
afterAll(async () => {
  await gateway?.close();
  await hub?.stop();
  await rm(home, { recursive: true, force: true });
});

async function command(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const child = Bun.spawn([...executable, ...args], {
    cwd: home,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      ABSTRACTGATEWAY_AUTH_TOKEN: token,
      ABSTRACTGATEWAY_DATA_DIR: gateway.dataDir,
      HF_ENDPOINT: hub.url,
      NO_COLOR: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, errors };
}

test("models are loaded and unloaded over HTTP", async () => {
  const before = await gateway.get("/models/loaded");
  expect(before).toMatchObject({ status: 200, body: { ok: true, operation: "list_loaded", models: [] } });
  const loaded = await gateway.post("/models/load", { model: "tiny-chat" });
  expect(loaded.body).toMatchObject({
    ok: true,
    success: true,
    supported: true,
    operation: "load",
    affected_models: [
      {
        task: "text_generation",
        provider: "local",
        model: "tiny-chat",
        runtime_id: "local:text_generation:local:tiny-chat",
        loaded: true,
        state: "loaded",
        pinned: true,
        backend: "cpu",
      },
    ],
  });
  expect((await gateway.get("/models/loaded?task=embedding")).body.models).toEqual([]);
  expect((await gateway.get("/models/loaded?task=text_generation")).body.models).toHaveLength(1);
  const runtimeId = "local:text_generation:local:tiny-chat";
  const gone = await gateway.post("/models/unload", { runtime_id: runtimeId });
  expect(gone.body).toMatchObject({ ok: true, affected_models: [{ model: "tiny-chat", loaded: false }] });
  const again = await gateway.post("/models/unload", { model: "tiny-chat" });
  expect(again.body).toMatchObject({
    ok: true,
    affected_models: [],
    warnings: ["The model 'tiny-chat' was not loaded"],
  });
});

test.each([
  [{ model: "nowhere" }, "model_not_found", /There is no local model 'nowhere'/],
  [{ model: "corrupt" }, "model_residency_error", /corrupt\.gguf/],
  [{}, "model_residency_error", /^Name a model/],
  [{ model: "x", provider: "nobody" }, "model_residency_unavailable", /'nobody' is not configured/],
  [{ model: "x", task: "tts" }, "model_residency_unsupported", /'tts'/],
])("what cannot be loaded is said: %j", async (body, code, message) => {
  const { status, body: reply } = await gateway.post("/models/load", body);
  expect([status, reply.ok, reply.code]).toEqual([200, false, code]);
  expect(reply.error).toMatch(message);
});

test("a run loads a model, sees it, and goes on when one is missing", async () => {
  const runId = await gateway.start("residency");
  await gateway.follow(runId);
  const output = (await gateway.ledger(runId)).findLast((record) => record.result?.completed)?.result.output;
  expect(output).toMatchObject({ loaded: true, models: [{ model: "tiny-chat" }], missing: false });
  expect(output.error).toMatch(/There is no local model 'nowhere'/);
});

test("texts become vectors over both APIs, the same ones", async () => {
  expect((await gateway.get("/embeddings/config")).body).toMatchObject({
    ok: true,
    route: "embedding.text",
    provider: "local",
    model: "tiny-embed",
    dimension: 96,
  });
  const { status, body } = await gateway.post("/embeddings", { input: ["a cat", "a dog"] });
  expect([status, body.dimension, body.data.length, body.data[1].index]).toEqual([200, 96, 2, 1]);
  const alone = await gateway.post("/embeddings", { input: "a cat", provider: "local", model: "tiny-embed" });
  const openAi = await fetch(`${gateway.url}/v1/embeddings`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: "local/tiny-embed", input: "a cat", encoding_format: "base64" }),
  });
  const reply: any = await openAi.json();
  const bytes = Buffer.from(reply.data[0].embedding, "base64");
  const floats = [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)];
  expect(floats).toHaveLength(96);
  for (const [index, float] of floats.entries()) expect(float).toBeCloseTo(alone.body.data[0].embedding[index], 4);
  expect(reply.usage.prompt_tokens).toBeGreaterThan(0);
});

test.each([
  [{ input: "" }, 400, /Text 1 of input is empty/],
  [{ input: [] }, 400, /input is empty/],
  [{ input: [1] }, 400, /input must be a text or a list of texts/],
  [{ input: "x", provider: "nobody", model: "y" }, 404, /'nobody' is not configured/],
  [{ input: "x", provider: "local", model: "tiny-chat" }, 400, /makes no embeddings/],
  [{ input: Array.from({ length: 2049 }, () => "x") }, 400, /more than 2048 texts/],
])("an input that cannot become vectors is refused", async (body, status, message) => {
  const answer = await gateway.post("/embeddings", body);
  expect(answer.status).toBe(status);
  expect(answer.body.detail).toMatch(message);
});

test("models for embeddings have a catalogue of their own", async () => {
  const { body } = await gateway.get("/embeddings/models");
  expect(body).toMatchObject({
    items: [{ id: "tiny-embed", provider: "local", dimensions: 96 }],
    embedding_models_by_provider: { local: ["tiny-embed"] },
    available: true,
    catalog: { kind: "models", scope: "embedding.text" },
  });
  expect((await gateway.get("/embeddings/models?provider=nobody")).status).toBe(404);
});

test("what is known of a model is told, and that nothing is", async () => {
  const of = async (query: string) => (await gateway.get(`/discovery/models/capabilities?${query}`)).body;
  const known = {
    provider: "local",
    max_tokens: 2048,
    tool_support: "native",
    embeddings: false,
    architecture: "llama",
  };
  expect((await of("model_name=tiny-chat")).capabilities).toMatchObject(known);
  expect((await of("model_name=local/tiny-chat")).capabilities).toMatchObject(known);
  expect((await of("model_name=tiny-embed&provider=local")).capabilities).toMatchObject({
    embeddings: true,
    dimensions: 96,
  });
  expect(await of("model_name=nowhere")).toMatchObject({
    capabilities: {},
    error: "No provider lists the model 'nowhere'",
  });
  expect((await of("model_name=x&provider=nobody")).error).toBe("Provider 'nobody' not found");
  expect((await gateway.get("/discovery/models/capabilities")).status).toBe(400);
});

test("commands pull, list, load, measure and unload", async () => {
  const pulled = await command("models", "pull", "lab/tiny-GGUF:F16");
  expect(pulled).toMatchObject({ code: 0, errors: "" });
  expect(pulled.out).toMatch(/lab--tiny-GGUF.pulled-F16\.gguf \(1\.7 MB\) is complete and checked\.\n$/);
  expect((await command("models", "pull", "lab/tiny-GGUF:F16")).out).toContain("was there already");

  const loaded = await command("models", "load", "hf:lab/tiny-GGUF:F16");
  expect(loaded.out).toMatch(/^pulled-F16 is in memory: .* \(cpu, pinned\), 4 conversations of 2048 tokens\.\n$/);
  const list = await command("models", "list");
  expect(list.out).toMatch(/^MODEL +FOR +SIZE +WINDOW +FORMAT +IN MEMORY\n/);
  expect(list.out).toMatch(/pulled-F16 +text +1\.7 MB +2048 +llama F16 +\d+\.\d MB \(cpu, pinned\)/);
  expect(list.out).toMatch(/tiny-embed +embeddings +0\.8 MB/);
  expect(JSON.parse((await command("models", "list", "--json")).out)).toEqual(
    expect.arrayContaining([expect.objectContaining({ id: "pulled-F16", loaded: true, quantization: "F16" })]),
  );
  expect((await command("models", "unload", "pulled-F16")).out).toBe("pulled-F16 is out of memory.\n");
  expect((await command("models", "unload", "pulled-F16")).out).toBe("pulled-F16 was not in memory.\n");

  const measured = await command("models", "bench", "tiny-chat", "--output", "32", "--json");
  const result = JSON.parse(measured.out);
  expect(result.model).toMatchObject({ model: "tiny-chat", backend: "cpu" });
  for (const figure of ["promptTokensPerS", "outputTokensPerS", "parallelTokensPerS"]) {
    expect(result[figure]).toBeGreaterThan(1);
  }
}, 60_000);

test("one file is pulled by its URL, and what they run on is told", async () => {
  const url = `${hub.url}/lab/tiny-GGUF/resolve/main/pulled-F16.gguf`;
  const pulled = await command("models", "pull", url);
  expect(pulled.out).toMatch(/models.pulled-F16\.gguf \(1\.7 MB\) is complete\.\n$/);
  expect((await command("models", "list")).out).toMatch(/\nThey run on: cpu \(ABSTRACTGATEWAY_LOCAL_GPU is off\)\.\n$/);
  const { items } = (await gateway.get("/discovery/providers")).body;
  expect(items.find(({ id }: { id: string }) => id === "local")).toMatchObject({
    compute: { setting: "off", builds: expect.arrayContaining(["cpu"]), expected: "cpu" },
  });
});

test("a command that cannot be done is one sentence", async () => {
  expect(await command("models", "pull", "lab/none")).toMatchObject({
    code: 66,
    errors: "error: The hub has no /api/models/lab/none\n",
  });
  const missing = await command("models", "load", "nowhere");
  expect(missing.code).toBeGreaterThan(0);
  expect(missing.errors).toMatch(/^error: There is no local model 'nowhere'/);
  expect((await command("models", "bench", "tiny-embed")).errors).toMatch(
    /^error: .*only models that answer are measured\n/,
  );
});
