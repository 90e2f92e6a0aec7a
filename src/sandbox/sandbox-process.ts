import { readFileSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import type { CodeResult, FromWorker, Language, ToWorker, Usage, WorkerCall } from "#sandbox/protocol.ts";

export interface SandboxProcessOptions {
  /** How to start this program as a sandbox worker. */
  command: string[];
  language: Language;
  /** Compressed memory of a started Python interpreter; null: a start takes seconds. */
  snapshotPath: string | null;
}

/** What a call came to, or why the process had to be killed: both are answers. */
export interface Answer {
  result: CodeResult;
  /** Null when the process was killed. */
  usage: (Usage & Memory) | null;
}

/** Of the whole process after the call, and how much came in it; null where the system does not tell. */
export interface Memory {
  rssBytes: number | null;
  rssDeltaBytes: number | null;
}

export interface CallLimits {
  timeoutMs: number;
  memoryBytes: number;
}

/** A machine under full load may need this long to start an interpreter. */
const startTimeoutMs = 120_000;
const watchIntervalMs = 50;
/** Above the call's own memory: what the interpreter and its compiler may need besides. */
const memorySlackBytes = 512 * 1024 * 1024;

/** One sandbox process: takes one call at a time, and is killed by the first that goes beyond its limits. */
export class SandboxProcess {
  readonly language: Language;
  calls = 0;
  #child: Bun.Subprocess;
  #ready: Promise<void>;
  #onReady: { resolve: () => void; reject: (error: AppError) => void };
  #onAnswer: ((answer: Answer) => void) | null = null;
  #killedFor: string | null = null;
  #rssBefore: number | null = null;

  constructor({ command, language, snapshotPath }: SandboxProcessOptions) {
    this.language = language;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    this.#ready = promise;
    this.#onReady = { resolve, reject };
    this.#child = Bun.spawn([...command, language, ...(language === "python" && snapshotPath ? [snapshotPath] : [])], {
      stdio: ["ignore", "ignore", "ignore"],
      env: {},
      cwd: "/",
      serialization: "json",
      ipc: (message: FromWorker) => this.#hear(message),
      onExit: () => this.#end(),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#killedFor === null;
  }

  /** Resolves when the process can take a call. AppError `unavailable` when it cannot start or had to end. */
  async ready(): Promise<void> {
    const timer = setTimeout(() => {
      this.#onReady.reject(
        new AppError("unavailable", "The sandbox process did not start in time", { retryable: true }),
      );
      this.kill("it did not start in time");
    }, startTimeoutMs);
    try {
      await this.#ready;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The process must be ready. An abort of the signal kills it; the error is the signal's reason. */
  async run(call: WorkerCall, { timeoutMs, memoryBytes }: CallLimits, signal: AbortSignal): Promise<Answer> {
    this.calls++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#onAnswer = resolve;
    this.#awaitReady();
    const timeout = setTimeout(() => this.kill(`The code ran longer than ${timeoutMs} ms and was stopped`), timeoutMs);
    this.#rssBefore = rssOf(this.pid);
    const maxRss = memoryBytes + memorySlackBytes;
    const watch = setInterval(() => {
      if ((rssOf(this.pid) ?? 0) > maxRss)
        this.kill(`The code used more than ${mebibytes(memoryBytes)} MiB of memory and was stopped`);
    }, watchIntervalMs);
    const abort = () => {
      this.kill("The call was cancelled");
      reject(signal.reason instanceof Error ? signal.reason : new AppError("cancelled", "The call was cancelled"));
    };
    signal.addEventListener("abort", abort);
    try {
      this.#tell({ kind: "run", call });
      return await promise;
    } finally {
      clearTimeout(timeout);
      clearInterval(watch);
      signal.removeEventListener("abort", abort);
    }
  }

  kill(reason: string): void {
    this.#killedFor ??= reason;
    this.#child.kill("SIGKILL");
  }

  async exited(): Promise<void> {
    await this.#child.exited;
  }

  #tell(message: ToWorker): void {
    try {
      this.#child.send(message);
    } catch {
      // It has ended; `#end` gives the answer.
      if (!this.isAlive) this.#end();
    }
  }

  #awaitReady(): void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    this.#ready = promise;
    this.#onReady = { resolve, reject };
  }

  #hear(message: FromWorker): void {
    if (message.kind === "ready") this.#onReady.resolve();
    else if (message.kind === "done")
      this.#answer({ result: message.result, usage: { ...message.usage, ...this.#memory() } });
    else if (message.kind === "spent") this.kill("It is spent");
    else {
      this.#onReady.reject(new AppError("unavailable", `The sandbox could not start: ${message.message}`));
      this.kill(message.message);
    }
  }

  #memory(): Memory {
    const rssBytes = rssOf(this.pid);
    return {
      rssBytes,
      rssDeltaBytes: rssBytes === null || this.#rssBefore === null ? null : rssBytes - this.#rssBefore,
    };
  }

  #end(): void {
    const { signalCode, exitCode } = this.#child;
    const why =
      this.#killedFor ?? `The sandbox process ended (${signalCode ? `signal ${signalCode}` : `exit code ${exitCode}`})`;
    this.#onReady.reject(new AppError("unavailable", why, { retryable: true }));
    this.#answer({ result: { error: why }, usage: null });
  }

  #answer(answer: Answer): void {
    const take = this.#onAnswer;
    this.#onAnswer = null;
    take?.(answer);
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** Where there is no `/proc`, the interpreters' own limits are the only ones. */
function rssOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return null;
  }
}
