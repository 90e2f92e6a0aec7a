import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestFlow, archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type MediaServer, startMediaServer } from "#fixtures/media-server.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { sampleOf } from "#fixtures/schema-sample.ts";

/*
 * Flows that other people made, through the executable and HTTP, with a model server that answers every question. What they say is not
 * ours to judge; that they load, run to their end and put the model's words where their edges lead is.
 */
const flows = resolve(process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"), "flows");
const isThere = existsSync(flows);
const list = (folder: string, ending: string) =>
  isThere ? readdirSync(join(flows, folder)).filter((name) => name.endsWith(ending)) : [];

let server: OpenAiServer;
let studio: MediaServer;
let gateway: Gateway;

const note = { note: "The model says so.", scope: "session", tags: { topic: "tea", status: "canonical" } };
const maintained = { notes: [note] };

/** The promises by which some flows know that their model is done. */
const promise = /<promise>[\s\S]*<\/promise>/;

beforeAll(async () => {
  if (!isThere) return;
  server = await startOpenAiServer([], (body) => {
    const schema = body.response_format?.json_schema?.schema;
    const prompt = String(body.messages.at(-1)?.content);
    // The schema leaves the scope open: a model that reads the prompt knows which there are.
    if (prompt.includes("MEMORY MAINTENANCE")) return { content: JSON.stringify(maintained) };
    if (schema) return { content: JSON.stringify(sampleOf(schema)) };
    const said = promise.exec(body.messages.map((message: { content: unknown }) => String(message.content)).join("\n"));
    return { content: `{"text": "The model says so."} ${said?.[0] ?? ""}`.trim() };
  });
  const endpoint = { baseUrl: `${server.url}/v1`, apiKey: "test" };
  studio = startMediaServer({ chatUrl: server.url });
  const makers = ["openai", "huggingface", "supertonic", "acestep", "audiodit"].map((id) => ({
    id,
    baseUrl: `${studio.url}/v1`,
  }));
  const speakers = ["lmstudio"].map((id) => ({ id, ...endpoint }));
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([...speakers, ...makers]),
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await studio?.close();
  await server?.close();
});

const question = "What is it?";
const input = {
  prompt: question,
  user_request: question,
  query: question,
  max_iterations: 2,
  max_cycles: 2,
  number: 3,
  a: 4,
  b: 7,
};

/** Questions to the user are left by one of these, whatever they ask. */
const answers = ["stop", "exit", "quit", "done"];

/** Answers questions until the run is over. */
async function finish(runId: string): Promise<{ status: string; error: string | null; output: any }> {
  let asked = 0;
  for (let looks = 0; looks < 300; looks++) {
    const { body: run } = await gateway.get(`/runs/${runId}`);
    if (["completed", "failed", "cancelled"].includes(run.status)) {
      const records = await gateway.ledger(runId);
      const output = records.findLast((record) => record.result?.output !== undefined)?.result.output;
      return { status: run.status, error: run.error, output };
    }
    if (run.waiting?.reason === "user") {
      const payload = { response: answers[asked++ % answers.length] };
      await gateway.command(runId, "resume", { wait_key: run.waiting.wait_key, payload });
    }
    await Bun.sleep(20);
  }
  throw new Error(`run ${runId} does not come to an end`);
}

/** What a flow comes to: `completed`, or the reason why it cannot. Whatever is not named here completes. */
const refusals: Record<string, RegExp> = {
  "ltm-ai-kg-ingest-turn.json": /has no flow 'ltm-ai-kg-extract-triples'/,
  // These call flows that are not part of the folder.
  "46e3a851.json": /has no flow 'c0b53aca'/,
  "1cd9eec9.json": /has no flow '15f19f7f'/,
  "ab4e51eb.json": /has no flow '72b51d91'/,
};

/** What those come to whose output is not what the model says. */
const outputs: Record<string, object> = {
  "acagent01.json": { response: `Echo: ${question}`, success: true },
  "8f013493.json": { response: "Final number :  0.0", success: true },
  "a803f4bd.json": { result: { response: "stop" } },
  "b991bd18.json": { "refined-query": question, success: true },
  "yoda@dev.flow": { success: true, result: { prompt: question } },
  "4050e15e.json": { success: true, result: { prompt: question } },
  "ltm-ai-kg-debug-observability.json": {
    result: { result: expect.stringMatching(/demo seeded \| 13 \|[\s\S]*snapshot \(pattern\) \| 13 \|/) },
  },
  "bff163ad.json": { success: true, result: { provider: "lmstudio" } },
  "tg-agent-main.json": { prompt: question, success: true },
};
/** What those make whose output is files. */
const files: Record<string, string[]> = {
  "features@dev.flow": ["generated.png"],
  "Untitled-Flow@draft.7dc05dbc-58d5-4175-b58f-3531f5548246.flow": ["tts.wav"],
};
/** They end without an output of their own. */
const silent = ["07d4b8d9.json", "2e6b8f67.json", "f01d5677.json", "85228163.json"];

async function filesOf(runId: string): Promise<string[]> {
  const { body } = await gateway.get(`/runs/${runId}/artifacts`);
  return body.items.map(({ filename }: { filename: string }) => filename).sort();
}

async function check(name: string, start: object): Promise<void> {
  const { status, body } = await gateway.post("/runs/start", { input_data: input, ...start });
  expect([name, status, body]).toEqual([name, 200, { run_id: expect.any(String) }]);
  const run = await finish(body.run_id);
  const refusal = refusals[name];
  if (refusal) return expect([run.status, run.error]).toEqual(["failed", expect.stringMatching(refusal)]);
  expect([name, run.status, run.error]).toEqual([name, "completed", null]);
  if (files[name]) return expect(await filesOf(body.run_id)).toEqual(files[name]);
  if (outputs[name]) return expect(run.output).toMatchObject(outputs[name]);
  if (!silent.includes(name)) expect(JSON.stringify(run.output)).toContain("The model says so.");
}

test.each(list("bundles", ".flow"))(
  "%s",
  async (name) => {
    const bytes = new Uint8Array(await Bun.file(join(flows, "bundles", name)).arrayBuffer());
    const { status, body } = await gateway.upload(name.replace(/\.flow$/, ""), bytes, true);
    expect(status).toBe(200);
    const { bundle_id, bundle_version } = body;
    const draft = bundle_version.startsWith("draft") ? { run_lifecycle: { purpose: "draft_test" } } : {};
    for (const { flow_id } of body.entrypoints) await check(name, { bundle_id, bundle_version, flow_id, ...draft });
  },
  30_000,
);

/** The editor's documents are one bundle here: some call others of them. */
test.each(list("visualflows", ".json"))(
  "%s",
  async (name) => {
    const read = async (file: string) => (await Bun.file(join(flows, "visualflows", file)).json()) as TestFlow;
    const own = await read(name);
    const others = await Promise.all(
      list("visualflows", ".json")
        .filter((each) => each !== name)
        .map(read),
    );
    const bundle_id = `document-${own.id.toLowerCase()}`;
    const { status } = await gateway.upload(bundle_id, archive(bundle_id, [own, ...others]), true);
    expect(status).toBe(200);
    await check(name, { bundle_id, flow_id: own.id });
  },
  30_000,
);
