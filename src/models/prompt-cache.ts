import type { Message, ToolSpec } from "#models/provider.ts";

/** What one call took over of what was computed before. */
export interface CacheUse {
  /** The named cache that was asked for. */
  key: string | null;
  /** Where the reused tokens were: in a conversation's memory, in a saved state, at the provider, or nowhere. */
  source: "memory" | "saved" | "provider" | "none";
  promptTokens: number;
  reusedTokens: number;
  /** Why it is not more, in words. */
  reason: string;
}

/** A named cache of one model. */
export interface CachedPrefix {
  key: string;
  /** 0: it has its name and waits for the first call that uses it. */
  tokens: number;
  /** On disk. */
  bytes: number;
  createdAtMs: number;
  lastUsedAtMs: number;
  /** Null: until it has to make room. */
  expiresAtMs: number | null;
  /** Used by calls of this model that name none. */
  isDefault: boolean;
}

export interface PrefixContent {
  messages: Message[];
  tools: ToolSpec[];
}

/**
 * Named, durable caches of what a model computed for the beginnings of its conversations. AppErrors: `not_found` for an unknown key or
 * file, `invalid_request` for a name that is none, those of the provider for `build`.
 */
export interface PromptCache {
  list(model: string): Promise<CachedPrefix[]>;
  /** Gives a name, empty if it is new. */
  set(model: string, key: string, options: CacheOptions): Promise<CachedPrefix>;
  /** Computes the beginning of every conversation that starts with this content, and keeps it under the name. */
  build(model: string, key: string, content: PrefixContent, options: BuildOptions): Promise<CachedPrefix>;
  fork(model: string, from: string, to: string, options: CacheOptions): Promise<CachedPrefix>;
  /** All of the model's when the key is null. Answers how many there were. */
  clear(model: string, key: string | null): Promise<number>;
  /** Copies of caches that outlive them, by a name of their own. */
  exported(model: string): Promise<ExportedPrefix[]>;
  export(model: string, name: string, key: string): Promise<ExportedPrefix>;
  import(model: string, name: string, key: string, options: CacheOptions): Promise<CachedPrefix>;
}

export interface CacheOptions {
  makeDefault: boolean;
  /** Null: no end of its own. */
  ttlMs: number | null;
}

export interface BuildOptions extends CacheOptions {
  signal: AbortSignal;
}

export interface ExportedPrefix {
  name: string;
  tokens: number;
  bytes: number;
  createdAtMs: number;
}

/** Longest beginning that two lists have in common. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at] === b[at]) at++;
  return at;
}
