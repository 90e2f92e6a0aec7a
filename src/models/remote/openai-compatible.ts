import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { pictureTypes } from "#models/message-file.ts";
import { createMedia } from "#models/media/create-media.ts";
import type { Provider } from "#models/provider.ts";
import { createEmbedFetch, embed } from "#models/remote/embed.ts";
import { generate } from "#models/remote/generate.ts";
import { createModelFetch } from "#models/remote/model-fetch.ts";
import { listModels } from "#models/remote/model-list.ts";

export interface EndpointOptions {
  id: string;
  /** Up to and with `/v1`. */
  baseUrl: string;
  apiKey: string | null;
  label: string;
}

/** What OpenAI's chat completions have a form for. */
export const openAiAccepts = [...pictureTypes, "application/pdf", "audio/wav", "audio/mpeg", "audio/mp3"];

/** Any server that speaks OpenAI's chat completions, through the AI SDK. */
export function createOpenAiCompatibleProvider({ id, baseUrl, apiKey, label }: EndpointOptions): Provider {
  const wire = { name: id, baseURL: baseUrl, ...(apiKey === null ? {} : { apiKey }) };
  const client = createOpenAICompatible({
    ...wire,
    includeUsage: true,
    supportsStructuredOutputs: true,
    fetch: createModelFetch(id),
  });
  const embedder = createOpenAICompatible({ ...wire, fetch: createEmbedFetch(id) });
  const headers: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  return {
    id,
    label,
    models: (signal) => listModels({ id, url: `${baseUrl}/models`, headers }, signal),
    generate: (request, options) => generate({ id, model: client.chatModel(request.model) }, request, options),
    accepts: openAiAccepts,
    caching: "none",
    media: createMedia({ id, kind: "openai-compatible", baseUrl, apiKey }),
    embed: (texts, options) => embed({ id, model: embedder.embeddingModel(options.model) }, texts, options),
    close: async () => undefined,
  };
}
