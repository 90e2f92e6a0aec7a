import { basename } from "node:path";
import { readData } from "#models/answer-data.ts";
import { InferenceHost } from "#models/local/host.ts";
import { describeModel, findModel, listModelFiles } from "#models/local/model-files.ts";
import { type WorkerSettings, workerDefaults } from "#models/local/protocol.ts";
import type { LoadedModel, Provider, Residency } from "#models/provider.ts";

export interface LocalProviderOptions extends Partial<WorkerSettings> {
  /** Folders of GGUF files. */
  folders: string[];
  command: string[];
}

/** llama.cpp in a process of its own. Listing models touches no native code. */
export function createLocalProvider({ folders, command, ...settings }: LocalProviderOptions): Provider {
  const inference = new InferenceHost({ command, settings: { ...workerDefaults, ...settings } });
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

function named(model: LoadedModel): LoadedModel & { model: string } {
  return { ...model, model: basename(model.path, ".gguf").replace(/-00001-of-\d{5}$/, "") };
}
