import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "#core/errors.ts";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { rejection } from "#fixtures/rejection.ts";
import { loop } from "#fixtures/sample-flows.ts";
import type { Provider } from "#models/provider.ts";
import { createOpenAiCompatibleProvider } from "#models/remote/openai-compatible.ts";

/** A client of OpenAI's API, the AI SDK's, speaks to the gateway as to any other server. */
let gateway: Gateway;
let client: Provider;
const never = new AbortController().signal;
const asks = (model: string, content: string) => ({
  model,
  messages: [{ role: "user" as const, content }],
  temperature: 0,
});
const clientWith = (apiKey: string | null) =>
  createOpenAiCompatibleProvider({ id: "gateway", baseUrl: `${gateway.url}/v1`, apiKey, label: "Gateway" });

beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-front-"));
  await mkdir(join(dataDir, "models"));
  await copyFile(
    join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf"),
    join(dataDir, "models/tiny-chat.gguf"),
  );
  gateway = await startGateway({ dataDir, env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0" } });
  client = clientWith(token);
});
afterAll(() => gateway?.close());

test("models and bundles are listed", async () => {
  const names = (await client.models(never)).map(({ id }) => id);
  expect(names).toEqual(expect.arrayContaining(["local/tiny-chat", "bundle:agent", "bundle:hello"]));
});

test.each(["local/tiny-chat", "tiny-chat"])("the model %s answers, in pieces", async (model) => {
  let streamed = "";
  const result = await client.generate(asks(model, "What is the capital of France?"), {
    signal: never,
    onDelta: (text) => (streamed += text),
  });
  expect([result.content, streamed, result.finishReason]).toEqual(["Paris.", "Paris.", "stop"]);
  expect(result.usage.output_tokens).toBeGreaterThan(1);
});

test("an answer without streaming has the whole shape", async () => {
  const { status, body } = await post({ ...asks("tiny-chat", "What is the capital of France?") });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    object: "chat.completion",
    model: "tiny-chat",
    choices: [{ index: 0, message: { role: "assistant", content: "Paris." }, finish_reason: "stop" }],
  });
  expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + body.usage.completion_tokens);
});

test("tools are called and a schema is kept", async () => {
  const parameters = {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
  };
  const tools = [{ name: "add_numbers", description: "Add two numbers", parameters }];
  const called = await client.generate({ ...asks("tiny-chat", "add 4 and 7"), tools }, { signal: never });
  expect(called.toolCalls).toMatchObject([{ name: "add_numbers", arguments: { a: 4, b: 7 } }]);
  const responseSchema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
  };
  const typed = await client.generate(
    { ...asks("tiny-chat", "Ada is 36 years old. Give JSON."), responseSchema },
    { signal: never },
  );
  expect(typed.data).toEqual({ name: "Ada", age: 36 });
});

describe("a bundle as a model", () => {
  test("is a durable run with the last turn as its prompt", async () => {
    const { status, body } = await post(asks("bundle:hello", "Ada"));
    expect([status, body.choices[0].message.content]).toEqual([200, "Guten Tag, world"]);
    const run = (await gateway.get(`/runs/${body.id}`)).body;
    expect([run.status, run.workflow_id]).toEqual(["completed", "hello@1.0.0:hello"]);
  });

  test("that asks answers with its question", async () => {
    const { body } = await post(asks("bundle:ask-me", "Hi"));
    expect(body.choices[0].message.content).toBe("What is your name?");
  });

  test("streams, and goes on when the client has gone", async () => {
    expect((await client.generate(asks("bundle:hello", "Hi"), { signal: never })).content).toBe("Guten Tag, world");
    await gateway.upload("loop", archive("loop", [loop]));
    const controller = new AbortController();
    const call = client.generate(asks("bundle:loop", "Hi"), { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await rejection(call).catch(() => undefined);
    const [run] = (await gateway.get("/runs?limit=1")).body.items;
    await gateway.follow(run.run_id);
    expect((await gateway.get(`/runs/${run.run_id}`)).body.status).toBe("completed");
  });
});

describe("what cannot be is told in OpenAI's way", () => {
  test.each([
    [{ ...asks("nobody/nothing", "Hi") }, 404, /model 'nobody\/nothing' does not exist/, "model_not_found"],
    [{ ...asks("bundle:nothing", "Hi") }, 404, /Bundle 'nothing' not found/, "model_not_found"],
    [{ model: "tiny-chat" }, 422, /^messages: /, null],
    [{ model: "tiny-chat", messages: [] }, 400, /messages is empty/, null],
    [{ ...asks("tiny-chat", "Hi"), max_tokens: -1 }, 422, /^max_tokens: /, null],
    [{ model: "tiny-chat", messages: [{ role: "pope", content: "Hi" }] }, 400, /role 'pope'/, null],
    [
      { model: "tiny-chat", messages: [{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }] },
      501,
      /only text and image_url parts/,
      null,
    ],
    [
      { model: "tiny-chat", messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
      400,
      /image_url must be a data URL/,
      null,
    ],
    [{ ...asks("tiny-chat", "word ".repeat(3000)) }, 400, /tokens; the model's window/, null],
  ])("%#", async (request, status, message, code) => {
    const reply = await post(request);
    expect(reply.status).toBe(status);
    expect(reply.body.error.message).toMatch(message);
    expect(reply.body.error.code).toBe(code);
  });

  test("a wrong token, and none", async () => {
    for (const key of ["wrong-token-0123456789abcdef", null]) {
      const error = (await rejection(clientWith(key).generate(asks("tiny-chat", "Hi"), { signal: never }))) as AppError;
      expect(error.code).toBe("provider_refused");
    }
    expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(401);
  });
});

async function post(body: object): Promise<{ status: number; body: any }> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
