import { afterEach, describe, expect, test } from "bun:test";
import type { AppError } from "#core/errors.ts";
import { type CloudServer, startCloudServer } from "#fixtures/cloud-servers.ts";
import { startOpenAiServer } from "#fixtures/openai-server.ts";
import { rejection } from "#fixtures/rejection.ts";
import type { GenerateRequest, Provider } from "#models/provider.ts";
import { createCloudProvider } from "#models/remote/cloud-provider.ts";

const never = new AbortController().signal;
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const request: GenerateRequest = {
  model: "some-model",
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
  ],
  temperature: 0.3,
  maxOutputTokens: 100,
  tools: [{ name: "weather", description: "Tells the weather", parameters }],
};

let server: CloudServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

describe.each(["anthropic", "google"] as const)("%s", (kind) => {
  async function open(): Promise<{ provider: Provider; cloud: CloudServer }> {
    const cloud = await startCloudServer(kind);
    server = cloud;
    return {
      cloud,
      provider: createCloudProvider({ id: kind, kind, baseUrl: cloud.url, apiKey: "secret-key", label: kind }),
    };
  }

  test("answers, in pieces, with what it took", async () => {
    const { provider, cloud } = await open();
    cloud.replies.push({ text: "One two three." });
    let streamed = "";
    const result = await provider.generate(request, { signal: never, onDelta: (text) => (streamed += text) });
    expect(streamed).toBe("One two three.");
    expect(result).toMatchObject({
      content: "One two three.",
      finishReason: "stop",
      usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13 },
    });
    expect(JSON.stringify(cloud.requests[0]?.body)).toContain("Be brief.");
    expect([...(cloud.requests[0]?.headers.values() ?? [])]).toContain("secret-key");
  });

  test("calls tools and gets their results", async () => {
    const { provider, cloud } = await open();
    cloud.replies.push({ call: { name: "weather", arguments: { city: "Paris" } } });
    const { toolCalls, finishReason } = await provider.generate(request, { signal: never });
    expect([finishReason, toolCalls[0]?.name, toolCalls[0]?.arguments]).toEqual([
      "tool_calls",
      "weather",
      { city: "Paris" },
    ]);
    const result = {
      role: "tool" as const,
      content: "sunny",
      tool_call_id: toolCalls[0]?.call_id ?? "",
      name: "weather",
    };
    const messages = [...request.messages, { role: "assistant" as const, content: "", tool_calls: toolCalls }, result];
    await provider.generate({ ...request, messages }, { signal: never });
    expect(JSON.stringify(cloud.requests.at(-1)?.body)).toContain("sunny");
  });

  test("names its models", async () => {
    const { provider } = await open();
    const expected = kind === "google" ? "gemini-test" : "claude-test";
    expect((await provider.models(never)).map(({ id }) => id)).toEqual([expected]);
  });

  test.each([
    [401, "provider_refused"],
    [429, "too_many_requests"],
    [529, "unavailable"],
  ])("a refusal with %s is one sentence", async (status, code) => {
    const { provider, cloud } = await open();
    cloud.replies.push({
      status,
      body: { type: "error", error: { type: "x", code: status, status: "X", message: "not now" } },
    });
    const error = (await rejection(provider.generate(request, { signal: never }))) as AppError;
    expect(error.code).toBe(code as never);
    expect(error.message.includes("secret-key")).toBe(false);
  });
});

test("OpenAI's own package speaks its chat completions", async () => {
  const openai = await startOpenAiServer([{ content: "Hi there." }]);
  const provider = createCloudProvider({
    id: "openai",
    kind: "openai",
    baseUrl: `${openai.url}/v1`,
    apiKey: "k",
    label: "OpenAI",
  });
  expect((await provider.generate(request, { signal: never })).content).toBe("Hi there.");
  expect(openai.requests[0]?.path).toBe("/v1/chat/completions");
  expect((await provider.models(never)).map(({ id }) => id)).toEqual(["test-model"]);
  await openai.close();
});

test("OpenAI and Anthropic are told of a named cache, and what they say of theirs is passed on", async () => {
  const openai = await startOpenAiServer([{ content: "Hi.", cachedTokens: 5 }, { content: "Hi." }]);
  const wire = { id: "openai", kind: "openai", apiKey: "k", label: "OpenAI" } as const;
  const provider = createCloudProvider({ ...wire, baseUrl: `${openai.url}/v1` });
  const named = await provider.generate({ ...request, cacheKey: "talk" }, { signal: never });
  expect(openai.requests[0]?.body.prompt_cache_key).toBe("talk");
  expect(named.cache).toEqual({
    key: "talk",
    source: "provider",
    promptTokens: 7,
    reusedTokens: 5,
    reason: "the provider took 5 tokens from its own cache",
  });
  await provider.generate({ ...request, cacheKey: "x".repeat(100) }, { signal: never });
  expect(openai.requests[1]?.body.prompt_cache_key).toMatch(/^[0-9a-f]{64}$/);
  await openai.close();
  const cloud = await startCloudServer("anthropic");
  const claude = { id: "anthropic", kind: "anthropic", baseUrl: cloud.url, apiKey: "k", label: "Anthropic" } as const;
  await createCloudProvider(claude).generate({ ...request, cacheKey: "talk" }, { signal: never });
  expect(JSON.stringify(cloud.requests[0]?.body)).toContain('"cache_control":{"type":"ephemeral"}');
  await cloud.close();
});

test.each(["openai", "anthropic", "google"] as const)("an answer of %s that breaks off is no answer", async (kind) => {
  const chunk = { id: "x", object: "chat.completion.chunk", created: 1, model: "some-model" };
  const begun = {
    openai: [{ ...chunk, choices: [{ index: 0, delta: { content: "Hel" }, finish_reason: null }] }],
    anthropic: [
      {
        type: "message_start",
        message: {
          id: "m",
          type: "message",
          role: "assistant",
          model: "some-model",
          content: [],
          stop_reason: null,
          usage: { input_tokens: 9, output_tokens: 1 },
        },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hel" } },
    ],
    google: [
      {
        candidates: [{ content: { role: "model", parts: [{ text: "Hel" }] }, index: 0 }],
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 1, totalTokenCount: 10 },
      },
    ],
  };
  const events = begun[kind].map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  const headers = { "content-type": "text/event-stream" };
  const half = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(events, { headers }) });
  const baseUrl = `http://127.0.0.1:${half.port}`;
  const cloud = createCloudProvider({ id: kind, kind, baseUrl, apiKey: "secret-key", label: kind });
  let streamed = "";
  const call = cloud.generate(request, { signal: never, onDelta: (text) => (streamed += text) });
  expect(await rejection(call)).toMatchObject({
    code: "unavailable",
    retryable: true,
    message: `The answer of ${kind} broke off in the middle`,
  });
  expect(streamed).toBe("Hel");
  await half.stop(true);
});
