import { createHash } from "node:crypto";
import { AppError } from "#core/errors.ts";
import type { CachedPrefix, ExportedPrefix, PromptCache } from "#models/prompt-cache.ts";
import type { Provider } from "#models/provider.ts";

/**
 * The same providers, whose prompt caches have names of their own for one owner: nobody finds, uses, replaces or clears those of another.
 * A cache is never the default here, since the default is that of a model and so of everybody. Each provider has one, so that it can be
 * compared.
 */
export function withOwnCaches(owner: string): (provider: Provider) => Provider {
  const prefix = `${createHash("sha256").update(owner).digest("hex").slice(0, 16)}-`;
  const known = new WeakMap<Provider, Provider>();
  return (provider) => {
    const wrapped = known.get(provider) ?? ownCaches(provider, prefix);
    known.set(provider, wrapped);
    return wrapped;
  };
}

function ownCaches(provider: Provider, prefix: string): Provider {
  const { promptCache } = provider;
  return {
    ...provider,
    async generate(request, options) {
      const { cacheKey } = request;
      if (cacheKey === undefined) return provider.generate(request, options);
      const result = await provider.generate({ ...request, cacheKey: prefix + cacheKey }, options);
      return result.cache?.key ? { ...result, cache: { ...result.cache, key: cacheKey } } : result;
    },
    ...(promptCache ? { promptCache: ownPromptCache(promptCache, prefix) } : {}),
  };
}

function ownPromptCache(cache: PromptCache, prefix: string): PromptCache {
  const outward = (each: CachedPrefix) => ({ ...each, key: each.key.slice(prefix.length), isDefault: false });
  const named = (each: ExportedPrefix) => ({ ...each, name: each.name.slice(prefix.length) });
  const own = (name: string) => {
    if (name.trim() === "") throw new AppError("invalid_request", "The name of a prompt cache is empty");
    return prefix + name;
  };
  const list = async (model: string) =>
    (await cache.list(model)).filter(({ key }) => key.startsWith(prefix)).map(outward);
  return {
    list,
    set: async (model, key, options) => outward(await cache.set(model, own(key), { ...options, makeDefault: false })),
    build: async (model, key, content, options) =>
      outward(await cache.build(model, own(key), content, { ...options, makeDefault: false })),
    fork: async (model, from, to, options) =>
      outward(await cache.fork(model, own(from), own(to), { ...options, makeDefault: false })),
    async clear(model, key) {
      if (key !== null) return cache.clear(model, own(key));
      let cleared = 0;
      for (const each of await list(model)) cleared += await cache.clear(model, own(each.key));
      return cleared;
    },
    exported: async (model) => (await cache.exported(model)).filter(({ name }) => name.startsWith(prefix)).map(named),
    export: async (model, name, key) => named(await cache.export(model, own(name), own(key))),
    import: async (model, name, key, options) =>
      outward(await cache.import(model, own(name), own(key), { ...options, makeDefault: false })),
  };
}
