import { AppError, messageOf } from "#core/errors.ts";
import { PrefixCache } from "#models/local/cache/prefix-cache.ts";
import { PrefixStore } from "#models/local/cache/prefix-store.ts";
import { LocalEngine } from "#models/local/engine.ts";
import { memoryBudget } from "#models/local/memory-budget.ts";
import { loadLlama } from "#models/local/native.ts";
import {
  type FromWorker,
  type Question,
  type QuestionKind,
  type Questions,
  type ToWorker,
  type WorkerSettings,
  workerDefaults,
} from "#models/local/protocol.ts";

type Answer = Questions[QuestionKind]["answer"];

/**
 * The inference process: native code lives and dies here, away from the ledger. Ends when its parent does, and when its last model was
 * unloaded for idleness, since only the end of a process gives all memory back. `env` is the process's environment, handed in by the entry
 * point.
 */
export function runInferenceWorker(env: Record<string, string | undefined>): void {
  const worker = new InferenceWorker(env);
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: ToWorker) => worker.hear(message));
  send({ kind: "ready" });
}

class InferenceWorker {
  #env: Record<string, string | undefined>;
  #settings: WorkerSettings = workerDefaults;
  #engine: Promise<LocalEngine> | null = null;
  #running = new Map<number, AbortController>();

  constructor(env: Record<string, string | undefined>) {
    this.#env = env;
  }

  hear(message: ToWorker): void {
    if (message.kind === "configure") this.#configure(message.settings);
    else if (message.kind === "abort")
      this.#running.get(message.id)?.abort(new AppError("cancelled", "The call was cancelled"));
    else void this.#answer(message);
  }

  #configure(settings: WorkerSettings): void {
    this.#settings = settings;
    if (settings.idleMs === 0) return;
    const every = Math.max(50, Math.min(settings.idleMs / 4, 30_000));
    setInterval(() => void this.#unloadIdle(), every).unref();
  }

  async #unloadIdle(): Promise<void> {
    const engine = await this.#engine?.catch(() => null);
    if (!engine) return;
    const had = engine.residents.describe().length;
    const left = await engine.residents.unloadIdle(this.#settings.idleMs);
    if (had > 0 && left === 0 && this.#running.size === 0) process.exit(0);
  }

  async #answer(question: Question): Promise<void> {
    const { id } = question;
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      send({ kind: "result", id, result: await this.#work(question, controller.signal) });
    } catch (error) {
      const known = controller.signal.aborted ? controller.signal.reason : error;
      const { code, retryable } = known instanceof AppError ? known : { code: "internal" as const, retryable: false };
      send({ kind: "error", id, code, message: messageOf(known), retryable });
    } finally {
      this.#running.delete(id);
    }
  }

  async #work(question: Question, signal: AbortSignal): Promise<Answer> {
    // To tell what is loaded, nothing need be loaded.
    if (question.kind === "loaded" && this.#engine === null) return [];
    const engine = await this.#load();
    const { residents } = engine;
    switch (question.kind) {
      case "generate": {
        const { id, modelPath, request, wantsDeltas } = question;
        const onDelta = wantsDeltas ? (text: string) => send({ kind: "delta", id, text }) : () => undefined;
        return engine.generate(modelPath, request, { signal, onDelta });
      }
      case "embed":
        return engine.embed(question.modelPath, question.texts, signal);
      case "load": {
        const resident = await residents.load(question.modelPath);
        if (question.pin !== null) resident.pinned = question.pin;
        return residents.describeOne(resident);
      }
      case "unload": {
        const resident = residents.describe().find(({ path }) => path === question.modelPath) ?? null;
        await residents.unload(question.modelPath);
        return resident;
      }
      case "loaded":
        return residents.describe();
      case "prefix":
        return engine.buildPrefix(question.modelPath, question, signal);
    }
  }

  #load(): Promise<LocalEngine> {
    const { memoryBytes, maxContextTokens, prefixes, gpu } = this.#settings;
    const cache = prefixes && new PrefixCache(new PrefixStore({ ...prefixes, now: Date.now }));
    this.#engine ??= loadLlama({ ...this.#settings, env: this.#env }).then(
      ({ llama, note }) =>
        new LocalEngine(
          llama,
          { budgetBytes: memoryBudget(memoryBytes), maxContextTokens, usesCard: gpu !== "off", note },
          cache,
        ),
    );
    this.#engine.catch(() => (this.#engine = null));
    return this.#engine;
  }
}

function send(message: FromWorker): void {
  // After the parent's end there is nobody to tell, and the disconnect ends this process.
  if (process.connected) process.send?.(message);
}
