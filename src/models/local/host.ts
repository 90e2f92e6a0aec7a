import { AppError } from "#core/errors.ts";
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

/** The gateway's side of the inference process: starts it when first needed, and again after it died. */
export class InferenceHost {
  #options: HostOptions;
  #child: Bun.Subprocess | null = null;
  #calls = new Map<number, Call>();
  #lastId = 0;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  generate(modelPath: string, request: GenerateRequest, { signal, onDelta }: CallOptions): Promise<GenerateResult> {
    if (signal.aborted) return Promise.reject(new AppError("cancelled", "The call was cancelled"));
    const id = ++this.#lastId;
    const child = this.#running();
    return new Promise<GenerateResult>((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, onDelta });
      signal.addEventListener("abort", () => {
        this.#tell({ kind: "abort", id });
        this.#take(id)?.reject(new AppError("cancelled", "The call was cancelled"));
      });
      child.send({ kind: "generate", id, modelPath, request, wantsDeltas: onDelta !== undefined } satisfies ToWorker);
    });
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child) return;
    child.kill("SIGKILL");
    await child.exited;
  }

  #running(): Bun.Subprocess {
    if (this.#child) return this.#child;
    const child = Bun.spawn(this.#options.command, {
      stdio: ["ignore", "ignore", "ignore"],
      serialization: "json",
      ipc: (message: FromWorker) => this.#hear(message),
      onExit: (ended) => this.#lose(ended),
    });
    this.#child = child;
    const { threads, cacheDir } = this.#options;
    child.send({ kind: "configure", threads, cacheDir } satisfies ToWorker);
    return child;
  }

  #hear(message: FromWorker): void {
    if (message.kind === "ready") return;
    if (message.kind === "delta") this.#calls.get(message.id)?.onDelta?.(message.text);
    else if (message.kind === "result") this.#take(message.id)?.resolve(message.result);
    else this.#take(message.id)?.reject(new AppError(message.code, message.message, { retryable: message.retryable }));
  }

  /** A crash of native code costs the calls under way and nothing else. */
  #lose(ended: Bun.Subprocess): void {
    if (this.#child === ended) this.#child = null;
    for (const id of Array.from(this.#calls.keys())) {
      const why = ended.signalCode ? `signal ${ended.signalCode}` : `exit code ${ended.exitCode}`;
      this.#take(id)?.reject(new AppError("unavailable", `The inference process ended (${why})`, { retryable: true }));
    }
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  #tell(message: ToWorker): void {
    this.#child?.send(message);
  }
}
