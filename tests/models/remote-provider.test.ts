import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { rejection } from "#fixtures/rejection.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";
import { retryAfter } from "#models/remote/refusal-text.ts";
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

test("arguments that cannot be read become none, with what was written beside them", async () => {
  server.replies.push({ content: "", toolCalls: [{ id: "c1", name: "add", arguments: '{"a": 4,' }] });
  const parameters = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
  const tools = [{ name: "add", description: "Adds", parameters }];
  const result = await provider().generate({ ...hello, tools }, { signal: never });
  expect(result.toolCalls).toEqual([{ call_id: "c1", name: "add", arguments: {}, unreadable: '{"a": 4,' }]);
});

test("numbers in data stay what they were written as", async () => {
  server.replies.push({ content: '{"price":5.0,"pieces":5}' });
  const { data } = await provider().generate({ ...hello, responseSchema: { type: "object" } }, { signal: never });
  expect(stringifyJson(data)).toBe('{"price":5.0,"pieces":5}');
});

test("a reason to stop that nobody knows is still an end", async () => {
  server.replies.push({ content: "Hi.", finishReason: "eos_token" });
  expect(await provider().generate(hello, { signal: never })).toMatchObject({ content: "Hi.", finishReason: "other" });
});

describe("what a server refuses is one sentence with a code", () => {
  const cases: [string, Reply, Partial<AppError>][] = [
    [
      "a wrong key",
      { status: 401, message: "bad key" },
      { code: "provider_refused", message: "lab does not accept its key (401): bad key" },
    ],
    ["a key without the right", { status: 403 }, { code: "provider_refused" }],
    [
      "an unknown model",
      { status: 404, message: "no such model" },
      { code: "not_found", message: "lab answered 404 for the model 'test-model': no such model" },
    ],
    [
      "a bad request",
      { status: 400, message: "too\n  hot" },
      { code: "invalid_request", message: "lab answered 400: too hot" },
    ],
    ["a request that is too large", { status: 413 }, { code: "too_large", retryable: false }],
    ["a time-out of the server", { status: 408 }, { code: "unavailable", retryable: true }],
    [
      "too many requests, with a time",
      { status: 429, headers: { "retry-after": "7" }, message: "slow down" },
      {
        code: "too_many_requests",
        retryable: true,
        retryAfterS: 7,
        message: "lab has had too many requests (try again in 7 s): slow down",
      },
    ],
    [
      "too many requests, without",
      { status: 429, message: "slow down" },
      { code: "too_many_requests", retryable: true, retryAfterS: undefined },
    ],
    [
      "a server that is overloaded",
      { status: 503, headers: { "retry-after": "3" } },
      { code: "unavailable", retryable: true, retryAfterS: 3, message: expect.stringContaining("try again in 3 s") },
    ],
    [
      "a broken server with much to say",
      { status: 500, message: "m".repeat(5000) },
      { code: "unavailable", retryable: true },
    ],
  ];
  test.each(cases)("%s", async (_what, reply, expected) => {
    server.replies.push(reply);
    const error = (await rejection(provider().generate(hello, { signal: never }))) as AppError;
    expect(error).toBeInstanceOf(AppError);
    expect(error.message).toMatch(/^[^\n]{1,400}$/);
    expect(error.message).not.toContain("secret");
    expect(error).toMatchObject({ retryable: false, ...expected });
  });
});

describe("an answer that is none is one sentence with a code", () => {
  const cases: [string, Reply, Partial<AppError>][] = [
    ["breaks off", { cut: true }, { retryable: true, message: "The answer of lab broke off in the middle" }],
    [
      "is empty",
      { body: "", type: "text/event-stream" },
      { retryable: true, message: expect.stringContaining("broke off") },
    ],
    [
      "fails in the middle",
      { piece: '{"error":{"message":"out of memory","type":"server_error"}}' },
      { retryable: true, message: "lab failed in the middle of its answer: out of memory" },
    ],
    [
      "fails in the middle in words of its own",
      { piece: '{"error":"queue full"}' },
      { retryable: true, message: 'lab sent a piece of its answer that cannot be read: {"error":"queue full"}' },
    ],
    [
      "is garbled",
      { piece: "{not json" },
      { retryable: true, message: "lab sent a piece of its answer that cannot be read: {not json" },
    ],
    [
      "is a web page",
      { body: "<html>\nPlease log in</html>", type: "text/html; charset=utf-8" },
      {
        message: expect.stringMatching(
          /^lab answered with a web page instead of a model's answer at http:.*completions$/,
        ),
      },
    ],
    [
      "is an error in disguise",
      { body: '{"error":{"message":"no credits left"}}', type: "application/json" },
      { message: expect.stringMatching(/^lab answered with JSON that is not a stream .*: no credits left$/) },
    ],
  ];
  test.each(cases)("one that %s", async (_what, reply, expected) => {
    server.replies.push(reply);
    const error = (await rejection(provider().generate(hello, { signal: never }))) as AppError;
    expect(error).toBeInstanceOf(AppError);
    expect(error.message).not.toContain("\n");
    expect(error).toMatchObject({ code: "unavailable", retryable: false, ...expected });
  });

  test("one whose connection is torn", async () => {
    const piece = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "Hel" } }] })}\n\n`;
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let client: Socket | undefined;
    const torn = createServer((socket) => {
      client = socket;
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write(`${head}${piece.length.toString(16)}\r\n${piece}\r\n`));
    });
    await new Promise<void>((listening) => torn.listen(0, "127.0.0.1", listening));
    const { port } = torn.address() as AddressInfo;
    // Only when its first piece has come, so that it is an answer that breaks off.
    const call = provider(`http://127.0.0.1:${port}/v1`).generate(hello, {
      signal: never,
      onDelta: () => client?.destroy(),
    });
    expect(await rejection(call)).toMatchObject({
      code: "unavailable",
      retryable: true,
      message: "The answer of lab broke off in the middle",
    });
    torn.close();
  });

  test("none, since nobody listens there", async () => {
    await server.close();
    for (const call of [() => provider().generate(hello, { signal: never }), () => provider().models(never)]) {
      expect(await rejection(call())).toMatchObject({
        code: "unavailable",
        retryable: true,
        message: expect.stringMatching(/^lab does not answer at http:\/\/127\.0\.0\.1:\d+\/v1\/[^ ]+: \S/),
      });
    }
  });
});

test("a conversation without messages is refused before anybody is asked", async () => {
  const call = provider().generate({ ...hello, messages: [] }, { signal: never });
  expect(await rejection(call)).toMatchObject({ code: "invalid_request", retryable: false });
  expect(server.requests).toEqual([]);
});

test.each([
  ["7", 7],
  ["0.5", 0.5],
  ["0", null],
  ["-3", null],
  ["Thu, 01 Jan 2026 00:00:20 GMT", 20],
  ["Thu, 01 Jan 2026 00:00:00 GMT", null],
  ["soon", null],
  ["", null],
])("retry-after: %s is a wait of %p seconds", (said, seconds) => {
  expect(retryAfter({ "retry-after": said }, Date.UTC(2026, 0, 1))).toBe(seconds);
});

test("a wait in milliseconds is the more exact one", () => {
  expect(retryAfter({ "retry-after-ms": "1500", "retry-after": "2" }, 0)).toBe(1.5);
  expect(retryAfter({}, 0)).toBeNull();
});

describe("a server that hangs is left when the caller has had enough", () => {
  test("in the middle of an answer", async () => {
    server.replies.push({ hang: true });
    const controller = new AbortController();
    const call = provider().generate(hello, { signal: controller.signal, onDelta: () => controller.abort() });
    expect(await rejection(call)).toMatchObject({ code: "cancelled" });
  });

  test("before an answer has begun", async () => {
    const controller = new AbortController();
    await server.close();
    server = await startOpenAiServer([], () => {
      controller.abort();
      return { silent: true };
    });
    const call = provider().generate(hello, { signal: controller.signal });
    expect(await rejection(call)).toMatchObject({ code: "cancelled" });
  });

  test("and is not asked at all when he had before", async () => {
    const signal = AbortSignal.abort();
    expect(await rejection(provider().generate(hello, { signal }))).toMatchObject({ code: "cancelled" });
    expect(await rejection(provider().models(signal))).toMatchObject({ code: "cancelled" });
    expect(server.requests).toEqual([]);
  });
});

test("models are listed", async () => {
  expect(await provider().models(never)).toEqual([
    { id: "test-model", provider: "lab", capabilities: ["text", "tools", "json"] },
  ]);
});

test("what a list says that a model takes, and what it is for, is known", async () => {
  const data = [
    { id: "open/eyes", architecture: { input_modalities: ["text", "image", "file"] } },
    { id: "open/words", architecture: { input_modalities: ["text"] } },
    { id: "mistral-see", capabilities: { vision: true, completion_chat: true } },
    { id: "llama-see", capabilities: ["completion", "multimodal"] },
    { id: "text-embedding-small" },
    { id: "silent" },
  ];
  const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ data }) });
  const models = await provider(`http://127.0.0.1:${other.port}/v1`).models(never);
  await other.stop(true);
  expect(models.map(({ id, inputs, capabilities }) => [id, inputs ?? null, capabilities[0]])).toEqual([
    ["open/eyes", ["image", "file"], "text"],
    ["open/words", [], "text"],
    ["mistral-see", ["image"], "text"],
    ["llama-see", ["image"], "text"],
    ["text-embedding-small", null, "embedding"],
    ["silent", null, "text"],
  ]);
});

test.each([
  [new Response("no", { status: 401 }), { code: "provider_refused", message: "lab does not accept its key (401)" }],
  [new Response("no", { status: 503 }), { code: "unavailable", retryable: true }],
  [new Response("no", { status: 404 }), { code: "unavailable", retryable: false }],
  [
    new Response("<html>login</html>", { headers: { "content-type": "text/html" } }),
    { code: "unavailable", message: expect.stringMatching(/^lab .*not JSON/) },
  ],
])("a list of models that does not come is one sentence with a code", async (response, expected) => {
  const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => response });
  expect(await rejection(provider(`http://127.0.0.1:${other.port}/v1`).models(never))).toMatchObject(expected);
  await other.stop(true);
});

test("keys in an address are not told", async () => {
  await server.close();
  const address = `${server.url.replace("//", "//ada:hidden@")}/v1`;
  const lab = provider(address);
  for (const call of [() => lab.generate(hello, { signal: never }), () => lab.models(never)]) {
    expect(((await rejection(call())) as Error).message).not.toContain("hidden");
  }
});
