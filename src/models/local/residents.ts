import type {
  ChatWrapper,
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaEmbeddingContext,
  LlamaModel,
} from "node-llama-cpp";
import { AppError, messageOf } from "#core/errors.ts";
import { readGgufMetadata } from "#models/local/gguf-metadata.ts";
import { minContextTokens, planMemory } from "#models/local/memory-plan.ts";
import { isEmbeddingModel, modelBytes } from "#models/local/model-files.ts";
import type { LoadedModel } from "#models/provider.ts";

interface Common {
  path: string;
  model: LlamaModel;
  /** A graphics card computes. Its memory is not ours alone, so that less may be left of it than was planned with. */
  hasCard: boolean;
  /** Estimated when it was loaded. */
  bytes: number;
  contextTokens: number;
  sequences: number;
  pinned: boolean;
  loadedAtMs: number;
  lastUsedAtMs: number;
  /** Calls under way or waiting. A model in use is not unloaded. */
  uses: number;
}

/** A model that answers several conversations. */
export interface ChatResident extends Common {
  kind: "chat";
  context: LlamaContext;
  wrapper: ChatWrapper;
  free: LlamaContextSequence[];
  waiting: ((sequence: LlamaContextSequence) => void)[];
}

/** A model that makes vectors of texts. */
export interface EmbeddingResident extends Common {
  kind: "embedding";
  context: LlamaEmbeddingContext;
}

export type Resident = ChatResident | EmbeddingResident;

export interface ResidentsOptions {
  /** Memory for all models together, bytes. */
  budgetBytes: number;
  maxContextTokens: number;
  /** Conversations that one model answers at the same time; further ones queue. */
  maxSequences: number;
  /** False: no layer goes to a graphics card, whatever the library could do. */
  usesCard: boolean;
  /** Why no card computes, when that was tried. */
  note: string | null;
  now: () => number;
}

/** Models that are loaded. Each is loaded once, whoever asks; the one that was used longest ago makes room for a new one. */
export class Residents {
  #llama: Llama;
  #options: ResidentsOptions;
  #loaded = new Map<string, Resident>();
  #loading = new Map<string, Promise<Resident>>();
  /** Loads go one after the other: each must see the memory that the one before took. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(llama: Llama, options: ResidentsOptions) {
    this.#llama = llama;
    this.#options = options;
  }

  /** Hands out a model for one call, loading it if need be. AppErrors say why it cannot be had. */
  async use<T>(path: string, work: (resident: Resident) => Promise<T>): Promise<T> {
    let resident = await this.load(path);
    // Between the promise and this line another load may have taken its place.
    while (this.#loaded.get(path) !== resident) resident = await this.load(path);
    resident.uses++;
    try {
      return await work(resident);
    } finally {
      resident.uses--;
      resident.lastUsedAtMs = this.#options.now();
    }
  }

  load(path: string): Promise<Resident> {
    const known = this.#loaded.get(path);
    if (known) return Promise.resolve(known);
    const running = this.#loading.get(path);
    if (running) return running;
    const loading = this.#last.then(() => this.#open(path));
    this.#last = loading.catch(() => undefined);
    this.#loading.set(path, loading);
    void loading.then(
      () => this.#loading.delete(path),
      () => this.#loading.delete(path),
    );
    return loading;
  }

  /** Null when it was not loaded. AppError `conflict` while it answers somebody. */
  async unload(path: string): Promise<Resident | null> {
    const resident = this.#loaded.get(path);
    if (!resident) return null;
    if (resident.uses > 0) {
      throw new AppError("conflict", `The model ${path} is in use by ${resident.uses} calls`, { retryable: true });
    }
    this.#loaded.delete(path);
    await resident.context.dispose();
    await resident.model.dispose();
    return resident;
  }

  /** Unloads what nobody has used for so long, pinned models aside. Answers how many are left. */
  async unloadIdle(idleMs: number): Promise<number> {
    const before = this.#options.now() - idleMs;
    for (const { path, pinned, uses, lastUsedAtMs } of this.#loaded.values()) {
      if (!pinned && uses === 0 && lastUsedAtMs <= before) await this.unload(path);
    }
    return this.#loaded.size + this.#loading.size;
  }

  describe(): LoadedModel[] {
    return [...this.#loaded.values()].map((resident) => this.describeOne(resident));
  }

  describeOne(resident: Resident): LoadedModel {
    const { path, kind, model, bytes, contextTokens, sequences, pinned, uses, loadedAtMs, lastUsedAtMs } = resident;
    return {
      path,
      task: kind === "chat" ? "text_generation" : "embedding",
      backend: this.#llama.gpu === false || !this.#options.usesCard ? "cpu" : this.#llama.gpu,
      gpuLayers: model.gpuLayers,
      note: this.#options.note,
      contextTokens,
      sequences,
      bytes,
      pinned,
      uses,
      loadedAtMs,
      lastUsedAtMs,
    };
  }

  async #open(path: string): Promise<Resident> {
    try {
      const metadata = await readGgufMetadata(path);
      const fileBytes = await modelBytes(path);
      const { maxContextTokens, maxSequences, usesCard } = this.#options;
      const isEmbedding = isEmbeddingModel(metadata);
      const wanted = { fileBytes, metadata, maxContextTokens, maxSequences: isEmbedding ? 1 : maxSequences };
      const plan = await this.#makeRoom(wanted);
      const hasCard = this.#llama.gpu !== false && usesCard;
      // As many layers on the card as leave room there for the window.
      const gpuLayers = hasCard ? { fitContext: { contextSize: plan.contextTokens } } : 0;
      const model = await this.#llama.loadModel({ modelPath: path, gpuLayers });
      const nowMs = this.#options.now();
      const common = { path, model, hasCard, ...plan, pinned: false, loadedAtMs: nowMs, lastUsedAtMs: nowMs, uses: 0 };
      const resident = isEmbedding ? await embeddingResident(common) : await chatResident(common);
      this.#loaded.set(path, resident);
      return resident;
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError("unavailable", `The model ${path} cannot be loaded: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Unloads models until a new one fits with the window that it would get on an empty machine, or as far as that goes. */
  async #makeRoom(wanted: Omit<Parameters<typeof planMemory>[0], "budgetBytes">) {
    const { budgetBytes } = this.#options;
    const alone = planMemory({ ...wanted, budgetBytes });
    if (!alone) {
      const needed = planMemory({
        ...wanted,
        budgetBytes: Number.POSITIVE_INFINITY,
        maxContextTokens: minContextTokens,
        maxSequences: 1,
      });
      throw new AppError(
        "unavailable",
        `The model needs about ${gigabytes(needed?.bytes ?? 0)} GB of memory, and models may take ${gigabytes(budgetBytes)} GB here`,
      );
    }
    for (;;) {
      const used = [...this.#loaded.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      if (used + alone.bytes <= budgetBytes) return alone;
      const idle = [...this.#loaded.values()].filter(({ pinned, uses }) => !pinned && uses === 0);
      const oldest = idle.sort((a, b) => a.lastUsedAtMs - b.lastUsedAtMs)[0];
      if (oldest) {
        await this.unload(oldest.path);
        continue;
      }
      const smaller = planMemory({ ...wanted, budgetBytes: budgetBytes - used });
      if (smaller) return smaller;
      throw new AppError(
        "unavailable",
        `There is no room for another model: those in use or pinned take ${gigabytes(used)} of ${gigabytes(budgetBytes)} GB`,
        { retryable: true },
      );
    }
  }
}

async function chatResident(common: Common): Promise<ChatResident> {
  const { model, sequences } = common;
  const context = await model.createContext({ contextSize: sizeOf(common), sequences });
  const { resolveChatWrapper } = await import("node-llama-cpp");
  // Resolving a Jinja template costs about a second, so it is done once per model.
  const wrapper = resolveChatWrapper(model);
  const free = Array.from({ length: sequences }, () => context.getSequence());
  return { ...common, kind: "chat", contextTokens: context.contextSize, context, wrapper, free, waiting: [] };
}

/** On a card the library tries smaller windows when the planned one does not fit. */
function sizeOf({ hasCard, contextTokens }: Common): number | { min: number; max: number } {
  return hasCard ? { min: Math.min(minContextTokens, contextTokens), max: contextTokens } : contextTokens;
}

async function embeddingResident(common: Common): Promise<EmbeddingResident> {
  const { contextTokens } = common;
  // A text must go through the model in one batch to become one vector.
  const context = await common.model.createEmbeddingContext({ contextSize: contextTokens, batchSize: contextTokens });
  return { ...common, kind: "embedding", context };
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
