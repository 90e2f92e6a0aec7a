import { createHash } from "node:crypto";
import { AppError, messageOf } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { readMessage, readTools, textOf } from "#models/conversation.ts";
import type { CachedPrefix, ExportedPrefix, PrefixContent, PromptCache } from "#models/prompt-cache.ts";
import type { Provider, ProviderRegistry } from "#models/provider.ts";

/** What a client may ask of the caches of one model (contract http-api 1.17). Names are those of the wire. */
export interface CacheRequest {
  provider: string;
  model: string;
  key?: string | null | undefined;
  from_key?: string;
  to_key?: string;
  name?: string;
  namespace?: string;
  make_default?: boolean;
  ttl_s?: number | null | undefined;
  clear_existing?: boolean;
  prompt?: string | null | undefined;
  system_prompt?: string | null | undefined;
  messages?: Value;
  tools?: Value;
  modules?: Value;
  version?: number;
}

export const cacheOperations = [
  "capabilities",
  "stats",
  "saved",
  "set",
  "update",
  "fork",
  "clear",
  "prepare_modules",
  "save",
  "load",
] as const;
export type CacheOperation = (typeof cacheOperations)[number];

type Work = (cache: PromptCache, request: CacheRequest, signal: AbortSignal) => Promise<JsonObject>;

/** Carries out one operation. What goes wrong is part of the answer: `ok: false` with `code` and `error`. */
export async function operateCache(
  registry: ProviderRegistry,
  operation: CacheOperation,
  request: CacheRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const provider = registry.get(request.provider.trim().toLowerCase());
  const capabilities = cacheCapabilities(provider);
  const envelope = { operation, capabilities, source: "abstractgateway.models", route_available: true };
  if (!provider) {
    const error = `Provider '${request.provider}' is not configured`;
    return { supported: false, ok: false, ...envelope, code: "prompt_cache_unavailable", error };
  }
  if (operation === "capabilities") return { supported: provider.caching !== "none", ok: true, ...envelope };
  if (!provider.promptCache) {
    const error =
      provider.caching === "keyed"
        ? `${provider.label} keeps its cache itself and only takes a key with each call`
        : `${provider.label} has no prompt caches that can be named`;
    return { supported: false, ok: false, ...envelope, code: "prompt_cache_unsupported", error };
  }
  try {
    const made = await works[operation](provider.promptCache, request, signal);
    return { supported: true, ok: true, ...envelope, ...made };
  } catch (error) {
    if (signal.aborted) throw error;
    const isMissing = error instanceof AppError && error.code === "not_found";
    const code = isMissing ? "prompt_cache_not_found" : "prompt_cache_error";
    return { supported: true, ok: false, ...envelope, code, error: messageOf(error) };
  }
}

/** What can be done with the caches of a provider. */
export function cacheCapabilities(provider: Provider | null): JsonObject {
  const mode = provider?.caching ?? "none";
  if (mode === "none") return { supported: false, mode };
  const can = mode === "local_control_plane";
  const names = ["set", "clear", "update", "fork", "prepare_modules", "stats", "save", "load", "ttl"];
  return { supported: true, mode, ...Object.fromEntries(names.map((name) => [`supports_${name}`, can])) };
}

const works: Record<Exclude<CacheOperation, "capabilities">, Work> = {
  async stats(cache, { model }) {
    const caches = await cache.list(model);
    return {
      caches: caches.map(prefixRecord),
      count: caches.length,
      bytes: caches.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  },
  saved: async (cache, { model }) => ({ items: (await cache.exported(model)).map(exportRecord) }),
  set: async (cache, request) => ({
    cache: prefixRecord(await cache.set(request.model, keyOf(request), optionsOf(request))),
  }),
  async update(cache, request, signal) {
    const options = { ...optionsOf(request), signal };
    return {
      cache: prefixRecord(await cache.build(request.model, keyOf(request), contentOf([moduleOf(request)]), options)),
    };
  },
  async fork(cache, request) {
    const { model, from_key: from = "", to_key: to = "" } = request;
    return { cache: prefixRecord(await cache.fork(model, from, to, optionsOf(request))) };
  },
  clear: async (cache, { model, key }) => ({ cleared: await cache.clear(model, key ?? null) }),
  prepare_modules: prepareModules,
  async save(cache, { model, name = "", ...request }) {
    return { saved: exportRecord(await cache.export(model, name, keyOf(request))) };
  },
  async load(cache, request) {
    const { model, name = "", clear_existing: isCleared } = request;
    if (isCleared) await cache.clear(model, null);
    return { cache: prefixRecord(await cache.import(model, name, request.key || name, optionsOf(request))) };
  },
};

/** What all share comes first and gets a cache of its own, from which each session's goes on. */
async function prepareModules(cache: PromptCache, request: CacheRequest, signal: AbortSignal): Promise<JsonObject> {
  const modules = Array.isArray(request.modules) ? request.modules.filter(isObject) : [];
  if (modules.length === 0) throw new AppError("invalid_request", "modules is empty");
  const { model, namespace = "" } = request;
  if (namespace.trim() === "") throw new AppError("invalid_request", "namespace is empty");
  const shared = modules.filter(({ scope }) => scope !== "private");
  const steps = shared.length > 0 && shared.length < modules.length ? [shared, modules] : [modules];
  const caches: CachedPrefix[] = [];
  for (const step of steps) {
    const key = `${namespace}:${digestOf(step)}`;
    const isLast = step === modules;
    const options = { makeDefault: isLast && request.make_default === true, ttlMs: ttlOf(request), signal };
    const known = (await cache.list(model)).find((each) => each.key === key && each.tokens > 0);
    caches.push(known && !options.makeDefault ? known : await cache.build(model, key, contentOf(step), options));
  }
  return {
    final_cache_key: caches.at(-1)?.key ?? "",
    caches: caches.map(prefixRecord),
    modules: modules.map(({ module_id, scope }) => ({ module_id: module_id ?? null, scope: scope ?? "shared" })),
  };
}

function digestOf(modules: JsonObject[]): string {
  return createHash("sha256").update(JSON.stringify(modules)).digest("hex").slice(0, 24);
}

function moduleOf({ prompt, system_prompt, messages, tools }: CacheRequest): JsonObject {
  return {
    system_prompt: system_prompt ?? null,
    prompt: prompt ?? null,
    messages: messages ?? null,
    tools: tools ?? null,
  };
}

/** All texts make one system message, since a conversation has no more than one. */
function contentOf(modules: JsonObject[]): PrefixContent {
  const texts = modules.flatMap(({ system_prompt, prompt }) => [textOf(system_prompt), textOf(prompt)]);
  const system = texts.filter((text) => text !== "").join("\n\n");
  const messages = modules.flatMap(({ messages: given }) =>
    Array.isArray(given) ? given.filter(isObject).map(readMessage) : [],
  );
  const tools = modules.flatMap((each) => readTools(each["tools"]));
  if (system === "" && messages.length === 0 && tools.length === 0) {
    throw new AppError("invalid_request", "There is nothing to compute: give system_prompt, prompt, messages or tools");
  }
  return { messages: [...(system === "" ? [] : [{ role: "system" as const, content: system }]), ...messages], tools };
}

function keyOf({ key }: { key?: string | null | undefined }): string {
  return key ?? "";
}

function ttlOf({ ttl_s: seconds }: CacheRequest): number | null {
  return typeof seconds === "number" && seconds > 0 ? Math.round(seconds * 1000) : null;
}

function optionsOf(request: CacheRequest) {
  return { makeDefault: request.make_default === true, ttlMs: ttlOf(request) };
}

export function prefixRecord(prefix: CachedPrefix): JsonObject {
  const { key, tokens, bytes, createdAtMs, lastUsedAtMs, expiresAtMs, isDefault } = prefix;
  return {
    key,
    tokens,
    bytes,
    default: isDefault,
    created_at: new Date(createdAtMs).toISOString(),
    last_used_at: new Date(lastUsedAtMs).toISOString(),
    expires_at: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
  };
}

function exportRecord({ name, tokens, bytes, createdAtMs }: ExportedPrefix): JsonObject {
  return { name, tokens, bytes, created_at: new Date(createdAtMs).toISOString() };
}
