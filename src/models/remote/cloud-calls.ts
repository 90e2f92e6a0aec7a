import { createHash } from "node:crypto";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import type { EmbeddingModel, LanguageModel } from "ai";
import { AppError } from "#core/errors.ts";
import type { Provider } from "#models/provider.ts";
import type { CloudKind } from "#models/remote/cloud-provider.ts";
import { createEmbedFetch, embed } from "#models/remote/embed.ts";
import { type RemoteModel, generate } from "#models/remote/generate.ts";
import { createModelFetch } from "#models/remote/model-fetch.ts";

interface Access {
  baseURL: string;
  apiKey: string;
  fetch: typeof fetch;
  embedFetch: typeof fetch;
}

interface Wire {
  model: (name: string) => LanguageModel;
  /** Null where the cloud makes no embeddings. */
  embedding: ((name: string) => EmbeddingModel) | null;
}

const wires: Record<CloudKind, (access: Access) => Wire> = {
  openai: (access) => ({
    model: createOpenAI(access).chat,
    embedding: createOpenAI({ ...access, fetch: access.embedFetch }).embeddingModel,
  }),
  anthropic: (access) => ({ model: createAnthropic(access), embedding: null }),
  google: (access) => ({
    model: createGoogle(access),
    embedding: createGoogle({ ...access, fetch: access.embedFetch }).embeddingModel,
  }),
};

/** OpenAI sends calls with one key to one cache; Anthropic caches what it is asked to; Google decides by itself. */
const cacheHints: Record<CloudKind, Pick<RemoteModel, "cacheOptions">> = {
  openai: { cacheOptions: (key) => ({ openai: { promptCacheKey: shortKey(key) } }) },
  anthropic: { cacheOptions: () => ({ anthropic: { cacheControl: { type: "ephemeral" } } }) },
  google: {},
};

/** OpenAI takes 64 characters. */
function shortKey(key: string): string {
  return key.length <= 64 ? key : createHash("sha256").update(key).digest("hex");
}

/** Calls of a cloud through its own package of the AI SDK. Loads all of them, so it is imported when there is a call. */
export function cloudCalls(options: {
  id: string;
  kind: CloudKind;
  baseUrl: string;
  apiKey: string;
}): Required<Pick<Provider, "generate" | "embed">> {
  const { id, kind, baseUrl, apiKey } = options;
  const access = { baseURL: baseUrl, apiKey, fetch: createModelFetch(id), embedFetch: createEmbedFetch(id) };
  const { model, embedding } = wires[kind](access);
  return {
    generate: (request, asked) => generate({ id, model: model(request.model), ...cacheHints[kind] }, request, asked),
    async embed(texts, asked) {
      if (embedding === null) throw new AppError("unsupported", `${id} makes no embeddings`);
      return embed({ id, model: embedding(asked.model) }, texts, asked);
    },
  };
}
