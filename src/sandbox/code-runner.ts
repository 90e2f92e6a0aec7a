import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { dumpJson } from "#core/python-json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Language, Permissions, Usage, WorkerCall } from "#sandbox/protocol.ts";
import { type Answer, type Memory, SandboxProcess } from "#sandbox/sandbox-process.ts";

export interface CodeRunnerOptions {
  /** How to start this program as a sandbox worker. */
  command: string[];
  /** File with the compressed memory of a started Python interpreter; null: a start takes seconds. */
  snapshotPath: string | null;
  /** Without it, code that asks for `full_access` is refused. */
  isFullAccessAllowed: boolean;
  /** Calls at the same time. Default 2. */
  maxConcurrent?: number;
  /** A process ends after this many calls. Default 1000. */
  maxCallsPerProcess?: number;
  /** A process without work ends after this time. Default 5 minutes. */
  idleMs?: number;
}

export interface CodeRequest {
  language: Language;
  source: string;
  /** The function that gets the input and gives the result. */
  functionName: string;
  /** When given, `source` is that function's body, and each local is read from the input by its pin. */
  locals?: [name: string, pin: string][];
  input: JsonObject;
  permissions: Permissions;
  limits?: Partial<CodeLimits>;
}

export interface CodeLimits {
  timeoutMs: number;
  memoryBytes: number;
  /** Characters of the result as JSON. */
  maxResultBytes: number;
}

/** `usage` is null when the code never ran or had to be killed; then `durationMs` is all that is known. */
export type CodeOutcome = ({ value: Value } | { error: string }) & {
  durationMs: number;
  usage: (Usage & Memory) | null;
};

const defaultLimits: CodeLimits = {
  timeoutMs: 30_000,
  memoryBytes: 256 * 1024 * 1024,
  maxResultBytes: 8 * 1024 * 1024,
};

/** Runs the code of flows in processes of their own: one warm for each language, more when calls come together. */
export class CodeRunner {
  #options: Required<CodeRunnerOptions>;
  #idle = new Map<Language, SandboxProcess>();
  #all = new Set<SandboxProcess>();
  #timers = new Map<SandboxProcess, Timer>();
  #busy = 0;
  #queue: (() => void)[] = [];
  #isClosed = false;

  constructor(options: CodeRunnerOptions) {
    this.#options = { maxConcurrent: 2, maxCallsPerProcess: 1000, idleMs: 300_000, ...options };
  }

  /** Ids of the processes that are alive, for the tests and the process list. */
  get pids(): number[] {
    return [...this.#all].map((each) => each.pid);
  }

  /** Failures of the code are outcomes. AppError `unavailable` when the sandbox cannot start; the signal's reason when it is aborted. */
  async run(request: CodeRequest, signal: AbortSignal): Promise<CodeOutcome> {
    const limits = { ...defaultLimits, ...request.limits };
    const from = performance.now();
    const refused = (error: string): CodeOutcome => ({ error, durationMs: 0, usage: null });
    if (request.permissions === "full_access" && !this.#options.isFullAccessAllowed) {
      return refused("Code with full access is not allowed here: set ABSTRACTRUNTIME_CODE_FULL_ACCESS to allow it");
    }
    const call = workerCall(request, limits);
    if ("error" in call) return refused(call.error);
    await this.#takeSlot(signal);
    try {
      const answer = await this.#call(request.language, call, limits, signal);
      return {
        ...read(answer.result),
        durationMs: answer.usage?.durationMs ?? performance.now() - from,
        usage: answer.usage,
      };
    } finally {
      this.#freeSlot();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#all];
    for (const each of all) each.kill("The gateway stops");
    await Promise.all(all.map((each) => each.exited()));
  }

  async #call(language: Language, call: WorkerCall, limits: CodeLimits, signal: AbortSignal): Promise<Answer> {
    const worker = await this.#take(language, signal);
    try {
      return await worker.run(call, limits, signal);
    } finally {
      this.#giveBack(worker);
    }
  }

  /** A warm process; one that died meanwhile is passed over. */
  async #take(language: Language, signal: AbortSignal): Promise<SandboxProcess> {
    for (let attempt = 1; ; attempt++) {
      if (this.#isClosed) throw new AppError("unavailable", "The gateway is stopping");
      const warm = this.#idle.get(language);
      this.#idle.delete(language);
      const worker = warm?.isAlive ? warm : this.#start(language);
      clearTimeout(this.#timers.get(worker));
      try {
        await abortable(worker.ready(), signal);
        if (worker.isAlive) return worker;
      } catch (error) {
        if (signal.aborted) {
          this.#giveBack(worker);
          throw error;
        }
        if (worker !== warm || attempt > 2) throw error;
      }
    }
  }

  #start(language: Language): SandboxProcess {
    const { command, snapshotPath } = this.#options;
    const worker = new SandboxProcess({ command, language, snapshotPath });
    this.#all.add(worker);
    void worker.exited().then(() => this.#forget(worker));
    return worker;
  }

  #forget(worker: SandboxProcess): void {
    this.#all.delete(worker);
    clearTimeout(this.#timers.get(worker));
    this.#timers.delete(worker);
    if (this.#idle.get(worker.language) === worker) this.#idle.delete(worker.language);
  }

  /** Keeps it warm; a process that is spent or dead is replaced at once, so that the next call does not wait for a start. */
  #giveBack(worker: SandboxProcess): void {
    if (this.#isClosed) return;
    const isSpent = !worker.isAlive || worker.calls >= this.#options.maxCallsPerProcess;
    if (worker.isAlive && (isSpent || this.#idle.get(worker.language)?.isAlive))
      worker.kill("It is not needed any more");
    if (this.#idle.get(worker.language)?.isAlive) return;
    const kept = isSpent ? this.#start(worker.language) : worker;
    this.#idle.set(worker.language, kept);
    const timer = setTimeout(() => kept.kill("It had no work"), this.#options.idleMs);
    timer.unref();
    this.#timers.set(kept, timer);
  }

  #takeSlot(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#busy < this.#options.maxConcurrent) {
      this.#busy++;
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue.push(resolve);
    return abortable(promise, signal).catch((error: unknown) => {
      const at = this.#queue.indexOf(resolve);
      // A slot that was given in the same moment goes to the next.
      if (at < 0) this.#freeSlot();
      else this.#queue.splice(at, 1);
      throw error;
    });
  }

  #freeSlot(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#busy--;
  }
}

function workerCall(
  request: CodeRequest,
  { timeoutMs, memoryBytes, maxResultBytes }: CodeLimits,
): WorkerCall | { error: string } {
  const { source, functionName, locals = null, permissions } = request;
  try {
    const input = dumpJson(request.input, { isCompact: true });
    return { source, functionName, locals, input, permissions, timeoutMs, memoryBytes, maxResultBytes };
  } catch (error) {
    return { error: `The input cannot be handed to the code: ${messageOf(error)}` };
  }
}

/** The text comes from a process that ran foreign code, so it may be anything. */
function read(result: unknown): { value: Value } | { error: string } {
  const unreadable = { error: "The code's result cannot be read" };
  if (!isObject(result)) return unreadable;
  if (typeof result["error"] === "string") return { error: result["error"] };
  try {
    return typeof result["value"] === "string" ? { value: parseJson(result["value"]) } : unreadable;
  } catch {
    return unreadable;
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () =>
    reject(signal.reason instanceof Error ? signal.reason : new AppError("cancelled", "The call was cancelled"));
  signal.addEventListener("abort", abort);
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
