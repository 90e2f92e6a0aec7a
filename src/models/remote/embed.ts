import { type EmbeddingModel, embedMany } from "ai";
import type { EmbedResult } from "#models/provider.ts";
import { toAppError } from "#models/remote/call-error.ts";
import { fetchFrom } from "#models/remote/model-fetch.ts";

/** Vectors of texts by a model of the AI SDK, in as few requests as the provider allows. Every failure is an AppError. */
export async function embed(
  { id, model }: { id: string; model: EmbeddingModel },
  texts: string[],
  options: { model: string; signal: AbortSignal },
): Promise<EmbedResult> {
  const { signal } = options;
  try {
    const { embeddings, usage } = await embedMany({ model, values: texts, abortSignal: signal, maxRetries: 0 });
    const tokens = Number.isFinite(usage.tokens) ? usage.tokens : null;
    return { vectors: embeddings, model: options.model, inputTokens: tokens };
  } catch (error) {
    throw toAppError(error, { id, model: options.model, signal, nowMs: Date.now() });
  }
}

/** The `fetch` for embeddings: their answers are not streamed, unlike those of `createModelFetch`. */
export function createEmbedFetch(id: string): typeof fetch {
  const send = (input: string | URL | Request, init: RequestInit = {}) =>
    fetchFrom(id, input instanceof Request ? input.url : String(input), init);
  return Object.assign(send, { preconnect: fetch.preconnect });
}
