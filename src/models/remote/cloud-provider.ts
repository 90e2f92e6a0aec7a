import { pictureTypes } from "#models/message-file.ts";
import { createMedia } from "#models/media/create-media.ts";
import type { Provider } from "#models/provider.ts";
import { loadedOnce } from "#models/remote/loaded-once.ts";
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

const lists: Record<CloudKind, (baseUrl: string, apiKey: string) => Omit<ModelListRequest, "id">> = {
  openai: (baseUrl, apiKey) => ({ url: `${baseUrl}/models`, headers: { authorization: `Bearer ${apiKey}` } }),
  anthropic: (baseUrl, apiKey) => ({
    url: `${baseUrl}/models?limit=1000`,
    headers: { "x-api-key": apiKey, "anthropic-version": "2023-06-01" },
  }),
  google: (baseUrl, apiKey) => ({ url: `${baseUrl}/models?pageSize=1000`, headers: { "x-goog-api-key": apiKey } }),
};

/** What each wire has a form for. */
export const cloudAccepts: Record<CloudKind, readonly string[]> = {
  openai: openAiAccepts,
  anthropic: [...pictureTypes, "application/pdf"],
  google: [...pictureTypes, "image/heic", "image/heif", "application/pdf", "audio/*", "video/*"],
};

/** A cloud with a key, through its own package of the AI SDK. */
export function createCloudProvider({ id, kind, baseUrl, apiKey, label }: CloudOptions): Provider {
  const calls = loadedOnce(async () =>
    (await import("#models/remote/cloud-calls.ts")).cloudCalls({ id, kind, baseUrl, apiKey }),
  );
  return {
    id,
    label,
    models: (signal) => listModels({ id, ...lists[kind](baseUrl, apiKey) }, signal),
    accepts: cloudAccepts[kind],
    caching: kind === "google" ? "none" : "keyed",
    generate: async (request, options) => (await calls()).generate(request, options),
    ...(kind === "anthropic" ? {} : { media: createMedia({ id, kind, baseUrl, apiKey }) }),
    ...(kind === "anthropic" ? {} : { embed: async (texts, options) => (await calls()).embed(texts, options) }),
    close: async () => undefined,
  };
}
