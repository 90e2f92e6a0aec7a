import { messageOf } from "#core/errors.ts";
import { type MediaTask, mediaRouteKeys, mediaTasks } from "#core/media.ts";
import type { JsonObject } from "#core/value.ts";
import type { DefaultsBook, OtherDefault } from "#models/config/capability-defaults.ts";
import type { ProviderRegistry } from "#models/provider.ts";

export interface DefaultsContext {
  settings: {
    defaultProvider: string | null;
    defaultModel: string | null;
    embedding: object | null;
    media: Partial<Record<MediaTask, object>>;
  };
  signal: AbortSignal;
}

const lookMs = 3000;

/** What is used where nobody names a model, and why (contract http-api 1.22). */
export async function capabilityDefaultsRecord(
  defaults: DefaultsBook,
  providers: ProviderRegistry,
  { settings, signal }: DefaultsContext,
): Promise<JsonObject> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
  const errors: string[] = [];
  const found = async (route: Promise<{ provider: string; model: string } | null>, isGiven: boolean) => {
    try {
      const pair = await route;
      return pair && { ...pair, source: isGiven ? ("environment" as const) : ("discovered" as const) };
    } catch (error) {
      errors.push(messageOf(error));
      return null;
    }
  };
  const others: Record<string, OtherDefault | undefined> = {
    "input.text": (await found(providers.defaultRoute(patience), settings.defaultProvider !== null)) ?? undefined,
    "embedding.text": (await found(providers.embeddingRoute(patience), settings.embedding !== null)) ?? undefined,
  };
  for (const task of mediaTasks) {
    const key = mediaRouteKeys[task];
    const route = defaults.get(key) === null ? providers.mediaRoute(task) : null;
    const source = settings.media[task] ? ("environment" as const) : ("discovered" as const);
    if (route) others[key] = { provider: route.provider, model: route.model, source };
  }
  const routes = defaults.list(others);
  for (const { key, provider } of routes) {
    if (provider !== null && !providers.get(provider.toLowerCase())) {
      errors.push(`${key}: provider '${provider}' is not configured`);
    }
  }
  return {
    ok: true,
    version: 1,
    authority: "abstractgateway",
    writable: true,
    source: "abstractgateway.defaults",
    config_file: "config/capability-defaults.json",
    routes: routes.map((route) => ({ ...route })),
    errors,
  };
}
