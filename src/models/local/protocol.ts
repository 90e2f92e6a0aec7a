import type { ErrorCode } from "#core/errors.ts";
import type { CachedPrefix, PrefixContent } from "#models/prompt-cache.ts";
import type { GenerateRequest, GenerateResult, LoadedModel } from "#models/provider.ts";

export interface WorkerSettings {
  threads: number | null;
  cacheDir: string | null;
  /** Memory for all models together, bytes; null: four fifths of what there is. */
  memoryBytes: number | null;
  maxContextTokens: number;
  /** A model that nobody has used for so long is unloaded; 0: never. */
  idleMs: number;
  /** Folder with another build of llama.cpp, or null. */
  llamaDir: string | null;
  /** Where states of conversations are saved; null: nowhere. */
  prefixes: { folder: string; exportFolder: string; maxBytes: number } | null;
  /** Which kind of llama.cpp to use; `auto` takes the fastest that works. */
  gpu: "auto" | "off" | "cuda" | "vulkan" | "metal";
}

export const workerDefaults: WorkerSettings = {
  threads: null,
  cacheDir: null,
  memoryBytes: null,
  maxContextTokens: 8192,
  idleMs: 0,
  llamaDir: null,
  prefixes: null,
  gpu: "auto",
};

/** Every question, and its answer. */
export interface Questions {
  generate: { asks: { modelPath: string; request: GenerateRequest; wantsDeltas: boolean }; answer: GenerateResult };
  embed: { asks: { modelPath: string; texts: string[] }; answer: { vectors: number[][]; inputTokens: number } };
  /** `pin` null leaves a pin as it is. */
  load: { asks: { modelPath: string; pin: boolean | null }; answer: LoadedModel };
  /** Null: it was not loaded. */
  unload: { asks: { modelPath: string }; answer: LoadedModel | null };
  loaded: { asks: object; answer: LoadedModel[] };
  prefix: {
    asks: { modelPath: string; key: string; content: PrefixContent; ttlMs: number | null };
    answer: CachedPrefix;
  };
}
export type QuestionKind = keyof Questions;
export type Question = { [Kind in QuestionKind]: { kind: Kind; id: number } & Questions[Kind]["asks"] }[QuestionKind];

/** What the gateway says to its inference process. */
export type ToWorker = { kind: "configure"; settings: WorkerSettings } | Question | { kind: "abort"; id: number };

/** And what it hears. */
export type FromWorker =
  | { kind: "ready" }
  | { kind: "delta"; id: number; text: string }
  | { kind: "result"; id: number; result: Questions[QuestionKind]["answer"] }
  | { kind: "error"; id: number; code: ErrorCode; message: string; retryable: boolean };
