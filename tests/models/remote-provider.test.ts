import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rejection } from "#fixtures/rejection.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";
import { createOpenAiCompatibleProvider } from "#models/remote/openai-compatible.ts";
import type { GenerateRequest } from "#models/provider.ts";

let server: OpenAiServer;
beforeEach(async () => {
  server = await startOpenAiServer();
});
afterEach(() => server.close());

const provider = (baseUrl = `${server.url}/v1`) =>
  createOpenAiCompatibleProvider({ id: "lab", baseUrl, apiKey: "secret", label: "The lab" });
const hello: GenerateRequest = { model: "test-model", messages: [{ role: "user", content: "Hi" }] };
const never = new AbortController().signal;
const sent = () => server.requests.at(-1)?.body;

test("an answer comes whole and in pieces, with what it took", async () => {
  server.replies.push({ content: "One two three." });
  const pieces: string[] = [];
  const result = await provider().generate(hello, { signal: never, onDelta: (text) => pieces.push(text) });
  expect(pieces.join("")).toBe("One two three.");
  expect(pieces.length).toBeGreaterThan(1);
  expect(result).toMatchObject({
    content: "One two three.",
    data: null,
    toolCalls: [],
    usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    model: "test-model",
    finishReason: "stop",
  });
  expect(result.ttftMs).toBeLessThanOrEqual(result.genTimeMs);
  expect(server.requests[0]?.headers.get("authorization")).toBe("Bearer secret");
});

test("what is asked reaches the server under its names", async () => {
  await provider().generate(
    {
      ...hello,
      messages: [{ role: "system", content: "Be brief." }, ...hello.messages],
      temperature: 0.2,
      seed: 7,
      maxOutputTokens: 50,
      stop: ["END"],
    },
    { signal: never },
  );
  expect(sent()).toMatchObject({ model: "test-model", temperature: 0.2, seed: 7, max_tokens: 50, stop: ["END"] });
  expect(sent().messages.map((message: any) => message.role)).toEqual(["system", "user"]);
});

test("tools are offered, and calls and their results find their way", async () => {
  const call = { id: "c1", name: "add", arguments: '{"a":4,"b":7}' };
  server.replies.push({ content: "", toolCalls: [call] });
  const parameters = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
  const tools = [{ name: "add", description: "Adds", parameters }];
  const result = await provider().generate({ ...hello, tools }, { signal: never });
  expect(result).toMatchObject({
    finishReason: "tool_calls",
    toolCalls: [{ call_id: "c1", name: "add", arguments: { a: 4, b: 7 } }],
  });
  expect(sent().tools[0].function).toMatchObject({ name: "add", description: "Adds", parameters });
  await provider().generate(
    {
      ...hello,
      messages: [
        ...hello.messages,
        { role: "assistant", content: "", tool_calls: result.toolCalls },
        { role: "tool", content: "11", tool_call_id: "c1", name: "add" },
      ],
    },
    { signal: never },
  );
  expect(sent().messages.slice(1)).toMatchObject([
    { role: "assistant", tool_calls: [{ id: "c1", function: { name: "add" } }] },
    { role: "tool", tool_call_id: "c1", content: "11" },
  ]);
});

test.each([
  ['{"name":"Ada"}', { name: "Ada" }],
  ['Here you are:\n```json\n{"name":"Ada"}\n```', { name: "Ada" }],
  ["I would rather not.", null],
])("a schema is asked for and %j is read", async (content, data) => {
  server.replies.push({ content });
  const responseSchema = {
    type: "object",
    properties: { name: { type: "string" } },
    required: ["name"],
    additionalProperties: false,
  };
  const result = await provider().generate({ ...hello, responseSchema }, { signal: never });
  expect(result.data).toEqual(data);
  expect(sent().response_format).toMatchObject({ type: "json_schema", json_schema: { schema: responseSchema } });
});

describe("a refusal is one sentence with a code", () => {
  const cases: [string, Reply, object][] = [
    ["a wrong key", { status: 401, message: "bad key" }, { code: "unauthorized", retryable: false }],
    ["an unknown model", { status: 404, message: "no such model" }, { code: "not_found", retryable: false }],
    [
      "too many requests",
      { status: 429, headers: { "retry-after": "7" } },
      { code: "too_many_requests", retryable: true, retryAfterS: 7 },
    ],
    ["a bad request", { status: 400, message: "temperature too hot" }, { code: "invalid_request", retryable: false }],
    ["a broken server", { status: 500 }, { code: "unavailable", retryable: true }],
    ["an answer that breaks off", { cut: true }, { code: "unavailable", retryable: true }],
  ];
  test.each(cases)("%s", async (_what, reply, expected) => {
    server.replies.push(reply);
    const error = (await rejection(provider().generate(hello, { signal: never }))) as Error;
    expect(error).toMatchObject(expected);
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toContain("secret");
  });

  test("nobody listens", async () => {
    await server.close();
    const error = await rejection(provider().generate(hello, { signal: never }));
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(await rejection(provider().models(never))).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("lab does not answer"),
    });
  });

  test("a page instead of an answer", async () => {
    const page = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("<html>login</html>", { headers: { "content-type": "text/html" } }),
    });
    const base = `http://127.0.0.1:${page.port}/v1`;
    expect(await rejection(provider(base).generate(hello, { signal: never }))).toMatchObject({ code: "unavailable" });
    expect(await rejection(provider(base).models(never))).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^lab .*not JSON/),
    });
    await page.stop(true);
  });
});

test("a server that hangs is left when the caller has had enough", async () => {
  server.replies.push({ hang: true });
  const controller = new AbortController();
  const call = provider().generate(hello, { signal: controller.signal, onDelta: () => controller.abort() });
  expect(await rejection(call)).toMatchObject({ code: "cancelled" });
});

test("models are listed", async () => {
  expect(await provider().models(never)).toEqual([
    { id: "test-model", provider: "lab", capabilities: ["text", "tools", "json"] },
  ]);
});
