import { AppError, messageOf } from "#core/errors.ts";
import type { FromWorker, ToWorker } from "#models/local/protocol.ts";
import type { CallOptions, GenerateRequest, GenerateResult } from "#models/provider.ts";

export interface HostOptions {
  /** How to start this program as an inference worker. */
  command: string[];
  threads: number | null;
  cacheDir: string | null;
}

interface Call {
  resolve: (result: GenerateResult) => void;
  reject: (error: AppError) => void;
  onDelta: ((text: string) => void) | undefined;
}

/** A child process and the calls that it works on. */
interface Worker {
  process: Bun.Subprocess;
  calls: Map<number, Call>;
}

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

  async generate(modelPath: string, request: GenerateRequest, options: CallOptions): Promise<GenerateResult> {
    const { signal, onDelta } = options;
    if (signal.aborted) throw cancelled();
    const id = ++this.#lastId;
    const worker = (this.#worker ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<GenerateResult>();
    worker.calls.set(id, { resolve, reject, onDelta });
    const leave = () => {
      send(worker, { kind: "abort", id });
      reject(cancelled());
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      send(worker, { kind: "generate", id, modelPath, request, wantsDeltas: onDelta !== undefined });
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
    const { command, threads, cacheDir } = this.#options;
    const calls: Worker["calls"] = new Map();
    const worker: Worker = { process: spawn(command, calls, () => this.#forget(worker)), calls };
    send(worker, { kind: "configure", threads, cacheDir });
    return worker;
  }

  /** A crash of native code costs the calls under way and nothing else. */
  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = null;
    const { signalCode, exitCode } = worker.process;
    const why = signalCode ? `signal ${signalCode}` : `exit code ${exitCode}`;
    for (const call of worker.calls.values()) {
      call.reject(new AppError("unavailable", `The inference process ended (${why})`, { retryable: true }));
    }
  }
}

function spawn(command: string[], calls: Worker["calls"], onExit: () => void): Bun.Subprocess {
  try {
    return Bun.spawn(command, {
      stdio: ["ignore", "ignore", "ignore"],
      serialization: "json",
      ipc: (message: FromWorker) => hear(calls, message),
      onExit,
    });
  } catch (error) {
    throw new AppError("unavailable", `The inference process could not be started: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function hear(calls: Worker["calls"], message: FromWorker): void {
  if (message.kind === "ready") return;
  const call = calls.get(message.id);
  if (message.kind === "delta") call?.onDelta?.(message.text);
  else if (message.kind === "result") call?.resolve(message.result);
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
