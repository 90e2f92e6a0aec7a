import type { ChatWrapper, Llama, LlamaContext, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { toFunctions, toHistory } from "#models/local/chat-history.ts";
import { assertModelFile } from "#models/local/model-files.ts";
import type { GenerateRequest, GenerateResult } from "#models/provider.ts";

/** Conversations that one model answers at the same time; further ones queue. */
const sequences = 4;
const maxContextTokens = 8192;

export interface GenerateOptions {
  signal: AbortSignal;
  onDelta: (text: string) => void;
}

interface Resident {
  model: LlamaModel;
  context: LlamaContext;
  wrapper: ChatWrapper;
  free: LlamaContextSequence[];
  waiting: ((sequence: LlamaContextSequence) => void)[];
}

/** Models that are loaded once and stay; each answers several conversations. */
export class LocalEngine {
  #llama: Llama;
  #residents = new Map<string, Promise<Resident>>();

  constructor(llama: Llama) {
    this.#llama = llama;
  }

  async generate(modelPath: string, request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    const resident = await this.#resident(modelPath);
    const sequence = await acquire(resident);
    try {
      options.signal.throwIfAborted();
      return await answer(this.#llama, resident, { sequence, request, options });
    } finally {
      const next = resident.waiting.shift();
      if (next) next(sequence);
      else resident.free.push(sequence);
    }
  }

  #resident(modelPath: string): Promise<Resident> {
    const known = this.#residents.get(modelPath);
    if (known) return known;
    const loading = this.#load(modelPath);
    this.#residents.set(modelPath, loading);
    loading.catch(() => this.#residents.delete(modelPath));
    return loading;
  }

  async #load(modelPath: string): Promise<Resident> {
    try {
      await assertModelFile(modelPath);
      const model = await this.#llama.loadModel({ modelPath });
      const contextSize = Math.min(model.trainContextSize, maxContextTokens);
      const context = await model.createContext({ contextSize, sequences });
      const { resolveChatWrapper } = await import("node-llama-cpp");
      // Resolving a Jinja template costs about a second, so it is done once per model.
      const wrapper = resolveChatWrapper(model);
      const free = Array.from({ length: sequences }, () => context.getSequence());
      return { model, context, wrapper, free, waiting: [] };
    } catch (error) {
      throw new AppError("unavailable", `The model ${modelPath} cannot be loaded: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function acquire(resident: Resident): Promise<LlamaContextSequence> | LlamaContextSequence {
  return resident.free.pop() ?? new Promise((resolve) => resident.waiting.push(resolve));
}

interface Turn {
  sequence: LlamaContextSequence;
  request: GenerateRequest;
  options: GenerateOptions;
}

async function answer(llama: Llama, resident: Resident, { sequence, request, options }: Turn): Promise<GenerateResult> {
  const { LlamaChat } = await import("node-llama-cpp");
  const history = toHistory(request.messages);
  const functions = request.tools?.length ? toFunctions(request.tools) : undefined;
  const prompt = promptTokens(resident, history, functions);
  const inputTokens = prompt.length;
  const window = resident.context.contextSize;
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
  resident: Resident,
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
