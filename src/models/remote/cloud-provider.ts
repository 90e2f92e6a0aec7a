import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import type { LanguageModel } from "ai";
import type { Provider } from "#models/provider.ts";
import { generate } from "#models/remote/generate.ts";
import { type ModelListRequest, listModels } from "#models/remote/model-list.ts";

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
  list: Omit<ModelListRequest, "id">;
}

const wires: Record<CloudKind, (baseUrl: string, apiKey: string) => Wire> = {
  openai: (baseURL, apiKey) => ({
    model: createOpenAI({ baseURL, apiKey }).chat,
    list: { url: `${baseURL}/models`, headers: { authorization: `Bearer ${apiKey}` } },
  }),
  anthropic: (baseURL, apiKey) => ({
    model: createAnthropic({ baseURL, apiKey }),
    list: { url: `${baseURL}/models?limit=1000`, headers: { "x-api-key": apiKey, "anthropic-version": "2023-06-01" } },
  }),
  google: (baseURL, apiKey) => ({
    model: createGoogle({ baseURL, apiKey }),
    list: { url: `${baseURL}/models?pageSize=1000`, headers: { "x-goog-api-key": apiKey } },
  }),
};

/** A cloud with a key, through its own package of the AI SDK. */
export function createCloudProvider({ id, kind, baseUrl, apiKey, label }: CloudOptions): Provider {
  const wire = wires[kind](baseUrl, apiKey);
  return {
    id,
    label,
    models: (signal) => listModels({ id, ...wire.list }, signal),
    generate: (request, options) => generate(wire.model(request.model), request, options),
    close: async () => undefined,
  };
}
