import type { GgufMetadata } from "#models/local/gguf-metadata.ts";

export interface MemoryPlan {
  /** Window of one conversation. */
  contextTokens: number;
  /** Conversations at the same time. */
  sequences: number;
  /** Weights, caches and work space, estimated. */
  bytes: number;
}

export interface PlanInput {
  fileBytes: number;
  metadata: GgufMetadata;
  /** Largest window that is wanted. */
  maxContextTokens: number;
  maxSequences: number;
  budgetBytes: number;
}

/** Computation needs about this much beside weights and caches. */
const workBytes = 64 * 1024 * 1024;
/** A smaller window is of no use for a conversation. */
export const minContextTokens = 2048;
/** Where the file does not say how large its layers are: those of a model of 8 billion parameters. */
const usualBytesPerToken = 128 * 1024;

/**
 * The largest window, then the most conversations, that fit into the budget; null when not even one small conversation does. A token in
 * llama.cpp's cache takes two vectors (key and value) of 16-bit numbers in every layer.
 */
export function planMemory(input: PlanInput): MemoryPlan | null {
  const { fileBytes, metadata, maxContextTokens, maxSequences, budgetBytes } = input;
  const window = Math.min(metadata.contextTokens ?? maxContextTokens, maxContextTokens);
  const perToken = bytesPerToken(metadata);
  const total = (tokens: number, sequences: number) => fileBytes + workBytes + tokens * sequences * perToken;
  const smallest = Math.min(window, minContextTokens);
  for (let tokens = window; ; tokens = Math.max(smallest, Math.floor(tokens / 2))) {
    // Half the window for more than one conversation is worth less than a whole one for two.
    for (let sequences = maxSequences; sequences >= 1; sequences = Math.floor(sequences / 2)) {
      const bytes = total(tokens, sequences);
      if (bytes <= budgetBytes) return { contextTokens: tokens, sequences, bytes };
    }
    if (tokens === smallest) return null;
  }
}

export function bytesPerToken(metadata: GgufMetadata): number {
  const { blockCount, embeddingLength, headCount, headCountKv, keyLength, valueLength } = metadata;
  if (blockCount === null || embeddingLength === null || !headCount) return usualBytesPerToken;
  const perHead = Math.ceil(embeddingLength / headCount);
  const heads = headCountKv ?? headCount;
  return blockCount * heads * ((keyLength ?? perHead) + (valueLength ?? perHead)) * 2;
}
