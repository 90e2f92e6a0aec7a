import type { Llama, LlamaContextSequence, Token } from "node-llama-cpp";
import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { toFunctions, toHistory } from "#models/local/chat-history.ts";
import { memoryBudget } from "#models/local/memory-budget.ts";
import {
  type ChatResident,
  type EmbeddingResident,
  Residents,
  type ResidentsOptions,
} from "#models/local/residents.ts";
import type { GenerateRequest, GenerateResult } from "#models/provider.ts";

export interface GenerateOptions {
  signal: AbortSignal;
  onDelta: (text: string) => void;
}

/** What can be asked of local models; which of them are in memory is the business of `residents`. */
export class LocalEngine {
  readonly residents: Residents;
  #llama: Llama;

  constructor(llama: Llama, options: Partial<ResidentsOptions> = {}) {
    this.#llama = llama;
    this.residents = new Residents(llama, { ...defaults(), ...options });
  }

  generate(modelPath: string, request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    return this.residents.use(modelPath, async (resident) => {
      if (resident.kind !== "chat") {
        throw new AppError("invalid_request", `The model '${request.model}' makes embeddings and cannot answer`);
      }
      const sequence = await acquire(resident);
      try {
        options.signal.throwIfAborted();
        return await answer(this.#llama, resident, { sequence, request, options });
      } finally {
        const next = resident.waiting.shift();
        if (next) next(sequence);
        else resident.free.push(sequence);
      }
    });
  }

  /** One vector per text, not normalised. A chat model is refused: its vectors mean little. */
  embed(
    modelPath: string,
    texts: string[],
    signal: AbortSignal,
  ): Promise<{ vectors: number[][]; inputTokens: number }> {
    return this.residents.use(modelPath, (resident) => {
      if (resident.kind === "embedding") return embedAll(resident, texts, signal);
      throw new AppError("invalid_request", `The model ${modelPath} is for conversations and makes no embeddings`);
    });
  }
}

function defaults(): ResidentsOptions {
  return { budgetBytes: memoryBudget(null), maxContextTokens: 8192, maxSequences: 4, now: Date.now };
}

async function embedAll({ context, model, contextTokens }: EmbeddingResident, texts: string[], signal: AbortSignal) {
  const vectors: number[][] = [];
  let inputTokens = 0;
  for (const [index, text] of texts.entries()) {
    signal.throwIfAborted();
    const tokens = model.tokenize(text);
    // Two places are for the tokens that begin and end a text.
    if (tokens.length > contextTokens - 2) {
      throw new AppError(
        "invalid_request",
        `Text ${index + 1} has ${tokens.length} tokens; the model's window holds ${contextTokens - 2}`,
      );
    }
    inputTokens += tokens.length;
    vectors.push([...(await context.getEmbeddingFor(tokens)).vector]);
  }
  return { vectors, inputTokens };
}

function acquire(resident: ChatResident): Promise<LlamaContextSequence> | LlamaContextSequence {
  return resident.free.pop() ?? new Promise((resolve) => resident.waiting.push(resolve));
}

interface Turn {
  sequence: LlamaContextSequence;
  request: GenerateRequest;
  options: GenerateOptions;
}

async function answer(
  llama: Llama,
  resident: ChatResident,
  { sequence, request, options }: Turn,
): Promise<GenerateResult> {
  const { LlamaChat } = await import("node-llama-cpp");
  const history = toHistory(request.messages);
  const functions = request.tools?.length ? toFunctions(request.tools) : undefined;
  const prompt = promptTokens(resident, history, functions);
  const inputTokens = prompt.length;
  const window = resident.contextTokens;
  if (inputTokens >= window) {
    throw new AppError("invalid_request", `The prompt has ${inputTokens} tokens; the model's window holds ${window}`);
  }
  const chat = new LlamaChat({ contextSequence: sequence, chatWrapper: resident.wrapper });
  const startedAt = performance.now();
  let firstAt: number | null = null;
  let outputTokens = 0;
  try {
    await prefill(sequence, prompt, options.signal);
    const response = await chat.generateResponse(history, {
      signal: options.signal,
      maxTokens: Math.min(request.maxOutputTokens ?? window, window - inputTokens),
      temperature: request.temperature ?? 0.7,
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(request.stop?.length ? { customStopTriggers: request.stop } : {}),
      onResponseChunk(chunk) {
        firstAt ??= performance.now();
        outputTokens += chunk.tokens.length;
        if (chunk.type === undefined && chunk.text) options.onDelta(chunk.text);
      },
      ...(functions ? { functions, maxParallelFunctionCalls: 1 } : await grammarOf(llama, request.responseSchema)),
    });
    const times = { genTimeMs: performance.now() - startedAt, ttftMs: firstAt === null ? null : firstAt - startedAt };
    return toResult(request, response, { inputTokens, outputTokens, ...times });
  } finally {
    // The sequence keeps what it evaluated: the next turn of the same conversation reuses its prefix.
    chat.dispose({ disposeSequence: false });
  }
}

/** An evaluation cannot be left before it is done, so a long prompt is evaluated in pieces of this many tokens. */
const prefillTokens = 64;

/** Evaluates what the sequence does not hold of the prompt yet. The last token is left to the generation, which begins with it. */
async function prefill(sequence: LlamaContextSequence, prompt: Token[], signal: AbortSignal): Promise<void> {
  await sequence.adaptStateToTokens(prompt, false);
  const end = prompt.length - 1;
  for (let at = sequence.nextTokenIndex; at < end; at += prefillTokens) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(at, Math.min(at + prefillTokens, end)));
  }
}

function promptTokens(
  resident: ChatResident,
  history: ReturnType<typeof toHistory>,
  functions: ReturnType<typeof toFunctions> | undefined,
): Token[] {
  const state = resident.wrapper.generateContextState({
    chatHistory: history,
    ...(functions ? { availableFunctions: functions } : {}),
  });
  return state.contextText.tokenize(resident.model.tokenizer);
}

async function grammarOf(llama: Llama, schema: JsonObject | undefined) {
  if (!schema) return {};
  try {
    return { grammar: await llama.createGrammarForJsonSchema(schema as never) };
  } catch (error) {
    throw new AppError("invalid_request", `The response schema cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** The part of the library's response that is used, whatever functions were offered. */
interface Answered {
  response: string;
  functionCalls?: { functionName: string; params: unknown }[];
  metadata: { stopReason: string };
}

function toResult(
  request: GenerateRequest,
  { response, functionCalls, metadata }: Answered,
  measured: { inputTokens: number; outputTokens: number; genTimeMs: number; ttftMs: number | null },
): GenerateResult {
  const content = response.trim();
  const calls = functionCalls ?? [];
  const { inputTokens, outputTokens, genTimeMs, ttftMs } = measured;
  return {
    content,
    reasoning: null,
    // Read from the content at the other end of the channel, which does not keep `5.0` apart from `5`.
    data: null,
    toolCalls: calls.map((call) => ({
      call_id: `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`,
      name: call.functionName,
      arguments: (call.params ?? {}) as JsonObject,
    })),
    usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
    model: request.model,
    finishReason: metadata.stopReason === "maxTokens" ? "length" : calls.length > 0 ? "tool_calls" : "stop",
    genTimeMs,
    ttftMs,
  };
}
