import type { ChatHistoryItem, ChatModelFunctions, Llama, LlamaContextSequence, Token } from "node-llama-cpp";
import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { PrefixCache } from "#models/local/cache/prefix-cache.ts";
import { toFunctions, toHistory } from "#models/local/chat-history.ts";
import { memoryBudget } from "#models/local/memory-budget.ts";
import {
  type ChatResident,
  type EmbeddingResident,
  type Resident,
  Residents,
  type ResidentsOptions,
} from "#models/local/residents.ts";
import { thoughtTokens } from "#models/thoughts.ts";
import { type CachedPrefix, type PrefixContent, commonPrefix } from "#models/prompt-cache.ts";
import type { GenerateRequest, GenerateResult } from "#models/provider.ts";

export interface GenerateOptions {
  signal: AbortSignal;
  onDelta: (text: string) => void;
}

/** What can be asked of local models; which of them are in memory is the business of `residents`. */
export class LocalEngine {
  readonly residents: Residents;
  #llama: Llama;
  /** Null: nothing is saved. */
  #cache: PrefixCache | null;

  constructor(llama: Llama, options: Partial<ResidentsOptions> = {}, cache: PrefixCache | null = null) {
    this.#llama = llama;
    this.residents = new Residents(llama, { ...defaults(), ...options });
    this.#cache = cache;
  }

  generate(modelPath: string, request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    return this.residents.use(modelPath, async (found) => {
      const resident = chatOf(found, request.model);
      const turn = turnOf(resident, request);
      const sequence = await acquire(resident, turn.prompt);
      let saving: Promise<unknown> = Promise.resolve();
      try {
        options.signal.throwIfAborted();
        const place = this.#place(modelPath, sequence);
        const cacheKey = request.cacheKey ?? null;
        const cache = (await this.#cache?.restore(place, turn.prompt, cacheKey)) ?? null;
        const result = await answer(this.#llama, resident, { sequence, request, options, ...turn });
        if (cache?.key) saving = this.#cache?.keep(place, cache.key) ?? saving;
        return cache === null ? result : { ...result, cache };
      } finally {
        // The answer does not wait for its saving, but the model does.
        resident.uses++;
        void saving
          .catch(() => undefined)
          .finally(() => {
            resident.uses--;
            release(resident, sequence);
          });
      }
    });
  }

  /** Computes the beginning of every conversation with this content, and saves it. */
  buildPrefix(
    modelPath: string,
    { key, content, ttlMs }: { key: string; content: PrefixContent; ttlMs: number | null },
    signal: AbortSignal,
  ): Promise<CachedPrefix> {
    return this.residents.use(modelPath, async (found) => {
      const resident = chatOf(found, modelPath);
      if (!this.#cache) throw new AppError("unsupported", "There is no folder for prompt caches");
      const tokens = prefixOf(resident, content);
      if (tokens.length >= resident.contextTokens) throw tooLong(tokens.length, resident.contextTokens);
      const sequence = await acquire(resident, tokens);
      try {
        signal.throwIfAborted();
        const place = this.#place(modelPath, sequence);
        await this.#cache.restore(place, tokens, key);
        await prefill(sequence, tokens, { end: tokens.length, signal });
        return await this.#cache.save(place, key, ttlMs);
      } finally {
        release(resident, sequence);
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

  #place(modelPath: string, sequence: LlamaContextSequence) {
    return { modelPath, sequence, release: this.#llama.llamaCppRelease.release };
  }
}

function chatOf(resident: Resident, name: string): ChatResident {
  if (resident.kind === "chat") return resident;
  throw new AppError("invalid_request", `The model '${name}' makes embeddings and cannot answer`);
}

function defaults(): ResidentsOptions {
  return {
    budgetBytes: memoryBudget(null),
    maxContextTokens: 8192,
    maxSequences: 4,
    usesCard: true,
    note: null,
    now: Date.now,
  };
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

/**
 * The place that holds the longest beginning of the prompt, where that is worth what else it holds; else the one that was left longest ago,
 * which is the first.
 */
function acquire(resident: ChatResident, prompt: Token[]): Promise<LlamaContextSequence> | LlamaContextSequence {
  const { free, waiting } = resident;
  const reuses = free.map(({ contextTokens }) => {
    const held = commonPrefix(contextTokens, prompt);
    return held >= minReuseTokens || 2 * held >= contextTokens.length ? held : 0;
  });
  const best = reuses.indexOf(Math.max(...reuses));
  return free.splice(best, 1)[0] ?? new Promise((resolve) => waiting.push(resolve));
}

/** A system text in common is at least this long. */
const minReuseTokens = 32;

function release({ free, waiting }: ChatResident, sequence: LlamaContextSequence): void {
  const next = waiting.shift();
  if (next) next(sequence);
  else free.push(sequence);
}

interface Turn {
  history: ChatHistoryItem[];
  functions: ChatModelFunctions | undefined;
  prompt: Token[];
}

function turnOf(resident: ChatResident, { messages, tools }: GenerateRequest): Turn {
  const history = toHistory(messages);
  const functions = tools?.length ? toFunctions(tools) : undefined;
  const prompt = promptTokens(resident, history, functions);
  const { contextTokens } = resident;
  if (prompt.length >= contextTokens) throw tooLong(prompt.length, contextTokens);
  return { history, functions, prompt };
}

function tooLong(tokens: number, window: number): AppError {
  return new AppError("invalid_request", `The prompt has ${tokens} tokens; the model's window holds ${window}`);
}

/** What two conversations have in common that begin with this content and go on differently. */
function prefixOf(resident: ChatResident, { messages, tools }: PrefixContent): Token[] {
  const functions = tools.length > 0 ? toFunctions(tools) : undefined;
  const rendered = ["A", "1"].map((content) =>
    promptTokens(resident, toHistory([...messages, { role: "user", content }]), functions),
  );
  const [one = [], another = []] = rendered;
  return one.slice(0, commonPrefix(one, another));
}

async function answer(
  llama: Llama,
  resident: ChatResident,
  {
    sequence,
    request,
    options,
    history,
    functions,
    prompt,
  }: Turn & { sequence: LlamaContextSequence; request: GenerateRequest; options: GenerateOptions },
): Promise<GenerateResult> {
  const { LlamaChat } = await import("node-llama-cpp");
  const inputTokens = prompt.length;
  const window = resident.contextTokens;
  const chat = new LlamaChat({ contextSequence: sequence, chatWrapper: resident.wrapper });
  const startedAt = performance.now();
  let firstAt: number | null = null;
  let outputTokens = 0;
  let thoughts = "";
  const budget = thoughtTokens(request.thinking);
  try {
    // The last token is left to the generation, which begins with it.
    await prefill(sequence, prompt, { end: inputTokens - 1, signal: options.signal });
    const response = await chat.generateResponse(history, {
      signal: options.signal,
      maxTokens: Math.min(request.maxOutputTokens ?? window, window - inputTokens),
      temperature: request.temperature ?? 0.7,
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(budget === null ? {} : { budgets: { thoughtTokens: budget } }),
      ...(request.stop?.length ? { customStopTriggers: request.stop } : {}),
      onResponseChunk(chunk) {
        firstAt ??= performance.now();
        outputTokens += chunk.tokens.length;
        if (chunk.type === undefined && chunk.text) options.onDelta(chunk.text);
        if (chunk.segmentType === "thought") thoughts += chunk.text;
      },
      ...(functions ? { functions, maxParallelFunctionCalls: 1 } : await grammarOf(llama, request.responseSchema)),
    });
    const times = { genTimeMs: performance.now() - startedAt, ttftMs: firstAt === null ? null : firstAt - startedAt };
    const result = toResult(request, response, { inputTokens, outputTokens, ...times });
    return { ...result, reasoning: thoughts.trim() || null };
  } finally {
    // The sequence keeps what it evaluated: the next turn of the same conversation reuses its prefix.
    chat.dispose({ disposeSequence: false });
  }
}

/** An evaluation cannot be left before it is done, so a long prompt is evaluated in pieces of this many tokens. */
const prefillTokens = 64;

/** Evaluates what the sequence does not hold of the prompt yet, up to `end`. */
async function prefill(
  sequence: LlamaContextSequence,
  prompt: Token[],
  { end, signal }: { end: number; signal: AbortSignal },
): Promise<void> {
  await sequence.adaptStateToTokens(prompt, false);
  for (let at = sequence.nextTokenIndex; at < end; at += prefillTokens) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(at, Math.min(at + prefillTokens, end)));
  }
}

function promptTokens(
  resident: ChatResident,
  history: ChatHistoryItem[],
  functions: ChatModelFunctions | undefined,
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
