import { readData } from "#models/answer-data.ts";
import { InferenceHost } from "#models/local/host.ts";
import { describeModel, findModel, listModelFiles } from "#models/local/model-files.ts";
import type { Provider } from "#models/provider.ts";

export interface LocalProviderOptions {
  /** Folders of GGUF files. */
  folders: string[];
  command: string[];
  threads: number | null;
  cacheDir: string | null;
}

/** llama.cpp in a process of its own. Listing models touches no native code. */
export function createLocalProvider({ folders, ...host }: LocalProviderOptions): Provider {
  const inference = new InferenceHost(host);
  return {
    id: "local",
    label: "llama.cpp on this machine",
    async models() {
      const files = await listModelFiles(folders);
      return Promise.all([...files].map(([id, path]) => describeModel(id, path)));
    },
    async generate(request, options) {
      const result = await inference.generate(await findModel(request.model, folders), request, options);
      return request.responseSchema ? { ...result, data: readData(result.content) } : result;
    },
    close: () => inference.close(),
  };
}
