import { AppError } from "#core/errors.ts";
import type { EmbedResult, ProviderRegistry } from "#models/provider.ts";

/** More texts are split by callers; more characters are no text to compare. */
export const maxTexts = 2048;
export const maxTextChars = 1_000_000;

export interface EmbedRequest {
  texts: string[];
  /** Null: the configured pair, or the first local model for embeddings. */
  provider: string | null;
  model: string | null;
}

/** Vectors of texts, by a named model or the default one. AppErrors: `unavailable` when there is none, `unsupported`, those of the provider. */
export async function embedTexts(
  registry: ProviderRegistry,
  { texts, ...named }: EmbedRequest,
  signal: AbortSignal,
): Promise<EmbedResult & { provider: string }> {
  if (texts.length === 0) throw new AppError("invalid_request", "input is empty");
  if (texts.length > maxTexts) throw new AppError("invalid_request", `input has more than ${maxTexts} texts`);
  const odd = texts.findIndex((text) => text === "" || text.length > maxTextChars);
  if (odd >= 0) {
    const reason = texts[odd] === "" ? "is empty" : `has more than ${maxTextChars} characters`;
    throw new AppError("invalid_request", `Text ${odd + 1} of input ${reason}`);
  }
  const route = await embeddingRoute(registry, named, signal);
  const provider = registry.get(route.provider.toLowerCase());
  if (!provider) throw new AppError("not_found", `Provider '${route.provider}' is not configured`);
  if (!provider.embed) throw new AppError("unsupported", `${provider.label} makes no embeddings`);
  return { provider: provider.id, ...(await provider.embed(texts, { model: route.model, signal })) };
}

async function embeddingRoute(
  registry: ProviderRegistry,
  { provider, model }: { provider: string | null; model: string | null },
  signal: AbortSignal,
): Promise<{ provider: string; model: string }> {
  if (provider !== null && model !== null) return { provider, model };
  const route = await registry.embeddingRoute(signal);
  if (!route) {
    throw new AppError(
      "unavailable",
      "No model for embeddings is configured: set ABSTRACTGATEWAY_EMBEDDING_PROVIDER and …_EMBEDDING_MODEL, or put one into the models folder",
    );
  }
  return { provider: provider ?? route.provider, model: model ?? route.model };
}
