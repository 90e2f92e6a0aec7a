import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { Provider } from "#models/provider.ts";
import { createEmbedFetch, embed } from "#models/remote/embed.ts";
import { generate } from "#models/remote/generate.ts";
import { createModelFetch } from "#models/remote/model-fetch.ts";

/** Calls of a server that speaks OpenAI's chat completions. Loads the AI SDK, so it is imported when there is a call. */
export function openAiCompatibleCalls(options: {
  id: string;
  baseUrl: string;
  apiKey: string | null;
}): Required<Pick<Provider, "generate" | "embed">> {
  const { id, baseUrl, apiKey } = options;
  const wire = { name: id, baseURL: baseUrl, ...(apiKey === null ? {} : { apiKey }) };
  const client = createOpenAICompatible({
    ...wire,
    includeUsage: true,
    supportsStructuredOutputs: true,
    fetch: createModelFetch(id),
  });
  const embedder = createOpenAICompatible({ ...wire, fetch: createEmbedFetch(id) });
  return {
    generate: (request, asked) => generate({ id, model: client.chatModel(request.model) }, request, asked),
    embed: (texts, asked) => embed({ id, model: embedder.embeddingModel(asked.model) }, texts, asked),
  };
}
