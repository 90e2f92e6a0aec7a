import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { type Bloc, type LoadedName, blocKey, blocMessage, keysOf } from "#models/blocs/bloc.ts";
import type { Blocs } from "#models/blocs/bloc-store.ts";
import { prefixRecord } from "#models/cache-operations.ts";
import type { CachedPrefix, PromptCache } from "#models/prompt-cache.ts";
import type { Provider, ProviderRegistry } from "#models/provider.ts";
import { unknownProvider } from "#models/unknown-provider.ts";

/** A model that keeps saved states. */
export interface Target {
  provider: Provider;
  model: string;
  cache: PromptCache;
}

/** The saved state of a bloc with one model. */
export interface BlocState extends Target {
  bloc: Bloc;
  prefix: CachedPrefix;
}

/** AppErrors: `unavailable` for an unknown provider, `unsupported` for one without states that can be named, `invalid_request`. */
export function targetOf(
  registry: ProviderRegistry,
  named: { provider?: string | null; model?: string | null },
): Target {
  const id = (named.provider ?? "").trim().toLowerCase();
  const model = (named.model ?? "").trim();
  if (id === "" || model === "") throw new AppError("invalid_request", "provider and model are required");
  const provider = registry.get(id);
  if (!provider) throw new AppError("unavailable", unknownProvider(registry, id));
  if (!provider.promptCache) {
    throw new AppError("unsupported", `${provider.label} keeps no states that can be saved: only local models do`);
  }
  return { provider, model, cache: provider.promptCache };
}

/** The named model, or all models of all providers that keep states. */
export async function targetsOf(
  registry: ProviderRegistry,
  named: { provider?: string | null; model?: string | null },
  signal: AbortSignal,
): Promise<Target[]> {
  if (named.model) return [targetOf(registry, named)];
  const wanted = named.provider?.trim().toLowerCase();
  const targets: Target[] = [];
  for (const provider of registry.list()) {
    const cache = provider.promptCache;
    if (!cache || (wanted && provider.id !== wanted)) continue;
    for (const { id } of await provider.models(signal)) targets.push({ provider, model: id, cache });
  }
  return targets;
}

/** Those that are there, of these blocs with these models. */
export async function statesOf(blocs: Bloc[], targets: Target[]): Promise<BlocState[]> {
  const states: BlocState[] = [];
  for (const target of targets) {
    const prefixes = new Map((await target.cache.list(target.model)).map((prefix) => [prefix.key, prefix]));
    for (const bloc of blocs) {
      const prefix = prefixes.get(blocKey(bloc));
      if (prefix && prefix.tokens > 0) states.push({ ...target, bloc, prefix });
    }
  }
  return states;
}

/** Computes the state, unless it is there. */
export async function ensureState(
  { blocs, bloc, target, isForced }: { blocs: Blocs; bloc: Bloc; target: Target; isForced: boolean },
  signal: AbortSignal,
): Promise<{ state: BlocState; built: boolean }> {
  const [known] = isForced ? [] : await statesOf([bloc], [target]);
  if (known) return { state: known, built: false };
  const content = { messages: [blocMessage(bloc, await blocs.content(bloc))], tools: [] };
  const options = { makeDefault: false, ttlMs: null, signal };
  const prefix = await target.cache.build(target.model, blocKey(bloc), content, options);
  return { state: { ...target, bloc, prefix }, built: true };
}

/** What a run's input takes as `prompt_cache_binding`. */
export function bindingOf({ bloc, provider, model }: BlocState, key: string): JsonObject {
  const { bloc_id, sha256, content_sha256 } = bloc;
  return { kind: "bloc", key, provider: provider.id, model, bloc_id, sha256, content_sha256 };
}

export function stateRecord({ bloc, provider, model, prefix }: BlocState): JsonObject {
  const { bloc_id, sha256, content_sha256 } = bloc;
  // Clients hand the path back to name the state again; where it lies on this machine is nobody's business.
  const names = { provider: provider.id, model, artifact_path: prefix.key };
  return { bloc_id, sha256, content_sha256, ...names, ...prefixRecord(prefix) };
}

/** Removes the state, and with `copies` what it was loaded as. */
export async function deleteState(
  { bloc, cache, model, provider, prefix }: BlocState,
  copies: boolean,
): Promise<LoadedName[]> {
  await cache.clear(model, prefix.key);
  const own = bloc.loaded.filter((each) => each.provider === provider.id && each.model === model);
  if (!copies) return bloc.loaded;
  for (const { key } of own) await cache.clear(model, key);
  return bloc.loaded.filter((each) => !own.includes(each));
}

/** States of texts that no bloc holds any more. */
export async function orphansOf(blocs: Blocs, targets: Target[]): Promise<{ target: Target; prefix: CachedPrefix }[]> {
  const known = new Set((await blocs.list()).map(blocKey));
  const own = keysOf(blocs.runtimeId);
  const orphans: { target: Target; prefix: CachedPrefix }[] = [];
  for (const target of targets) {
    for (const prefix of await target.cache.list(target.model)) {
      if (prefix.key.startsWith(own) && !known.has(prefix.key)) orphans.push({ target, prefix });
    }
  }
  return orphans;
}
