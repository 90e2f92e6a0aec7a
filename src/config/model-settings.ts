import { join, resolve } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { type VariableReader, gateway } from "#config/reader.ts";
import type { ModelSettings } from "#config/settings.ts";

type Endpoint = ModelSettings["endpoints"][number];

/** Where models come from: folders of GGUF files, and OpenAI-compatible servers by URL. */
export function modelSettings(
  read: VariableReader,
  { cwd, dataDir, delimiter }: { cwd: string; dataDir: string; delimiter: string },
): ModelSettings {
  const dirs = read.text(...gateway("MODELS_DIR"));
  return {
    dirs:
      dirs === null
        ? [join(dataDir, "models")]
        : dirs
            .split(delimiter)
            .filter(Boolean)
            .map((dir) => resolve(cwd, dir)),
    defaultProvider: read.text(...gateway("DEFAULT_PROVIDER")),
    defaultModel: read.text(...gateway("DEFAULT_MODEL")),
    embedding: embeddingRoute(read),
    endpoints: withoutTwice([...namedEndpoints(read), ...listedEndpoints(read), ...clouds(read)]),
    probesServers: read.flag(true, ...gateway("PROBE_SERVERS")),
    localThreads:
      read.text(...gateway("LOCAL_THREADS")) === null
        ? null
        : read.number(1, { min: 1, max: 512 }, ...gateway("LOCAL_THREADS")),
    local: localSettings(read, cwd),
    prices: prices(read),
    hub: hubSettings(read),
    promptCache: promptCacheSettings(read, dataDir),
    cacheDir: read.text(...gateway("CACHE_DIR")),
  };
}

/** `{"openai/gpt-5": {"input": 1.25, "output": 10, "cachedInput": 0.125}}` */
function prices(read: VariableReader): ModelSettings["prices"] {
  const name = "ABSTRACTGATEWAY_MODEL_PRICES";
  const text = read.text(name);
  if (text === null) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_request", `${name} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("invalid_request", `${name} must be an object of prices by model`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([model, price]) => [model, readPrice(price, `${name}: ${model}`)]),
  );
}

function readPrice(value: unknown, where: string): ModelSettings["prices"][string] {
  const { input, output, cachedInput } = (typeof value === "object" && value ? value : {}) as Record<string, unknown>;
  const isPrice = (number: unknown): number is number => typeof number === "number" && number >= 0 && number < 1e6;
  if (!isPrice(input) || !isPrice(output) || (cachedInput !== undefined && !isPrice(cachedInput))) {
    throw new AppError(
      "invalid_request",
      `${where} needs input and output, and may have cachedInput: dollars for a million tokens`,
    );
  }
  return { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) };
}

function promptCacheSettings(read: VariableReader, dataDir: string): ModelSettings["promptCache"] {
  const megabytes = read.number(4096, { min: 0, max: 100_000_000 }, ...gateway("PROMPT_CACHE_MB"));
  if (megabytes === 0) return null;
  return {
    folder: join(dataDir, "prompt_cache"),
    exportFolder: join(dataDir, "prompt_cache_exports"),
    maxBytes: megabytes * 1_000_000,
  };
}

/** The names are those of the hub's own tools. */
function hubSettings(read: VariableReader): ModelSettings["hub"] {
  const url = read.text("HF_ENDPOINT");
  return {
    url: url === null ? "https://huggingface.co" : checkedUrl(url, "HF_ENDPOINT"),
    token: read.text("HF_TOKEN"),
  };
}

function embeddingRoute(read: VariableReader): ModelSettings["embedding"] {
  const provider = read.text(...gateway("EMBEDDING_PROVIDER"));
  const model = read.text(...gateway("EMBEDDING_MODEL"));
  if (provider === null && model === null) return null;
  if (model === null)
    throw new AppError("invalid_request", "ABSTRACTGATEWAY_EMBEDDING_PROVIDER needs …_EMBEDDING_MODEL");
  return { provider: provider ?? "local", model };
}

function localSettings(read: VariableReader, cwd: string): ModelSettings["local"] {
  const megabytes = read.number(0, { min: 0, max: 100_000_000 }, ...gateway("LOCAL_MEMORY_MB"));
  const llamaDir = read.text(...gateway("LLAMA_DIR"));
  return {
    memoryBytes: megabytes === 0 ? null : megabytes * 1_000_000,
    maxContextTokens: read.number(8192, { min: 256, max: 10_000_000 }, ...gateway("LOCAL_CONTEXT_TOKENS")),
    idleMs: read.number(900, { min: 0, max: 10_000_000, whole: false }, ...gateway("LOCAL_IDLE_S")) * 1000,
    gpu: read.choice("auto", gpus, ...gateway("LOCAL_GPU")),
    llamaDir: llamaDir === null ? null : resolve(cwd, llamaDir),
  };
}

const gpus = {
  allowed: ["auto", "off", "cuda", "vulkan", "metal"],
  aliases: { "0": "off", false: "off", none: "off", cpu: "off", "1": "auto", true: "auto" },
} as const;

function namedEndpoints(read: VariableReader): Endpoint[] {
  const known = [
    { id: "openai-compatible", label: "OpenAI-compatible server", url: "OPENAI_BASE_URL", key: "OPENAI_API_KEY" },
    { id: "lmstudio", label: "LM Studio", url: "LMSTUDIO_BASE_URL", key: "LMSTUDIO_API_KEY" },
    { id: "ollama", label: "Ollama", url: "OLLAMA_BASE_URL", key: "OLLAMA_API_KEY" },
  ];
  return known.flatMap(({ id, label, url, key }) => {
    const baseUrl = read.text(url);
    if (baseUrl === null) return [];
    return [{ id, label, kind: "openai-compatible", baseUrl: checkedUrl(baseUrl, url), apiKey: read.text(key) }];
  });
}

interface Cloud {
  id: string;
  label: string;
  kind: Endpoint["kind"];
  baseUrl: string;
  url: string | null;
  keys: string[];
}

/** A key in the environment is all that a cloud needs to be there. */
function clouds(read: VariableReader): Endpoint[] {
  // With a base URL this key belongs to that server, above.
  const openai: Cloud[] =
    read.text("OPENAI_BASE_URL") === null
      ? [
          {
            id: "openai",
            label: "OpenAI",
            kind: "openai",
            baseUrl: "https://api.openai.com/v1",
            url: null,
            keys: ["OPENAI_API_KEY"],
          },
        ]
      : [];
  return [...openai, ...azure(read), ...otherClouds].flatMap(({ id, label, kind, baseUrl, url, keys }) => {
    const apiKey = keys.map((key) => read.text(key)).find((key) => key !== null);
    const given = url === null ? null : read.text(url);
    if (apiKey === undefined || apiKey === null) return [];
    return [{ id, label, kind, apiKey, baseUrl: given === null || url === null ? baseUrl : checkedUrl(given, url) }];
  });
}

/** Azure's own address for OpenAI's API, by the name of the resource or the address of its endpoint. */
function azure(read: VariableReader): Cloud[] {
  const endpoint = read.text("AZURE_OPENAI_ENDPOINT");
  const resource = read.text("AZURE_RESOURCE_NAME");
  if (endpoint === null && resource === null) return [];
  const root =
    endpoint === null ? `https://${resource}.openai.azure.com` : checkedUrl(endpoint, "AZURE_OPENAI_ENDPOINT");
  const baseUrl = root.endsWith("/v1") ? root : `${root}/openai/v1`;
  const keys = ["AZURE_OPENAI_API_KEY", "AZURE_API_KEY"];
  return [{ id: "azure", label: "Azure OpenAI", kind: "openai", baseUrl, url: null, keys }];
}

const otherClouds: Cloud[] = [
  {
    id: "anthropic",
    label: "Anthropic",
    kind: "anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    url: "ANTHROPIC_BASE_URL",
    keys: ["ANTHROPIC_API_KEY"],
  },
  {
    id: "google",
    label: "Google Gemini",
    kind: "google",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    url: "GOOGLE_GENERATIVE_AI_BASE_URL",
    keys: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"],
  },
  {
    id: "mistral",
    label: "Mistral",
    kind: "openai-compatible",
    baseUrl: "https://api.mistral.ai/v1",
    url: "MISTRAL_BASE_URL",
    keys: ["MISTRAL_API_KEY"],
  },
  {
    id: "openrouter",
    label: "OpenRouter",
    kind: "openai-compatible",
    baseUrl: "https://openrouter.ai/api/v1",
    url: "OPENROUTER_BASE_URL",
    keys: ["OPENROUTER_API_KEY"],
  },
];

/** Whoever lists an endpoint by name means that one. */
function withoutTwice(endpoints: Endpoint[]): Endpoint[] {
  return endpoints.filter(({ id }, index) => endpoints.findIndex((each) => each.id === id) === index);
}

/** `[{"id":"lab","baseUrl":"http://…/v1","apiKey":"…","label":"…"}]` */
function listedEndpoints(read: VariableReader): Endpoint[] {
  const name = "ABSTRACTGATEWAY_OPENAI_ENDPOINTS";
  const text = read.text(name);
  if (text === null) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_request", `${name} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!Array.isArray(list)) throw new AppError("invalid_request", `${name} must be a list`);
  const endpoints = list.map((each: unknown, index) => readEndpoint(each, `${name}[${index}]`));
  const ids = endpoints.map((endpoint) => endpoint.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new AppError("invalid_request", `${name}: the id '${twice}' is there twice`);
  return endpoints;
}

function readEndpoint(value: unknown, where: string): Endpoint {
  if (typeof value !== "object" || value === null) throw new AppError("invalid_request", `${where} must be an object`);
  const { id, baseUrl, apiKey, label } = value as Record<string, unknown>;
  if (typeof id !== "string" || !/^[a-z0-9._-]+$/.test(id)) {
    throw new AppError("invalid_request", `${where}.id must be a short lower-case name`);
  }
  return {
    id,
    kind: "openai-compatible",
    baseUrl: checkedUrl(typeof baseUrl === "string" ? baseUrl : "", `${where}.baseUrl`),
    apiKey: typeof apiKey === "string" && apiKey !== "" ? apiKey : null,
    label: typeof label === "string" ? label : id,
  };
}

function checkedUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, "");
  throw new AppError("invalid_request", `${name} must be an http or https address, not '${text}'`);
}
