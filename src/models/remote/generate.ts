import { type LanguageModel, type ModelMessage, Output, type ToolSet, jsonSchema, streamText, tool } from "ai";
import { AppError } from "#core/errors.ts";
import { type Value, isObject } from "#core/value.ts";
import { readData } from "#models/answer-data.ts";
import { plainType } from "#models/message-file.ts";
import type { CallOptions, GenerateRequest, GenerateResult, Message, ToolCall } from "#models/provider.ts";
import { createPatience } from "#models/remote/patience.ts";
import { splitThoughts } from "#models/thoughts.ts";
import { type ToolNames, createToolNames } from "#models/remote/tool-names.ts";
import { toAppError } from "#models/remote/call-error.ts";
import { brokeOff } from "#models/remote/refusal-text.ts";

export interface RemoteModel {
  /** Of the provider, for messages. */
  id: string;
  model: LanguageModel;
  /** How the provider is told of a named cache; absent where there is no way. */
  cacheOptions?: (key: string) => NonNullable<Parameters<typeof streamText>[0]["providerOptions"]>;
}

/** One call of a model of the AI SDK, streamed. Every failure is an AppError. */
export async function generate(
  { id, model, cacheOptions }: RemoteModel,
  request: GenerateRequest,
  { signal, onDelta, quietMs = 0 }: CallOptions,
): Promise<GenerateResult> {
  // Warnings of the SDK would go to the console of the gateway.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  const startedAt = performance.now();
  let firstAt: number | null = null;
  let content = "";
  let reasoning = "";
  const toolCalls: ToolCall[] = [];
  const names = createToolNames(request);
  const patience = createPatience(id, signal, quietMs);
  try {
    const stream = streamText({
      model,
      maxRetries: 0,
      abortSignal: patience.signal,
      onError: () => undefined,
      ...callSettings(request, names),
      ...(request.cacheKey && cacheOptions ? { providerOptions: cacheOptions(request.cacheKey) } : {}),
    });
    for await (const part of stream.fullStream) {
      patience.heard();
      if (part.type === "error") throw part.error;
      if (part.type === "text-delta") {
        firstAt ??= performance.now();
        content += part.text;
        onDelta?.(part.text);
      } else if (part.type === "reasoning-delta") reasoning += part.text;
      else if (part.type === "tool-call") {
        const name = names.fromWire(part.toolName);
        toolCalls.push({ call_id: part.toolCallId, name, ...argumentsOf(part.input) });
      }
    }
    // An aborted stream just ends; it does not raise.
    patience.signal.throwIfAborted();
    const [usage, finishReason, said] = await Promise.all([
      stream.totalUsage,
      stream.finishReason,
      stream.rawFinishReason,
    ]);
    // Every server says why it stopped, in its own word; not every package of the SDK raises when it did not.
    if (said === undefined) throw brokeOff(id);
    const input = usage.inputTokens ?? 0;
    const output = usage.outputTokens ?? 0;
    const answer = splitThoughts(content);
    return {
      content: answer.content,
      reasoning: reasoning || answer.reasoning,
      data: request.responseSchema ? readData(answer.content) : null,
      toolCalls,
      usage: { input_tokens: input, output_tokens: output, total_tokens: usage.totalTokens ?? input + output },
      model: request.model,
      finishReason: finishReasons[finishReason] ?? "other",
      genTimeMs: performance.now() - startedAt,
      ttftMs: firstAt === null ? null : firstAt - startedAt,
      ...costOf(usage.raw),
      ...cacheUse(request.cacheKey ?? null, { promptTokens: input, reused: usage.inputTokenDetails?.cacheReadTokens }),
    };
  } catch (error) {
    const { reason } = patience.signal;
    const cause = reason instanceof AppError && !signal.aborted ? reason : error;
    throw toAppError(cause, { id, model: request.model, signal, nowMs: Date.now() });
  } finally {
    patience.stop();
  }
}

/** OpenRouter and some others tell what a call cost. */
function costOf(raw: unknown): { costUsd?: number } {
  const { cost } = (raw ?? {}) as { cost?: unknown };
  return typeof cost === "number" && Number.isFinite(cost) && cost >= 0 ? { costUsd: cost } : {};
}

/** What the provider says of its own cache; nothing where nobody asked and it says nothing. */
function cacheUse(key: string | null, { promptTokens, reused }: { promptTokens: number; reused: number | undefined }) {
  if (key === null && reused === undefined) return {};
  const reusedTokens = reused ?? 0;
  const reason =
    reused === undefined ? "the provider does not say" : `the provider took ${reusedTokens} tokens from its own cache`;
  const source = reusedTokens > 0 ? ("provider" as const) : ("none" as const);
  return { cache: { key, source, promptTokens, reusedTokens, reason } };
}

const finishReasons: Record<string, GenerateResult["finishReason"]> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  error: "error",
};

const efforts = ["none", "minimal", "low", "medium", "high", "xhigh"] as const;

/** The SDK knows what each provider makes of an effort. Null: the provider's own habit. */
function effortOf(thinking: GenerateRequest["thinking"]): (typeof efforts)[number] | null {
  if (typeof thinking === "boolean") return thinking ? "medium" : "none";
  const word = thinking?.trim().toLowerCase();
  return word === "off" ? "none" : (efforts.find((effort) => effort === word) ?? null);
}

function callSettings(request: GenerateRequest, names: ToolNames) {
  const { temperature, seed, maxOutputTokens, stop, tools, responseSchema, messages } = request;
  const effort = effortOf(request.thinking);
  const system = messages.filter((message) => message.role === "system").map((message) => message.content);
  return {
    messages: messages.filter((message) => message.role !== "system").map((each) => toModelMessage(each, names)),
    ...(system.length > 0 ? { system: system.join("\n\n") } : {}),
    ...(effort === null ? {} : { reasoning: effort }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(seed === undefined ? {} : { seed }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop ? { stopSequences: stop } : {}),
    ...(tools ? { tools: toToolSet(tools, names) } : {}),
    ...(responseSchema ? { output: Output.object({ schema: jsonSchema(responseSchema as never) }) } : {}),
  };
}

function toToolSet(tools: NonNullable<GenerateRequest["tools"]>, names: ToolNames): ToolSet {
  return Object.fromEntries(
    tools.map((each) => [
      names.toWire(each.name),
      tool({ description: each.description, inputSchema: jsonSchema(each.parameters as never) }),
    ]),
  );
}

function toModelMessage(message: Message, names: ToolNames): ModelMessage {
  if (message.role === "tool") {
    const output = { type: "text" as const, value: message.content };
    const part = {
      type: "tool-result" as const,
      toolCallId: message.tool_call_id ?? "",
      toolName: names.toWire(message.name ?? "tool"),
      output,
    };
    return { role: "tool", content: [part] };
  }
  if (message.role !== "assistant") return { role: "user", content: userContent(message) };
  const calls = (message.tool_calls ?? []).map((call) => ({
    type: "tool-call" as const,
    toolCallId: call.call_id,
    toolName: names.toWire(call.name),
    input: call.arguments,
  }));
  return {
    role: "assistant",
    content: [...(message.content ? [{ type: "text" as const, text: message.content }] : []), ...calls],
  };
}

function userContent({ content, files = [] }: Message) {
  if (files.length === 0) return content;
  const parts = files.map(({ name, contentType, base64 }) => ({
    type: "file" as const,
    data: base64,
    mediaType: plainType(contentType),
    filename: name,
  }));
  return [...(content ? [{ type: "text" as const, text: content }] : []), ...parts];
}

/** What the SDK could not parse arrives as the text that the model wrote. */
function argumentsOf(input: unknown): Pick<ToolCall, "arguments" | "unreadable"> {
  const value = input as Value;
  if (isObject(value)) return { arguments: value };
  return { arguments: {}, unreadable: typeof value === "string" ? value : JSON.stringify(value) };
}
