import { AppError, messageOf } from "#core/errors.ts";
import type { FromWorker, QuestionKind, Questions, ToWorker, WorkerSettings } from "#models/local/protocol.ts";

export interface HostOptions {
  /** How to start this program as an inference worker. */
  command: string[];
  settings: WorkerSettings;
  /**
   * How long a process may take to leave a call before it is killed. Native code is asked between two pieces of work, each of which takes
   * less than a second on a slow machine; 20 s when absent.
   */
  maxLeaveMs?: number;
}

export interface AskOptions {
  signal: AbortSignal;
  onDelta?: ((text: string) => void) | undefined;
}

interface Call {
  resolve: (answer: Questions[QuestionKind]["answer"]) => void;
  reject: (error: AppError) => void;
  onDelta: ((text: string) => void) | undefined;
}

/** A child process and the calls that it works on. */
interface Worker {
  process: Bun.Subprocess;
  calls: Map<number, Call>;
  /** Calls that were left and whose end the process has not told yet. */
  leaving: Map<number, ReturnType<typeof setTimeout>>;
}

const usualLeaveMs = 20_000;

/** The gateway's side of the inference process: starts it when first needed, and again after it died. */
export class InferenceHost {
  #options: HostOptions;
  #worker: Worker | null = null;
  #lastId = 0;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#worker?.process.pid ?? null;
  }

  /** Rejects with AppErrors: `cancelled` when the signal aborts, retryable `unavailable` when the process dies. */
  async ask<Kind extends QuestionKind>(
    kind: Kind,
    asks: Questions[Kind]["asks"],
    { signal, onDelta }: AskOptions,
  ): Promise<Questions[Kind]["answer"]> {
    if (signal.aborted) throw cancelled();
    const id = ++this.#lastId;
    const worker = (this.#worker ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<Questions[QuestionKind]["answer"]>();
    worker.calls.set(id, { resolve, reject, onDelta });
    const leave = () => {
      send(worker, { kind: "abort", id });
      worker.leaving.set(
        id,
        setTimeout(() => worker.process.kill("SIGKILL"), this.#options.maxLeaveMs ?? usualLeaveMs),
      );
      reject(cancelled());
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      send(worker, { kind, id, ...asks } as ToWorker);
      return await promise;
    } finally {
      worker.calls.delete(id);
      signal.removeEventListener("abort", leave);
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (!worker) return;
    worker.process.kill("SIGKILL");
    await worker.process.exited;
  }

  #start(): Worker {
    const { command, settings } = this.#options;
    const calls: Worker["calls"] = new Map();
    const leaving: Worker["leaving"] = new Map();
    const process = spawn(command, { hear: (message) => hear(worker, message), onExit: () => this.#forget(worker) });
    const worker: Worker = { process, calls, leaving };
    send(worker, { kind: "configure", settings });
    return worker;
  }

  /** A crash of native code costs the calls under way and nothing else. */
  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = null;
    for (const timer of worker.leaving.values()) clearTimeout(timer);
    const { signalCode, exitCode } = worker.process;
    const why = signalCode ? `signal ${signalCode}` : `exit code ${exitCode}`;
    for (const call of worker.calls.values()) {
      call.reject(new AppError("unavailable", `The inference process ended (${why})`, { retryable: true }));
    }
  }
}

function spawn(
  command: string[],
  { hear, onExit }: { hear: (message: FromWorker) => void; onExit: () => void },
): Bun.Subprocess {
  try {
    return Bun.spawn(command, { stdio: ["ignore", "ignore", "ignore"], serialization: "json", ipc: hear, onExit });
  } catch (error) {
    throw new AppError("unavailable", `The inference process could not be started: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function hear({ calls, leaving }: Worker, message: FromWorker): void {
  if (message.kind === "ready") return;
  const call = calls.get(message.id);
  if (message.kind === "delta") return call?.onDelta?.(message.text);
  clearTimeout(leaving.get(message.id));
  leaving.delete(message.id);
  if (message.kind === "result") call?.resolve(message.result);
  else call?.reject(new AppError(message.code, message.message, { retryable: message.retryable }));
}

/** To a process that has just ended nothing can be said; its exit ends the calls. */
function send({ process }: Worker, message: ToWorker): void {
  try {
    process.send(message);
  } catch {
    process.kill("SIGKILL");
  }
}

function cancelled(): AppError {
  return new AppError("cancelled", "The call was cancelled");
}
