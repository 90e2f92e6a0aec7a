import { join, resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import type { VariableReader } from "#config/reader.ts";
import type { Variable } from "#config/variable.ts";
import type { ModelSettings } from "#config/settings.ts";
import { media } from "#config/variables/media.ts";
import { models } from "#config/variables/models.ts";
import { providers } from "#config/variables/providers.ts";
import { server } from "#config/variables/server.ts";

type Endpoint = ModelSettings["endpoints"][number];

/** Where models come from: folders of GGUF files, and OpenAI-compatible servers by URL. */
export function modelSettings(
  read: VariableReader,
  { cwd, dataDir, delimiter }: { cwd: string; dataDir: string; delimiter: string },
): ModelSettings {
  const dirs = read.get(models.modelsDir);
  return {
    dirs:
      dirs === null
        ? [join(dataDir, "models")]
        : dirs
            .split(delimiter)
            .filter(Boolean)
            .map((dir) => resolve(cwd, dir)),
    defaultProvider: read.get(models.defaultProvider),
    defaultModel: read.get(models.defaultModel),
    embedding: embeddingRoute(read),
    media: mediaRoutes(read),
    endpoints: withoutTwice([...namedEndpoints(read), ...read.get(models.openaiEndpoints), ...clouds(read)]),
    probesServers: read.get(models.probeServers),
    quietMs: read.get(models.timeoutS) * 1000,
    localThreads: read.get(models.localThreads),
    local: localSettings(read, cwd),
    prices: read.get(models.prices),
    hub: { url: read.get(providers.hubUrl), token: read.get(providers.hubToken) },
    promptCache: promptCacheSettings(read, dataDir),
    cachesPrompts: read.get(models.promptCache),
    timeouts: {
      discoveryMs: read.get(models.discoveryTimeoutS) * 1000,
      listMs: read.get(models.modelsTimeoutS) * 1000,
      probeMs: read.get(models.probeTimeoutS) * 1000,
    },
    cacheDir: read.get(server.cacheDir),
  };
}

function promptCacheSettings(read: VariableReader, dataDir: string): ModelSettings["promptCache"] {
  const megabytes = read.get(models.promptCacheMb);
  if (megabytes === 0) return null;
  return {
    folder: join(dataDir, "prompt_cache"),
    exportFolder: join(dataDir, "prompt_cache_exports"),
    maxBytes: megabytes * 1_000_000,
  };
}

function embeddingRoute(read: VariableReader): ModelSettings["embedding"] {
  const provider = read.get(models.embeddingProvider);
  const model = read.get(models.embeddingModel);
  if (provider === null && model === null) return null;
  if (model === null)
    throw new AppError("invalid_request", "ABSTRACTGATEWAY_EMBEDDING_PROVIDER needs …_EMBEDDING_MODEL");
  return { provider: provider ?? "local", model };
}

function mediaRoutes(read: VariableReader): ModelSettings["media"] {
  const image = read.get(media.imageModel);
  const video = read.get(media.videoModel);
  const routes = {
    tts: read.get(media.speechModel),
    stt: read.get(media.transcriptionModel),
    text_to_image: image,
    image_to_image: read.get(media.imageEditModel) ?? image,
    image_upscale: read.get(media.upscaleModel),
    text_to_video: video,
    image_to_video: video,
    text_to_music: read.get(media.musicModel),
  };
  return Object.fromEntries(Object.entries(routes).filter(([, route]) => route !== null));
}

function localSettings(read: VariableReader, cwd: string): ModelSettings["local"] {
  const megabytes = read.get(models.localMemoryMb);
  const llamaDir = read.get(models.llamaDir);
  return {
    memoryBytes: megabytes === 0 ? null : megabytes * 1_000_000,
    maxContextTokens: read.get(models.localContextTokens),
    idleMs: read.get(models.localIdleS) * 1000,
    gpu: read.get(models.localGpu),
    llamaDir: llamaDir === null ? null : resolve(cwd, llamaDir),
  };
}

function namedEndpoints(read: VariableReader): Endpoint[] {
  const { openaiUrl, openaiKey, lmstudioUrl, lmstudioKey, ollamaUrl, ollamaKey } = providers;
  const known = [
    { id: "openai-compatible", label: "OpenAI-compatible server", url: openaiUrl, key: openaiKey },
    { id: "lmstudio", label: "LM Studio", url: lmstudioUrl, key: lmstudioKey },
    { id: "ollama", label: "Ollama", url: ollamaUrl, key: ollamaKey },
  ];
  return known.flatMap(({ id, label, url, key }) => {
    const baseUrl = read.get(url);
    return baseUrl === null ? [] : [{ id, label, kind: "openai-compatible", baseUrl, apiKey: read.get(key) }];
  });
}

interface Cloud {
  id: string;
  label: string;
  kind: Endpoint["kind"];
  baseUrl: string | Variable<string>;
  key: Variable<string | null>;
}

/** A key in the environment is all that a cloud needs to be there. */
function clouds(read: VariableReader): Endpoint[] {
  // With a base URL this key belongs to that server, above.
  const own = read.get(providers.openaiUrl) === null ? [openai] : [];
  return [...own, ...azure(read), ...otherClouds].flatMap(({ id, label, kind, baseUrl, key }) => {
    const apiKey = read.get(key);
    const url = typeof baseUrl === "string" ? baseUrl : read.get(baseUrl);
    return apiKey === null ? [] : [{ id, label, kind, apiKey, baseUrl: url }];
  });
}

/** Azure's own address for OpenAI's API, by the name of the resource or the address of its endpoint. */
function azure(read: VariableReader): Cloud[] {
  const endpoint = read.get(providers.azureEndpoint);
  const resource = read.get(providers.azureResource);
  if (endpoint === null && resource === null) return [];
  const root = endpoint ?? `https://${resource}.openai.azure.com`;
  const baseUrl = root.endsWith("/v1") ? root : `${root}/openai/v1`;
  return [{ id: "azure", label: "Azure OpenAI", kind: "openai", baseUrl, key: providers.azureKey }];
}

const openai: Cloud = {
  id: "openai",
  label: "OpenAI",
  kind: "openai",
  baseUrl: "https://api.openai.com/v1",
  key: providers.openaiKey,
};

const otherClouds: Cloud[] = [
  {
    id: "anthropic",
    label: "Anthropic",
    kind: "anthropic",
    baseUrl: providers.anthropicUrl,
    key: providers.anthropicKey,
  },
  {
    id: "google",
    label: "Google Gemini",
    kind: "google",
    baseUrl: providers.googleUrl,
    key: providers.googleKey,
  },
  {
    id: "elevenlabs",
    label: "ElevenLabs",
    kind: "elevenlabs",
    baseUrl: providers.elevenlabsUrl,
    key: providers.elevenlabsKey,
  },
  {
    id: "mistral",
    label: "Mistral",
    kind: "openai-compatible",
    baseUrl: providers.mistralUrl,
    key: providers.mistralKey,
  },
  {
    id: "openrouter",
    label: "OpenRouter",
    kind: "openai-compatible",
    baseUrl: providers.openrouterUrl,
    key: providers.openrouterKey,
  },
];

/** Whoever lists an endpoint by name means that one. */
function withoutTwice(endpoints: Endpoint[]): Endpoint[] {
  return endpoints.filter(({ id }, index) => endpoints.findIndex((each) => each.id === id) === index);
}
