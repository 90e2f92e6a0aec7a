import type { ModelList, ProviderList, ToolList } from "#http/schemas/discovery.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type ProviderItem = (typeof ProviderList)["static"]["items"][number];
export type ModelCatalog = (typeof ModelList)["static"];

/** Where models and tools come from. */
export interface DiscoveryCalls {
  providers(): Promise<(typeof ProviderList)["static"]>;
  /** With the reason when the provider does not answer. */
  models(provider: string): Promise<ModelCatalog>;
  tools(): Promise<(typeof ToolList)["static"]>;
}

export function discoveryCalls(send: Send): DiscoveryCalls {
  const path = `${base}/discovery`;
  return {
    providers: async () => readPlainJson(await send(`${path}/providers`, { query: { include_models: false } })),
    models: async (provider) => readPlainJson(await send(`${path}/providers/${encodeURIComponent(provider)}/models`)),
    tools: async () => readPlainJson(await send(`${path}/tools`)),
  };
}
