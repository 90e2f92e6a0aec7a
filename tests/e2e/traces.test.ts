import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from "#fixtures/otlp-collector.ts";
import { ask, model, short } from "#fixtures/sample-flows.ts";

let collector: OtlpCollector;
let server: OpenAiServer;
let workspace: string;
let gateway: Gateway;

const env = (more: Record<string, string> = {}) => ({
  OPENAI_BASE_URL: `${server.url}/v1`,
  OPENAI_API_KEY: "test",
  ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
  ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
  ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_BSP_SCHEDULE_DELAY: "20",
  ...more,
});

beforeEach(async () => {
  collector = startOtlpCollector();
  server = await startOpenAiServer();
  workspace = await mkdtemp(join(tmpdir(), "gateway-workspace-"));
});
afterEach(async () => {
  await gateway.close();
  await server.close();
  await collector.close();
  await rm(workspace, { recursive: true, force: true });
});

async function open(more: Record<string, string> = {}): Promise<void> {
  gateway = await startGateway({ env: env(more) });
  for (const each of [short, ask, model]) await gateway.upload(each.id, archive(each.id, [each]));
}

const traceOf = (runId: string) => runId.replaceAll("-", "");
const endOf = (runId: string) => (span: CollectedSpan) =>
  span.attributes["abstractgateway.run.id"] === runId && "abstractgateway.run.status" in span.attributes;
const asking = { prompt: "What is the secret word?", provider: "openai-compatible", model: "test-model" };

test("an agent's run is one trace: runs, model calls and tools, each below what asked for it, and nothing that was said", async () => {
  await open({
    OTEL_SERVICE_NAME: "lab",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20secret",
  });
  await writeFile(join(workspace, "secret.txt"), "The word is river.\n");
  const toolCalls = [{ id: "c1", name: "read_file", arguments: JSON.stringify({ file_path: "secret.txt" }) }];
  server.replies.push({ content: "", toolCalls }, { content: "The word is river." });
  const runId = await gateway.start(
    "agent",
    { prompt: asking.prompt, workspace_root: workspace },
    { session_id: "s1" },
  );
  await gateway.follow(runId);
  const root = await collector.until(endOf(runId));
  const all = collector.spans.filter(({ traceId }) => traceId === traceOf(runId));
  expect(collector.requests[0]?.path).toBe("/v1/traces");
  expect(collector.requests[0]?.headers.get("x-key")).toBe("a secret");
  expect(root).toMatchObject({ parentId: "", kind: 2, status: { code: 0 } });
  expect(root.resource).toMatchObject({ "service.name": "lab", "deployment.environment.name": "test" });
  const loop = all.find(({ name }) => name === "invoke_agent");
  expect(loop).toMatchObject({ parentId: root.spanId, attributes: { "gen_ai.operation.name": "invoke_agent" } });
  const chats = all.filter(({ name }) => name === "chat test-model");
  expect(chats.length).toBe(2);
  expect(chats[1]).toMatchObject({
    parentId: loop?.spanId,
    kind: 3,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai-compatible",
      "gen_ai.request.model": "test-model",
      "gen_ai.response.model": "test-model",
      "gen_ai.usage.input_tokens": 7,
      "gen_ai.usage.output_tokens": 4,
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.conversation.id": "s1",
    },
  });
  const tools = all.find(({ name }) => name === "tool_calls");
  expect(all.find(({ name }) => name === "execute_tool read_file")).toMatchObject({
    parentId: tools?.spanId,
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "read_file",
      "gen_ai.tool.call.id": "c1",
    },
  });
  expect(new Set(all.map(({ spanId }) => spanId)).size).toBe(all.length);
  for (const span of all) expect(span.endNs).toBeGreaterThanOrEqual(span.startNs);
  for (const said of [asking.prompt, "river", "secret.txt", token]) expect(collector.text()).not.toContain(said);
});

test("what was said is in the trace when the operator asks for it", async () => {
  await open({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true" });
  server.replies.push({ content: "River." });
  const runId = await gateway.start("model", asking);
  const chat = await collector.until(({ name, traceId }) => name === "chat test-model" && traceId === traceOf(runId));
  expect(JSON.parse(String(chat.attributes["gen_ai.input.messages"]))).toEqual([
    { role: "user", parts: [{ type: "text", content: asking.prompt }] },
  ]);
  expect(JSON.parse(String(chat.attributes["gen_ai.output.messages"]))).toEqual([
    { role: "assistant", parts: [{ type: "text", content: "River." }], finish_reason: "stop" },
  ]);
});

test("a failed call is an error in the trace, and so is its run", async () => {
  await open();
  server.replies.push({ status: 400, message: "no" });
  const runId = await gateway.start("model", asking);
  expect(await collector.until(endOf(runId))).toMatchObject({ status: { code: 2 } });
  const chat = collector.spans.find(({ name }) => name === "chat test-model");
  expect(chat).toMatchObject({ status: { code: 2 }, attributes: { "error.type": "_OTHER" } });
});

async function postIn(traceparent: string, path: string, body: object): Promise<any> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", traceparent },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.json();
}

const startIn = async (traceparent: string): Promise<string> =>
  (await postIn(traceparent, "/api/gateway/runs/start", { bundle_id: "short", input_data: {} })).run_id;

test("a run goes on with the trace of its request, is left out when that is not sampled, and does not mind a header that is none", async () => {
  await open();
  const unwanted = await startIn("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
  await gateway.follow(unwanted);
  const runId = await startIn("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  expect(await collector.until(endOf(runId))).toMatchObject({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parentId: "00f067aa0ba902b7",
  });
  const odd = await startIn("00-zz-zz-01");
  expect(await collector.until(endOf(odd))).toMatchObject({ traceId: traceOf(odd), parentId: "" });
  expect(collector.spans.some(endOf(unwanted))).toBe(false);
  const chat = { model: "bundle:short", messages: [{ role: "user", content: "Hi" }] };
  const caller = "00-aaaabbbbccccddddaaaabbbbccccdddd-00f067aa0ba902b7-01";
  const { id } = await postIn(caller, "/v1/chat/completions", chat);
  expect((await collector.until(endOf(id))).traceId).toBe("aaaabbbbccccddddaaaabbbbccccdddd");
});

test("steps after kill -9 are in the trace of the run that they belong to", async () => {
  await open();
  const toolCalls = [{ id: "c1", name: "write_file", arguments: JSON.stringify({ file_path: "a.txt", content: "a" }) }];
  server.replies.push({ content: "", toolCalls }, { content: "Done." });
  const runId = await gateway.start("agent", { prompt: "Write.", workspace_root: workspace });
  const events = await gateway.follow(runId, ({ data }) => data.record?.status === "waiting");
  const loopId: string = events.at(-1)?.data.record.result.wait.details.sub_run_id;
  await gateway.until(loopId, "waiting");
  const first = await collector.until(({ name }) => name === "chat test-model");
  const killedMs = Date.now();
  await gateway.kill();
  gateway = await startGateway({ dataDir: gateway.dataDir, env: env() });
  await gateway.command(loopId, "resume", { payload: { approved: true } });
  const root = await collector.until(endOf(runId));
  const later = collector.spans.filter(({ startNs }) => Number(startNs / 1_000_000n) >= killedMs);
  expect(later.map(({ name }) => name).sort()).toEqual(["chat test-model", "execute_tool write_file", "tool_calls"]);
  for (const span of [first, root, ...later]) expect(span.traceId).toBe(traceOf(runId));
  for (const { parentId, name } of later) if (name.startsWith("chat")) expect(parentId).toBe(first.parentId);
  expect(Number(root.startNs / 1_000_000n)).toBeLessThan(killedMs);
  expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(collector.spans.length);
});

test("a collector that is away costs one warning and nothing else", async () => {
  await open({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT: "50" });
  const said = () => gateway.output.split("Traces cannot be sent").length - 1;
  for (let run = 0; run < 200 && said() === 0; run++) await gateway.follow(await gateway.start("short"));
  for (let run = 0; run < 20; run++) await gateway.follow(await gateway.start("short"));
  expect(said()).toBe(1);
});
