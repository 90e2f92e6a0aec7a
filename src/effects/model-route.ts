import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { Provider, ProviderRegistry } from "#models/provider.ts";
import { unknownProvider } from "#models/unknown-provider.ts";

export type Route = { provider: Provider; model: string } | { error: string };

/** The payload's pair, else the run's (`_runtime`), else the gateway's default. */
export async function chooseRoute(
  providers: ProviderRegistry,
  payload: JsonObject,
  context: EffectContext,
): Promise<Route> {
  const runtime = isObject(context.vars["_runtime"]) ? context.vars["_runtime"] : {};
  const named = pair(payload) ?? pair(runtime) ?? (await providers.defaultRoute(context.signal));
  if (!named) {
    return { error: "No model is configured: name a provider and a model, or put a .gguf file into the models folder" };
  }
  const provider = providers.get(named.provider.toLowerCase());
  if (provider) return { provider, model: named.model };
  return { error: unknownProvider(providers, named.provider) };
}

function pair(from: JsonObject): { provider: string; model: string } | null {
  const { provider, model } = from;
  const isDefault = (value: Value | undefined) =>
    typeof value !== "string" || /^(|default|__default__|__abstractcore_default__|abstractcore\.default)$/.test(value);
  return isDefault(provider) || isDefault(model) ? null : { provider: provider as string, model: model as string };
}
