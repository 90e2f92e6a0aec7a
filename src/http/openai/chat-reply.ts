import type { GenerateResult, ToolCall } from "#models/provider.ts";

/** Answers in OpenAI's shapes, whole and in pieces. */
export interface ReplyHead {
  id: string;
  model: string;
  createdS: number;
}

export type Answer = Pick<GenerateResult, "content" | "toolCalls" | "usage" | "finishReason" | "cache">;

export function completion({ id, model, createdS }: ReplyHead, answer: Answer): object {
  const calls = answer.toolCalls.map(toWire);
  const message = {
    role: "assistant",
    content: calls.length > 0 && answer.content === "" ? null : answer.content,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    id,
    object: "chat.completion",
    created: createdS,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: reasonOf(answer) }],
    usage: usageOf(answer),
  };
}

/** The frames of a streamed answer; `data: [DONE]` is the last. */
export class ChunkWriter {
  #head: ReplyHead;
  #withUsage: boolean;

  constructor(head: ReplyHead, withUsage: boolean) {
    this.#head = head;
    this.#withUsage = withUsage;
  }

  first(): string {
    return this.#frame([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
  }

  text(content: string): string {
    return this.#frame([{ index: 0, delta: { content }, finish_reason: null }]);
  }

  end(answer: Answer): string {
    const calls = answer.toolCalls.map((call, index) => ({ index, ...toWire(call) }));
    const frames =
      calls.length > 0 ? [this.#frame([{ index: 0, delta: { tool_calls: calls }, finish_reason: null }])] : [];
    frames.push(this.#frame([{ index: 0, delta: {}, finish_reason: reasonOf(answer) }]));
    if (this.#withUsage) frames.push(this.#frame([], usageOf(answer)));
    return `${frames.join("")}data: [DONE]\n\n`;
  }

  /** What goes wrong after the first byte has no status of its own any more. */
  error(body: object): string {
    return `data: ${JSON.stringify(body)}\n\n`;
  }

  #frame(choices: object[], usage?: object): string {
    const { id, model, createdS } = this.#head;
    const chunk = {
      id,
      object: "chat.completion.chunk",
      created: createdS,
      model,
      choices,
      ...(usage ? { usage } : {}),
    };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  }
}

function toWire(call: ToolCall) {
  return {
    id: call.call_id,
    type: "function",
    function: { name: call.name, arguments: call.unreadable ?? JSON.stringify(call.arguments) },
  };
}

function reasonOf({ finishReason }: Answer): string {
  return finishReason === "error" || finishReason === "other" ? "stop" : finishReason;
}

function usageOf({ usage, cache }: Answer): object {
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.total_tokens,
    ...(cache ? { prompt_tokens_details: { cached_tokens: cache.reusedTokens } } : {}),
  };
}
