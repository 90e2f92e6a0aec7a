import { createLocalProvider } from "#models/local/provider.ts";
import type { Provider, ProviderRegistry } from "#models/provider.ts";
import { createOpenAiCompatibleProvider } from "#models/remote/openai-compatible.ts";

export interface RegistrySettings {
  dirs: string[];
  defaultProvider: string | null;
  defaultModel: string | null;
  endpoints: { id: string; baseUrl: string; apiKey: string | null; label: string }[];
  localThreads: number | null;
  cacheDir: string | null;
}

/** A server that does not answer within this is not the default. */
const discoveryMs = 1500;

export function createProviderRegistry(
  settings: RegistrySettings,
  { inferenceCommand }: { inferenceCommand: string[] },
): ProviderRegistry {
  const { dirs, localThreads, cacheDir, endpoints } = settings;
  const providers: Provider[] = [
    createLocalProvider({ folders: dirs, command: inferenceCommand, threads: localThreads, cacheDir }),
    ...endpoints.map(createOpenAiCompatibleProvider),
  ];
  return {
    list: () => providers,
    get: (id) => providers.find((provider) => provider.id === id) ?? null,
    async defaultRoute(signal) {
      const { defaultProvider, defaultModel } = settings;
      if (defaultProvider && defaultModel) return { provider: defaultProvider, model: defaultModel };
      for (const provider of providers) {
        const model = await firstModel(provider, signal);
        if (model) return { provider: provider.id, model: defaultModel ?? model };
      }
      return null;
    },
    async close() {
      await Promise.all(providers.map((provider) => provider.close()));
    },
  };
}

async function firstModel(provider: Provider, signal: AbortSignal): Promise<string | null> {
  try {
    const models = await provider.models(AbortSignal.any([signal, AbortSignal.timeout(discoveryMs)]));
    return models[0]?.id ?? null;
  } catch {
    return null;
  }
}
