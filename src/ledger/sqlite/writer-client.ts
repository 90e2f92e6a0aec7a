import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import {
  type Answer,
  type Task,
  type TaskResult,
  type WriterMessage,
  type WriterOptions,
  type WriterReply,
  batchKind,
  taskKind,
} from "#ledger/sqlite/jobs.ts";
import type { Cell } from "#ledger/sqlite/run-row.ts";

export interface WriterClientOptions extends WriterOptions {
  workerUrl: string | URL;
  /** Called with the answers of each commit before anybody else learns of them. */
  onAnswers: (answered: Answered[]) => void;
}

/** A job that the writer has answered, with whatever its sender gave along. */
export interface Answered {
  context: unknown;
  answer: Answer;
}

interface Pending {
  context: unknown;
  resolve(answer: Answer): void;
  reject(error: AppError): void;
}

/**
 * Producers that one commit has answered tend to come back together. Half of those under way is sent as soon as it is there, so that the
 * writer has a group to commit while this thread prepares the other half; smaller messages than this are not worth their wake-up.
 */
const minOutbox = 8;

/** The calling thread's end of the writer thread: collects jobs of one turn into one message and matches answers to them. */
export class WriterClient {
  #worker: Worker;
  #options: WriterClientOptions;
  #pending = new Map<number, Pending>();
  #lastId = 0;
  #outbox: Cell[] = [];
  #outboxJobs = 0;
  #fullOutbox = minOutbox;
  #broken: AppError | null = null;
  #ready = Promise.withResolvers<void>();
  #closed = Promise.withResolvers<void>();

  private constructor(options: WriterClientOptions) {
    this.#options = options;
    this.#worker = new Worker(options.workerUrl);
    this.#worker.onmessage = (event: MessageEvent<WriterReply>) => this.#receive(event.data);
    this.#worker.onerror = (event) =>
      this.#fail(new AppError("storage", `The ledger writer stopped: ${event.message}`));
    const { path, maxBytes, origin } = options;
    this.#post({ path, maxBytes, origin });
  }

  /** Resolves when the schema is in place. AppError `storage`. */
  static async start(options: WriterClientOptions): Promise<WriterClient> {
    const client = new WriterClient(options);
    await client.#ready.promise;
    return client;
  }

  /** Sends a batch. The promise resolves after `onAnswers` has seen its answer; it rejects when the writer is gone. */
  batch(cells: Cell[], context: unknown): Promise<Answer> {
    return this.#send(batchKind, cells, context);
  }

  async task<Result extends TaskResult>(task: Task): Promise<Result> {
    const answer = await this.#send(taskKind, [stringifyJson(task)], null);
    if (answer && "refused" in answer) throw refusal(answer.refused);
    return (answer as { result: Result }).result;
  }

  /** Commits what was sent, folds the log into the file and ends the thread. */
  async close(): Promise<void> {
    if (this.#broken) return;
    this.#flush();
    this.#post("close");
    await this.#closed.promise;
    this.#fail(new AppError("storage", "The ledger is closed"));
  }

  #send(kind: number, cells: Cell[], context: unknown): Promise<Answer> {
    if (this.#broken) return Promise.reject(this.#broken);
    const id = ++this.#lastId;
    if (this.#outbox.length === 0) setImmediate(() => this.#flush());
    this.#outbox.push(cells.length, id, kind);
    for (const cell of cells) this.#outbox.push(cell);
    if (++this.#outboxJobs >= this.#fullOutbox) this.#flush();
    return new Promise((resolve, reject) => this.#pending.set(id, { context, resolve, reject }));
  }

  #flush(): void {
    if (this.#outbox.length === 0 || this.#broken) return;
    const cells = this.#outbox;
    this.#outbox = [];
    this.#outboxJobs = 0;
    this.#post(cells);
  }

  #post(message: WriterMessage): void {
    this.#worker.postMessage(message);
  }

  #receive(reply: WriterReply): void {
    if (Array.isArray(reply)) this.#answer(reply);
    else if ("ready" in reply) this.#ready.resolve();
    else if ("closed" in reply) this.#closed.resolve();
    else this.#fail(new AppError(reply.failed.code, reply.failed.message));
  }

  #answer(cells: Cell[]): void {
    const answered: (Answered & { pending: Pending })[] = [];
    for (let at = 0; at < cells.length; at += 2) {
      const id = cells[at] as number;
      const pending = this.#pending.get(id);
      if (!pending) continue;
      this.#pending.delete(id);
      const text = cells[at + 1] as string | null;
      answered.push({ pending, context: pending.context, answer: text === null ? null : (JSON.parse(text) as Answer) });
    }
    this.#fullOutbox = Math.max(minOutbox, Math.ceil((answered.length + this.#pending.size) / 2));
    this.#options.onAnswers(answered);
    for (const { pending, answer } of answered) pending.resolve(answer);
  }

  #fail(error: AppError): void {
    this.#broken = error;
    this.#worker.terminate();
    this.#ready.reject(error);
    this.#closed.resolve();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

export function refusal(refused: Extract<Answer, { refused: unknown }>["refused"]): AppError {
  return new AppError(refused.code, refused.message, { retryable: refused.retryable ?? false });
}
