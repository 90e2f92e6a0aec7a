import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";

/*
 * Everything that goes wrong with a model, through the executable: the run fails with the reason at its node, and whoever asks over HTTP gets
 * the same reason with a status that says whose fault it is.
 */
const page = "<!doctype html><html><body>Sign in</body></html>";
const servers: Record<string, Reply> = {
  locked: { status: 401, message: "invalid api key" },
  busy: { status: 429, headers: { "retry-after": "1" }, message: "slow down" },
  web: { body: page, type: "text/html" },
  odd: { body: '{"detail":"nothing here"}', type: "application/json" },
  torn: { cut: true },
  garbled: { piece: "{not json" },
  silent: { silent: true },
  stuck: { hang: true },
  emptyhanded: { status: 404, message: "no such model" },
};
const started: OpenAiServer[] = [];
let gateway: Gateway;
let folder: string;
const runs = new Map<string, string>();

/** Who is asked, what a run then fails with, and what a caller over HTTP is answered. */
const cases: [provider: string, model: string, reason: RegExp, status: number][] = [
  ["nobody", "m", /^Provider 'nobody' is not configured \(there are: local, .*locked/, 400],
  ["locked", "m", /^locked does not accept its key \(401\): invalid api key/, 502],
  ["busy", "m", /^busy has had too many requests \(try again in 1 s\): slow down/, 429],
  ["web", "m", /^web answered with a web page instead of a model's answer/, 503],
  ["odd", "m", /^odd answered with JSON that is not a stream .*nothing here/, 503],
  ["torn", "m", /^The answer of torn broke off in the middle/, 503],
  ["garbled", "m", /^garbled sent a piece of its answer that cannot be read/, 503],
  ["silent", "m", /^silent has said nothing for 0.3 s/, 504],
  ["stuck", "m", /^stuck has said nothing for 0.3 s/, 504],
  ["emptyhanded", "m", /^emptyhanded answered 404 for the model 'm': no such model/, 404],
  ["local", "missing", /missing/, 404],
  ["local", "corrupt", /corrupt.gguf/, 503],
  ["local", "huge", /needs about 4000\.\d GB of memory, and models may take [\d.]+ GB here/, 503],
  ["local", "tiny-embed", /'tiny-embed' makes embeddings and cannot answer/, 400],
];
const failing = cases.map(([provider, model, reason, status]) => ({
  name: `${provider}/${model}`,
  provider,
  model,
  reason,
  status,
}));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-trouble-"));
  const fixtures = join(import.meta.dirname, "../fixtures/models");
  await writeFile(join(folder, "corrupt.gguf"), `GGUF${"\u0001".repeat(5000)}`);
  for (const name of ["tiny-chat", "tiny-embed"])
    await copyFile(join(fixtures, `${name}.gguf`), join(folder, `${name}.gguf`));
  await copyFile(join(fixtures, "tiny-chat.gguf"), join(folder, "huge.gguf"));
  // Nothing but holes, and no room on the disk.
  await truncate(join(folder, "huge.gguf"), 4e12);
  const endpoints = [];
  for (const [id, reply] of Object.entries(servers)) {
    const server = await startOpenAiServer([], () => reply);
    started.push(server);
    endpoints.push({ id, baseUrl: `${server.url}/v1`, apiKey: "test" });
  }
  const words = await startOpenAiServer([], () => ({ content: '{"age": "old"} and more' }));
  const good = await startOpenAiServer();
  started.push(words, good);
  endpoints.push(
    { id: "words", baseUrl: `${words.url}/v1`, apiKey: "t" },
    { id: "good", baseUrl: `${good.url}/v1`, apiKey: "t" },
  );
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify(endpoints),
      ABSTRACTGATEWAY_MODELS_DIR: folder,
      ABSTRACTGATEWAY_MODEL_TIMEOUT_S: "0.3",
    },
  });
  const { status } = await gateway.upload("ask", archive("ask", [askFlow()]));
  expect(status).toBe(200);
  for (const { name, provider, model } of failing)
    runs.set(name, await gateway.start("ask", { prompt: "Hello", provider, model }));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(started.map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

function askFlow() {
  const pins = [
    "prompt:string",
    "provider:string",
    "model:string",
    "resp_schema:object",
    "structured_output_fallback:boolean",
  ];
  const names = pins.map((pin) => pin.split(":")[0]);
  const start = exec("start", "on_flow_start", { out: pins });
  const call = exec("call", "llm_call", { in: pins, out: ["response:string", "data:object", "meta:object"] });
  const end = exec("end", "on_flow_end", { in: ["response:string", "data:object"] });
  const lines = names.map((name) => `start.${name} -> call.${name}`);
  return flow(
    "ask",
    [start, call, end],
    ["start > call", "call > end", ...lines, "call.response -> end.response", "call.data -> end.data"],
  );
}

const sandbox = (body: object) => gateway.post("/sandbox/generate", { capability: "text", prompt: "Hello", ...body });

test.each(failing)(
  "$name: the run fails at its node with the reason, and HTTP answers $status with it",
  async ({ name, provider, model, reason, status }) => {
    const runId = runs.get(name) ?? "";
    await gateway.follow(runId);
    const { body: run } = await gateway.get(`/runs/${runId}`);
    expect(run.status).toBe("failed");
    expect(run.error).toMatch(/call/);
    const records = await gateway.ledger(runId);
    const failed = records.findLast(({ effect }) => effect?.type === "llm_call");
    expect([failed.node_id, failed.status]).toEqual(["call", "failed"]);
    expect(failed.error).toMatch(reason);
    const answer = await sandbox({ provider, model });
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(reason)]);
  },
  20_000,
);

test("a schema that no answer meets is asked for again, and then fails with what is wrong", async () => {
  const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
  const words = started.at(-2) as OpenAiServer;
  const runId = await gateway.start("ask", { prompt: "How old?", provider: "words", model: "m", resp_schema: schema });
  await gateway.follow(runId);
  const { body: run } = await gateway.get(`/runs/${runId}`);
  expect(run.status).toBe("failed");
  expect(run.error).toContain("does not match the response schema, asked 3 times: age must be integer");
  const asked = words.requests.filter(({ path }) => path.endsWith("/chat/completions"));
  expect(asked).toHaveLength(3);
  expect(asked[2]?.body.messages.at(-1).content).toContain("age must be integer");
});

test("an answer that is mended on the second try is the answer, and both are counted", async () => {
  const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
  const good = started.at(-1) as OpenAiServer;
  good.replies.push({ content: "He is old." }, { content: '{"age": 36}' });
  const runId = await gateway.start("ask", { prompt: "How old?", provider: "good", model: "m", resp_schema: schema });
  await gateway.follow(runId);
  const { result } = (await gateway.ledger(runId)).findLast(({ effect }) => effect?.type === "llm_call");
  expect(result).toMatchObject({ data: { age: 36 }, metadata: { structured_output_repairs: 1 } });
  expect(result.usage.input_tokens).toBe(14);
});

test("a flow that can do without its schema gets the plain answer in the end", async () => {
  const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
  const words = started.at(-2) as OpenAiServer;
  const input = {
    prompt: "How old?",
    provider: "words",
    model: "m",
    resp_schema: schema,
    structured_output_fallback: true,
  };
  const runId = await gateway.start("ask", input);
  await gateway.follow(runId);
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("completed");
  const { result } = (await gateway.ledger(runId)).findLast(({ effect }) => effect?.type === "llm_call");
  expect(result).toMatchObject({ content: '{"age": "old"} and more', metadata: { _structured_output_fallback: true } });
  expect(words.requests.at(-1)?.body.response_format).toBeUndefined();
});

test("a schema that is none is refused before anybody is asked", async () => {
  const good = started.at(-1) as OpenAiServer;
  const before = good.requests.length;
  const resp_schema = { type: "object", properties: { age: { type: "number", minimum: "no number" } } };
  const runId = await gateway.start("ask", { prompt: "?", provider: "good", model: "m", resp_schema });
  await gateway.follow(runId);
  expect((await gateway.get(`/runs/${runId}`)).body.error).toMatch(/The response schema cannot be used: /);
  expect(good.requests.length).toBe(before);
});

test("over OpenAI's API a provider's trouble is a reply in its form", async () => {
  const ask = async (model: string) => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
    });
    const reply: any = await response.json();
    return [response.status, reply.error.message];
  };
  expect(await ask("locked/m")).toEqual([502, expect.stringContaining("does not accept its key")]);
  expect(await ask("busy/m")).toEqual([429, expect.stringContaining("too many requests")]);
  expect(await ask("nobody/m")).toEqual([404, expect.stringContaining("does not exist")]);
});

test("a run's limit on an answer's length holds for its calls, and an answer that needs more fails with that", async () => {
  const good = started.at(-1) as OpenAiServer;
  good.replies.push({ content: "A long", finishReason: "length" });
  const input = { prompt: "?", provider: "good", model: "m", _limits: { max_output_tokens: 50 } };
  const runId = await gateway.start("ask", input);
  await gateway.follow(runId);
  expect(good.requests.at(-1)?.body.max_tokens).toBe(50);
  expect((await gateway.get(`/runs/${runId}`)).body.error).toContain("was cut off at 2 tokens");
});

test("over OpenAI's API a model is asked to think, and what it thought is not its answer", async () => {
  const good = started.at(-1) as OpenAiServer;
  good.replies.push({ content: "<think>Two and two.</think>Four." });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "good/m", reasoning_effort: "low", messages: [{ role: "user", content: "2 + 2" }] }),
  });
  const reply: any = await response.json();
  expect(reply.choices[0].message.content).toBe("Four.");
  expect(good.requests.at(-1)?.body.reasoning_effort).toBe("low");
});
