import { AppError } from "#core/errors.ts";
import type { StepRecord } from "#core/record.ts";
import type { RunStatus } from "#core/run.ts";
import { type Value, isObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { type Question, answerCommand, questionOf } from "#sdk/question.ts";
import { childOf, waitOf } from "#sdk/record-text.ts";
import type { LedgerEntry } from "#sdk/wire.ts";
import { answerWait } from "#cli/answer-wait.ts";
import type { CliContext } from "#cli/context.ts";
import { type LineReader, createLineReader } from "#cli/line-reader.ts";
import { describeRecord } from "#cli/record-line.ts";
import { notices, paintFor } from "#cli/terminal.ts";

export interface RunOutcome {
  run_id: string;
  status: RunStatus;
  output: Value;
  error: string | null;
}

export interface FollowRunOptions {
  client: GatewayClient;
  runId: string;
  /** No live steps. */
  isQuiet: boolean;
}

/**
 * Shows a run's steps as they happen, asks its questions, and answers how it ended. ^C cancels the run; a second ^C leaves at once.
 * Children are followed too, because their questions are the run's.
 */
export async function followRun(context: CliContext, options: FollowRunOptions): Promise<RunOutcome> {
  const session = new FollowSession(context, options);
  try {
    return await session.run();
  } finally {
    session.close();
  }
}

class FollowSession {
  #context: CliContext;
  #options: FollowRunOptions;
  #reader: LineReader;
  #release: () => void;
  #interrupts = 0;
  /** Ends everything when one part fails. */
  #stop = new AbortController();
  #children = new Map<string, Promise<unknown>>();
  /** Questions of parallel children are asked one after the other. */
  #asking: Promise<void> = Promise.resolve();
  #output: Value = null;
  #failure: Error | null = null;

  constructor(context: CliContext, options: FollowRunOptions) {
    this.#context = context;
    this.#options = options;
    this.#reader = createLineReader(context, () => this.#interrupt());
    this.#release = context.onSignal(() => this.#interrupt());
  }

  async run(): Promise<RunOutcome> {
    const { client, runId } = this.#options;
    await this.#follow(runId, 0);
    if (this.#failure !== null) throw this.#failure;
    const { status, error } = await client.get(runId);
    return { run_id: runId, status, output: await this.#wholeOutput(), error };
  }

  close(): void {
    this.#stop.abort();
    this.#reader.close();
    this.#release();
  }

  #interrupt(): void {
    const { client, runId } = this.#options;
    if (++this.#interrupts > 1) return this.#context.abort(130);
    notices(this.#context).log("Cancelling the run. ^C again leaves at once.");
    void client
      .command({ run_id: runId, type: "cancel", payload: { reason: "Cancelled at the terminal" } })
      .catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#stop.abort();
  }

  async #follow(runId: string, depth: number): Promise<void> {
    let question = new AbortController();
    const onDisconnect = () => notices(this.#context).warn("The connection was lost; trying again.");
    const entries = this.#options.client.follow(runId, { signal: this.#stop.signal, onDisconnect });
    for await (const entry of entries) {
      // Whatever comes after a question in the ledger closes it: it was answered here or elsewhere.
      question.abort();
      question = new AbortController();
      this.#show(entry, depth);
      this.#take(runId, entry.record, question.signal, depth);
    }
    question.abort();
  }

  #show(entry: LedgerEntry, depth: number): void {
    if (this.#options.isQuiet) return;
    const paint = paintFor(this.#context, this.#context.stderr);
    this.#context.stderr.write(`${"  ".repeat(depth)}${describeRecord(entry, paint)}\n`);
  }

  #take(runId: string, record: StepRecord, closed: AbortSignal, depth: number): void {
    if (
      runId === this.#options.runId &&
      isObject(record.result) &&
      "output" in record.result &&
      record.effect === null
    ) {
      this.#output = record.result["output"] ?? null;
    }
    const child = childOf(record);
    if (child !== null) this.#followChild(child, depth + 1);
    const wait = waitOf(record);
    const question = wait && questionOf(runId, wait);
    if (question) this.#ask(question, closed);
  }

  #followChild(childId: string, depth: number): void {
    if (this.#children.has(childId)) return;
    this.#children.set(
      childId,
      this.#follow(childId, depth).catch((error: unknown) => this.#fail(error)),
    );
  }

  #ask(question: Question, closed: AbortSignal): void {
    const signal = AbortSignal.any([closed, this.#stop.signal]);
    const ask = async () => {
      if (signal.aborted) return;
      const payload = await answerWait(this.#context, this.#reader, question, signal);
      if (payload !== null) await this.#options.client.command(answerCommand(question, payload));
    };
    this.#asking = this.#asking.then(ask).catch((error: unknown) => this.#fail(error));
  }

  /** A large output is kept as an artifact, and the ledger has its reference. */
  async #wholeOutput(): Promise<Value> {
    const reference = isObject(this.#output) ? this.#output["$artifact"] : undefined;
    if (typeof reference !== "string") return this.#output;
    const bytes = await this.#options.client.artifact(this.#options.runId, reference);
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as Value;
    } catch (cause) {
      throw new AppError("internal", `The run's output, artifact ${reference}, is not JSON.`, { cause });
    }
  }
}
