import type { JsonObject, Value } from "#core/value.ts";
import { type MediaTask, mediaTasks } from "#core/media.ts";
import type { MediaMaker } from "#models/media/media.ts";
import type { MessageFile } from "#models/message-file.ts";
import type { CacheUse, PromptCache } from "#models/prompt-cache.ts";

export interface ModelInfo {
  id: string;
  provider: string;
  /** Context window in tokens, when known. */
  contextTokens?: number;
  /** What it can do: `text`, `tools`, `json`, `embedding`, … */
  capabilities: string[];
  sizeBytes?: number;
  /** Kinds of input beside text, such as `image`, when the provider's list says; absent when it does not. */
  inputs?: string[];
  /** Length of the vectors of a model for embeddings, when known. */
  dimensions?: number;
  /** Of local models: what the file says. */
  architecture?: string;
  quantization?: string;
}

export interface EmbedResult {
  /** One per text, in order, all of one length. */
  vectors: number[][];
  model: string;
  /** Null when the provider does not count. */
  inputTokens: number | null;
}

/** What local models run on. */
export interface ComputeInfo {
  /** What somebody asked for. */
  setting: string;
  /** What there are builds of llama.cpp for. */
  builds: string[];
  /** `light`, `default`, `cuda`, or `sources` while it is developed. */
  flavour: string;
  expected: "cpu" | "cuda" | "vulkan" | "metal";
  /** Why that. */
  reason: string;
}

/** A model in the memory of this machine. */
export interface LoadedModel {
  path: string;
  task: "text_generation" | "embedding";
  /** What computes: the processor, or a kind of graphics card. */
  backend: "cpu" | "cuda" | "vulkan" | "metal";
  /** Layers on the graphics card. */
  gpuLayers: number;
  /** Why it is not on a card, when that was tried. */
  note: string | null;
  /** Window of one conversation. */
  contextTokens: number;
  /** Conversations at the same time. */
  sequences: number;
  /** Memory, estimated when it was loaded. */
  bytes: number;
  pinned: boolean;
  /** Calls under way or waiting. */
  uses: number;
  loadedAtMs: number;
  lastUsedAtMs: number;
}

/** Which models are in memory, and changing that. Errors are AppErrors as of `Provider`; `conflict` for a model in use. */
export interface Residency {
  loaded(signal: AbortSignal): Promise<(LoadedModel & { model: string })[]>;
  /** A pinned model is never unloaded to make room or for idleness. `pin` null leaves that as it is. */
  load(model: string, options: { pin: boolean | null; signal: AbortSignal }): Promise<LoadedModel & { model: string }>;
  /** Null when it was not loaded. */
  unload(model: string, signal: AbortSignal): Promise<(LoadedModel & { model: string }) | null>;
}

export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  /** Calls that an assistant message made. */
  tool_calls?: ToolCall[];
  /** What goes with a user's message, of the types that the provider takes (`Provider.accepts`). */
  files?: MessageFile[];
  /** The call that a tool message answers. */
  tool_call_id?: string;
  name?: string;
}

export interface ToolSpec {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: JsonObject;
}

export interface ToolCall {
  call_id: string;
  name: string;
  arguments: JsonObject;
  /** What the model wrote instead of a JSON object; the arguments are empty then. */
  unreadable?: string;
}

export interface GenerateRequest {
  model: string;
  messages: Message[];
  tools?: ToolSpec[];
  temperature?: number;
  seed?: number;
  maxOutputTokens?: number;
  stop?: string[];
  /** JSON Schema that the answer must follow. */
  responseSchema?: JsonObject;
  thinking?: string | boolean;
  /** Name of a cache for the beginning of the conversation (`prompt-cache.ts`). */
  cacheKey?: string;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
}

export interface GenerateResult {
  content: string;
  reasoning: string | null;
  /** The parsed answer when a schema was asked for. */
  data: Value;
  toolCalls: ToolCall[];
  usage: Usage;
  model: string;
  finishReason: "stop" | "length" | "tool_calls" | "content_filter" | "error" | "other";
  genTimeMs: number;
  /** Time to the first token, ms, when it was seen. */
  ttftMs: number | null;
  /** Absent where nobody knows. */
  cache?: CacheUse;
  /** What the provider says the call cost, US dollars. */
  costUsd?: number;
}

export interface CallOptions {
  signal: AbortSignal;
  /** Called with each piece of text as it comes. */
  onDelta?: (text: string) => void;
  /** A server that says nothing for so long is given up with `timeout`; absent or 0: never. */
  quietMs?: number;
}

/**
 * One source of models. Failures are AppErrors: `retryable` and `retryAfterS` say whether and when to try again;
 * `cancelled` when the signal was aborted; `not_found` for an unknown model; `unavailable` when nobody answers.
 */
export interface Provider {
  readonly id: string;
  readonly label: string;
  models(signal: AbortSignal): Promise<ModelInfo[]>;
  generate(request: GenerateRequest, options: CallOptions): Promise<GenerateResult>;
  /** Absent where the provider makes no embeddings. */
  embed?(texts: string[], options: { model: string; signal: AbortSignal }): Promise<EmbedResult>;
  /** Absent where it makes and reads nothing but text. */
  media?: MediaMaker;
  /** It has no model that answers. */
  isMediaOnly?: true;
  /** Absent where models are not ours to load. */
  residency?: Residency;
  /** What its models run on; absent where that is somebody else's machine. */
  compute?(): ComputeInfo;
  /** Media types that its wire can carry beside text, such as `image/png` or `audio/*`; whether a model makes something of them is another matter. */
  readonly accepts: readonly string[];
  /** What becomes of `cacheKey`: nothing, a hint to the provider's own cache, or a saved state here (`promptCache`). */
  readonly caching: "none" | "keyed" | "local_control_plane";
  promptCache?: PromptCache;
  close(): Promise<void>;
}

const notText = ["embedding", ...mediaTasks];

/** Whether a model answers conversations: what only makes embeddings, or media, does not. */
export function answersText({ capabilities }: ModelInfo): boolean {
  return capabilities.includes("text") || !capabilities.some((each) => notText.includes(each));
}

/** Whether it does nothing but turn texts into vectors. */
export function makesEmbeddings({ capabilities }: ModelInfo): boolean {
  return capabilities.includes("embedding") && !capabilities.includes("text");
}

/** Who makes something where nobody is named. */
export interface MediaRoute {
  provider: string;
  model: string;
  /** Of the default that somebody set. */
  options: JsonObject;
}

export interface ProviderRegistry {
  list(): Provider[];
  /** The same after a short look for servers on this machine that nobody has configured. */
  discover(): Promise<Provider[]>;
  /** Null when there is no provider of that name. */
  get(id: string): Provider | null;
  /** The pair used when a flow names neither: configured, else the first that has a model. Null when there is none. */
  defaultRoute(signal: AbortSignal): Promise<{ provider: string; model: string } | null>;
  /** The pair used for embeddings: configured, else the first local model for them. Null when there is none. */
  embeddingRoute(signal: AbortSignal): Promise<{ provider: string; model: string } | null>;
  /** The pair used for media: set as a default, configured, else the usual model of the first provider that has one. Null when there is none. */
  mediaRoute(task: MediaTask): MediaRoute | null;
  close(): Promise<void>;
}
