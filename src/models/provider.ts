import type { JsonObject, Value } from "#core/value.ts";

export interface ModelInfo {
  id: string;
  provider: string;
  /** Context window in tokens, when known. */
  contextTokens?: number;
  /** What it can do: `text`, `tools`, `json`, `embedding`, … */
  capabilities: string[];
  sizeBytes?: number;
}

export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  /** Calls that an assistant message made. */
  tool_calls?: ToolCall[];
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
}

export interface CallOptions {
  signal: AbortSignal;
  /** Called with each piece of text as it comes. */
  onDelta?: (text: string) => void;
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
  close(): Promise<void>;
}

export interface ProviderRegistry {
  list(): Provider[];
  /** The same after a short look for servers on this machine that nobody has configured. */
  discover(): Promise<Provider[]>;
  /** Null when there is no provider of that name. */
  get(id: string): Provider | null;
  /** The pair used when a flow names neither: configured, else the first that has a model. Null when there is none. */
  defaultRoute(signal: AbortSignal): Promise<{ provider: string; model: string } | null>;
  close(): Promise<void>;
}
