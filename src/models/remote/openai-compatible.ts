import { pictureTypes } from "#models/message-file.ts";
import { createMedia } from "#models/media/create-media.ts";
import type { Provider } from "#models/provider.ts";
import { loadedOnce } from "#models/remote/loaded-once.ts";
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
  const calls = loadedOnce(async () =>
    (await import("#models/remote/openai-compatible-calls.ts")).openAiCompatibleCalls({ id, baseUrl, apiKey }),
  );
  const headers: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  return {
    id,
    label,
    models: (signal) => listModels({ id, url: `${baseUrl}/models`, headers }, signal),
    generate: async (request, options) => (await calls()).generate(request, options),
    accepts: openAiAccepts,
    caching: "none",
    media: createMedia({ id, kind: "openai-compatible", baseUrl, apiKey }),
    embed: async (texts, options) => (await calls()).embed(texts, options),
    close: async () => undefined,
  };
}
