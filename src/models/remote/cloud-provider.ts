import { createHash } from "node:crypto";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import type { EmbeddingModel, LanguageModel } from "ai";
import { pictureTypes } from "#models/message-file.ts";
import { createMedia } from "#models/media/create-media.ts";
import type { Provider } from "#models/provider.ts";
import { createEmbedFetch, embed } from "#models/remote/embed.ts";
import { type RemoteModel, generate } from "#models/remote/generate.ts";
import { createModelFetch } from "#models/remote/model-fetch.ts";
import { type ModelListRequest, listModels } from "#models/remote/model-list.ts";
import { openAiAccepts } from "#models/remote/openai-compatible.ts";

/** Wires of their own; every other cloud speaks OpenAI's. */
export type CloudKind = "openai" | "anthropic" | "google";

export interface CloudOptions {
  id: string;
  kind: CloudKind;
  baseUrl: string;
  apiKey: string;
  label: string;
}

interface Wire {
  model: (name: string) => LanguageModel;
  /** Null where the cloud makes no embeddings. */
  embedding: ((name: string) => EmbeddingModel) | null;
  list: Omit<ModelListRequest, "id">;
}

interface Access {
  baseURL: string;
  apiKey: string;
  fetch: typeof fetch;
  embedFetch: typeof fetch;
}

const wires: Record<CloudKind, (access: Access) => Wire> = {
  openai: (access) => ({
    model: createOpenAI(access).chat,
    embedding: createOpenAI({ ...access, fetch: access.embedFetch }).embeddingModel,
    list: { url: `${access.baseURL}/models`, headers: { authorization: `Bearer ${access.apiKey}` } },
  }),
  anthropic: (access) => ({
    model: createAnthropic(access),
    embedding: null,
    list: {
      url: `${access.baseURL}/models?limit=1000`,
      headers: { "x-api-key": access.apiKey, "anthropic-version": "2023-06-01" },
    },
  }),
  google: (access) => ({
    model: createGoogle(access),
    embedding: createGoogle({ ...access, fetch: access.embedFetch }).embeddingModel,
    list: { url: `${access.baseURL}/models?pageSize=1000`, headers: { "x-goog-api-key": access.apiKey } },
  }),
};

/** What each wire has a form for. */
export const cloudAccepts: Record<CloudKind, readonly string[]> = {
  openai: openAiAccepts,
  anthropic: [...pictureTypes, "application/pdf"],
  google: [...pictureTypes, "image/heic", "image/heif", "application/pdf", "audio/*", "video/*"],
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

/** A cloud with a key, through its own package of the AI SDK. */
export function createCloudProvider({ id, kind, baseUrl, apiKey, label }: CloudOptions): Provider {
  const wire = wires[kind]({ baseURL: baseUrl, apiKey, fetch: createModelFetch(id), embedFetch: createEmbedFetch(id) });
  const { embedding } = wire;
  return {
    id,
    label,
    models: (signal) => listModels({ id, ...wire.list }, signal),
    accepts: cloudAccepts[kind],
    caching: kind === "google" ? "none" : "keyed",
    generate: (request, options) =>
      generate({ id, model: wire.model(request.model), ...cacheHints[kind] }, request, options),
    ...(kind === "anthropic" ? {} : { media: createMedia({ id, kind, baseUrl, apiKey }) }),
    ...(embedding === null
      ? {}
      : { embed: (texts, options) => embed({ id, model: embedding(options.model) }, texts, options) }),
    close: async () => undefined,
  };
}
