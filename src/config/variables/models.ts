import { choice, flag, gateway, number, optionalFlag, text, variable } from "#config/variable.ts";
import { readEndpoints, readPrices } from "#config/model-lists.ts";
import type { ModelSettings } from "#config/settings.ts";

/** Models in this process, and how calls are routed. */
export const models = {
  modelsDir: text(gateway("MODELS_DIR"), {
    shown: "<data>/models",
    meaning: "Folders, as in `PATH`; every `*.gguf` below is a model of the provider `local`",
  }),
  defaultProvider: text(gateway("DEFAULT_PROVIDER"), {
    shown: "the first that has a model",
    meaning: "Provider where a flow names none",
  }),
  defaultModel: text(gateway("DEFAULT_MODEL"), {
    shown: "its first model",
    meaning: "Model where a flow names none",
  }),
  embeddingProvider: text(gateway("EMBEDDING_PROVIDER"), { shown: "local", meaning: "Who makes embeddings" }),
  embeddingModel: text(gateway("EMBEDDING_MODEL"), {
    shown: "the first local one",
    meaning: "Model that makes embeddings",
  }),
  prices: variable<ModelSettings["prices"]>(gateway("MODEL_PRICES"), {
    preset: {},
    allowed: "JSON",
    meaning:
      '`{"openai/gpt-5": {"input": 1.25, "output": 10}}`, dollars for a million tokens: `usage.cost_usd` of calls whose provider does not say it',
    parse: readPrices,
  }),
  timeoutS: number(gateway("MODEL_TIMEOUT_S"), {
    preset: 600,
    min: 0,
    max: 100_000,
    whole: false,
    meaning: "A model server that says nothing for so many seconds is given up; 0: never",
  }),
  localMemoryMb: number(gateway("LOCAL_MEMORY_MB"), {
    preset: 0,
    shown: "four fifths of what there is",
    min: 0,
    max: 100_000_000,
    meaning: "Memory for all local models together",
  }),
  localContextTokens: number(gateway("LOCAL_CONTEXT_TOKENS"), {
    preset: 8192,
    min: 256,
    max: 10_000_000,
    meaning: "Largest window of a local model",
  }),
  localIdleS: number(gateway("LOCAL_IDLE_S"), {
    preset: 900,
    min: 0,
    max: 10_000_000,
    whole: false,
    meaning: "A local model without work is unloaded after so many seconds; 0: never",
  }),
  localGpu: choice(gateway("LOCAL_GPU"), {
    preset: "auto",
    allowed: ["auto", "off", "cuda", "vulkan", "metal"],
    aliases: { "0": "off", false: "off", none: "off", cpu: "off", "1": "auto", true: "auto" },
    meaning: "What local models run on",
  }),
  localThreads: number(gateway("LOCAL_THREADS"), {
    preset: null,
    shown: "llama.cpp decides",
    min: 1,
    max: 512,
    meaning: "Threads of local models",
  }),
  llamaDir: text(gateway("LLAMA_DIR"), {
    meaning: "Folder with another build of llama.cpp, such as one for CUDA",
  }),
  promptCacheMb: number(gateway("PROMPT_CACHE_MB"), {
    preset: 4096,
    min: 0,
    max: 100_000_000,
    meaning: "Disk for saved states of local models; 0: none are saved",
  }),
  promptCache: optionalFlag(gateway("PROMPT_CACHE"), {
    shown: "as a run says",
    meaning: "Runs keep a prompt cache for their session, unless their input says otherwise; off: they keep none",
  }),
  discoveryTimeoutS: number(gateway("DISCOVERY_TIMEOUT_S"), {
    preset: 1.5,
    min: 0.2,
    max: 10,
    whole: false,
    meaning: "A provider that has not named its models after so many seconds is not the default",
  }),
  modelsTimeoutS: number([...gateway("PROVIDER_MODELS_TIMEOUT_S"), ...gateway("DISCOVERY_MODEL_TIMEOUT_S")], {
    preset: 10,
    min: 1,
    max: 60,
    whole: false,
    meaning: "So long a provider may take to list its models for a client, in seconds",
  }),
  probeTimeoutS: number(gateway("PROVIDER_AUTOPROBE_TIMEOUT_S"), {
    preset: 0.7,
    min: 0.1,
    max: 10,
    whole: false,
    meaning: "A server on this machine that has not answered after so many seconds is not there",
  }),
  probeServers: flag(gateway("PROBE_SERVERS"), {
    preset: true,
    meaning: "LM Studio, Ollama, vLLM and llama-server on this machine appear by themselves",
  }),
  openaiEndpoints: variable<ModelSettings["endpoints"]>(gateway("OPENAI_ENDPOINTS"), {
    preset: [],
    allowed: "JSON",
    isSecret: true,
    meaning: "OpenAI-compatible servers: a list of `{id, baseUrl, apiKey, label}`",
    parse: readEndpoints,
  }),
};
