import { basename } from "node:path";
import { readData } from "#models/answer-data.ts";
import { PrefixStore } from "#models/local/cache/prefix-store.ts";
import { InferenceHost } from "#models/local/host.ts";
import { expectedCompute } from "#models/local/llama-kinds.ts";
import { describeModel, findModel, listModelFiles } from "#models/local/model-files.ts";
import { type WorkerSettings, workerDefaults } from "#models/local/protocol.ts";
import type { CacheOptions, CachedPrefix, PromptCache } from "#models/prompt-cache.ts";
import type { LoadedModel, Provider, Residency } from "#models/provider.ts";

export interface LocalProviderOptions extends Partial<WorkerSettings> {
  /** Folders of GGUF files. */
  folders: string[];
  command: string[];
}

/** llama.cpp in a process of its own. Listing models touches no native code. */
export function createLocalProvider({ folders, command, ...settings }: LocalProviderOptions): Provider {
  const inference = new InferenceHost({ command, settings: { ...workerDefaults, ...settings } });
  const prefixes = settings.prefixes ?? null;
  return {
    id: "local",
    label: "llama.cpp on this machine",
    async models() {
      const files = await listModelFiles(folders);
      return Promise.all([...files].map(([id, path]) => describeModel(id, path)));
    },
    async generate(request, { signal, onDelta }) {
      const modelPath = await findModel(request.model, folders);
      const asks = { modelPath, request, wantsDeltas: onDelta !== undefined };
      const result = await inference.ask("generate", asks, { signal, onDelta });
      return request.responseSchema ? { ...result, data: readData(result.content) } : result;
    },
    async embed(texts, { model, signal }) {
      const modelPath = await findModel(model, folders);
      const { vectors, inputTokens } = await inference.ask("embed", { modelPath, texts }, { signal });
      return { vectors, model, inputTokens };
    },
    residency: residencyOf(inference, folders),
    compute: () =>
      expectedCompute({
        cacheDir: settings.cacheDir ?? null,
        llamaDir: settings.llamaDir ?? null,
        gpu: settings.gpu ?? workerDefaults.gpu,
        env: {},
      }),
    // The library has no way to give a model pictures.
    accepts: [],
    caching: prefixes ? "local_control_plane" : "none",
    ...(prefixes
      ? { promptCache: promptCacheOf(inference, folders, new PrefixStore({ ...prefixes, now: Date.now })) }
      : {}),
    close: () => inference.close(),
  };
}

function residencyOf(inference: InferenceHost, folders: string[]): Residency {
  return {
    async loaded(signal) {
      if (inference.pid === null) return [];
      return (await inference.ask("loaded", {}, { signal })).map(named);
    },
    async load(model, { pin, signal }) {
      const modelPath = await findModel(model, folders);
      return named(await inference.ask("load", { modelPath, pin }, { signal }));
    },
    async unload(model, signal) {
      const modelPath = await findModel(model, folders);
      if (inference.pid === null) return null;
      const gone = await inference.ask("unload", { modelPath }, { signal });
      return gone && named(gone);
    },
  };
}

/** Files are handled here; only computing needs the process. */
function promptCacheOf(inference: InferenceHost, folders: string[], store: PrefixStore): PromptCache {
  const made = async (path: string, prefix: CachedPrefix, { makeDefault }: CacheOptions): Promise<CachedPrefix> => {
    if (makeDefault) await store.setDefault(path, prefix.key);
    return { ...prefix, isDefault: makeDefault || prefix.isDefault };
  };
  const pathOf = (model: string) => findModel(model, folders);
  return {
    list: async (model) => store.list(await pathOf(model)),
    async set(model, key, options) {
      const path = await pathOf(model);
      const known = (await store.list(path)).find((each) => each.key === key);
      const empty = { key, tokens: [], release: "", ttlMs: options.ttlMs };
      return made(path, known ?? (await store.put(path, empty, null)), options);
    },
    async build(model, key, content, options) {
      const modelPath = await pathOf(model);
      const { signal, ttlMs } = options;
      return made(modelPath, await inference.ask("prefix", { modelPath, key, content, ttlMs }, { signal }), options);
    },
    async fork(model, from, to, options) {
      const path = await pathOf(model);
      return made(path, await store.fork(path, from, to, options.ttlMs), options);
    },
    clear: async (model, key) => store.clear(await pathOf(model), key),
    exported: async (model) => store.exported(await pathOf(model)),
    export: async (model, name, key) => store.export(await pathOf(model), name, key),
    async import(model, name, key, options) {
      const path = await pathOf(model);
      return made(path, await store.import(path, name, key, options.ttlMs), options);
    },
  };
}

function named(model: LoadedModel): LoadedModel & { model: string } {
  return { ...model, model: basename(model.path, ".gguf").replace(/-00001-of-\d{5}$/, "") };
}
