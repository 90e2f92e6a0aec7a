import {
  APICallError,
  type LanguageModel,
  type ModelMessage,
  Output,
  type ToolSet,
  jsonSchema,
  streamText,
  tool,
} from "ai";
import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { CallOptions, GenerateRequest, GenerateResult, Message, ToolCall } from "#models/provider.ts";

/** One call of a model of the AI SDK, streamed. Every failure is an AppError. */
export async function generate(
  model: LanguageModel,
  request: GenerateRequest,
  { signal, onDelta }: CallOptions,
): Promise<GenerateResult> {
  // Warnings of the SDK would go to the console of the gateway.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  const startedAt = performance.now();
  let firstAt: number | null = null;
  let content = "";
  let reasoning = "";
  const toolCalls: ToolCall[] = [];
  try {
    const stream = streamText({
      model,
      maxRetries: 0,
      abortSignal: signal,
      onError: () => undefined,
      ...callSettings(request),
    });
    for await (const part of stream.fullStream) {
      if (part.type === "error") throw part.error;
      if (part.type === "text-delta") {
        firstAt ??= performance.now();
        content += part.text;
        onDelta?.(part.text);
      } else if (part.type === "reasoning-delta") reasoning += part.text;
      else if (part.type === "tool-call") {
        toolCalls.push({ call_id: part.toolCallId, name: part.toolName, arguments: argumentsOf(part.input) });
      }
    }
    // An aborted stream just ends; it does not raise.
    signal.throwIfAborted();
    const [usage, finishReason] = await Promise.all([stream.totalUsage, stream.finishReason]);
    // Every server says why it stopped, or at least what it counted; a reply with neither broke off.
    if (!(finishReason in finishReasons) && usage.outputTokens === undefined) {
      throw new AppError("unavailable", "The model server's answer broke off in the middle", { retryable: true });
    }
    const input = usage.inputTokens ?? 0;
    const output = usage.outputTokens ?? 0;
    return {
      content,
      reasoning: reasoning || null,
      data: request.responseSchema ? readData(content) : null,
      toolCalls,
      usage: { input_tokens: input, output_tokens: output, total_tokens: usage.totalTokens ?? input + output },
      model: request.model,
      finishReason: finishReasons[finishReason] ?? "other",
      genTimeMs: performance.now() - startedAt,
      ttftMs: firstAt === null ? null : firstAt - startedAt,
    };
  } catch (error) {
    throw toAppError(error, signal);
  }
}

const finishReasons: Record<string, GenerateResult["finishReason"]> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  error: "error",
};

function callSettings(request: GenerateRequest) {
  const { temperature, seed, maxOutputTokens, stop, tools, responseSchema, messages } = request;
  const system = messages.filter((message) => message.role === "system").map((message) => message.content);
  return {
    messages: messages.filter((message) => message.role !== "system").map(toModelMessage),
    ...(system.length > 0 ? { system: system.join("\n\n") } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    ...(seed === undefined ? {} : { seed }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop ? { stopSequences: stop } : {}),
    ...(tools ? { tools: toToolSet(tools) } : {}),
    ...(responseSchema ? { output: Output.object({ schema: jsonSchema(responseSchema as never) }) } : {}),
  };
}

function toToolSet(tools: NonNullable<GenerateRequest["tools"]>): ToolSet {
  return Object.fromEntries(
    tools.map((each) => [
      each.name,
      tool({ description: each.description, inputSchema: jsonSchema(each.parameters as never) }),
    ]),
  );
}

function toModelMessage(message: Message): ModelMessage {
  if (message.role === "tool") {
    const output = { type: "text" as const, value: message.content };
    const part = {
      type: "tool-result" as const,
      toolCallId: message.tool_call_id ?? "",
      toolName: message.name ?? "tool",
      output,
    };
    return { role: "tool", content: [part] };
  }
  if (message.role !== "assistant") return { role: "user", content: message.content };
  const calls = (message.tool_calls ?? []).map((call) => ({
    type: "tool-call" as const,
    toolCallId: call.call_id,
    toolName: call.name,
    input: call.arguments,
  }));
  return {
    role: "assistant",
    content: [...(message.content ? [{ type: "text" as const, text: message.content }] : []), ...calls],
  };
}

function argumentsOf(input: unknown): JsonObject {
  const value = input as Value;
  return isObject(value) ? value : {};
}

/** The object in an answer that should be JSON, also when the model put words or a code fence around it. */
function readData(content: string): Value {
  for (const text of [content, content.replace(/^[^{[]*/s, "").replace(/[^}\]]*$/s, "")]) {
    try {
      const value = parseJson(text);
      return isObject(value) ? value : { value };
    } catch {
      // The next reading may do.
    }
  }
  return null;
}

function toAppError(error: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) return new AppError("cancelled", "The call was cancelled", { cause: error });
  if (error instanceof AppError) return error;
  if (!APICallError.isInstance(error)) {
    return new AppError("unavailable", `The model server could not be reached: ${messageOf(error)}`, {
      cause: error,
      retryable: true,
    });
  }
  const status = error.statusCode ?? 0;
  const message = `The model server answered ${status || "nothing"}: ${error.message}`;
  const options = { cause: error };
  if (status === 401 || status === 403) return new AppError("unauthorized", message, options);
  if (status === 404) return new AppError("not_found", message, options);
  if (status === 429) {
    const retryAfterS = Number(error.responseHeaders?.["retry-after"]);
    return new AppError("too_many_requests", message, {
      ...options,
      retryable: true,
      ...(retryAfterS > 0 ? { retryAfterS } : {}),
    });
  }
  if (status >= 400 && status < 500) return new AppError("invalid_request", message, options);
  return new AppError("unavailable", message, { ...options, retryable: true });
}
