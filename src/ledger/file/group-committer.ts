import type { AppError } from "#core/errors.ts";
import type { Batch, Committed, Notice } from "#ledger/ledger.ts";
import { wakeAt } from "#ledger/batch-rules.ts";
import { addBatch, emptyNotice } from "#ledger/notices.ts";
import type { Change } from "#ledger/file/change.ts";
import { fileError } from "#ledger/file/file-error.ts";
import type { Journal } from "#ledger/file/journal.ts";
import { type Planned, planBatch } from "#ledger/file/plan-batch.ts";
import type { Prepared } from "#ledger/file/prepared.ts";
import { Stage } from "#ledger/file/stage.ts";
import type { Store } from "#ledger/file/store.ts";

/** One flush is bounded, so that its first batch does not wait for its last for long. */
const maxGroup = 512;

/** A change that is decided when its turn comes, and makes a group of its own. */
export type Decide<T> = () => { changes: Change[]; answer: T };

type Job =
  | { batch: Batch; prepared: Prepared; resolve(committed: Committed): void; reject(error: AppError): void }
  | { decide: Decide<unknown>; resolve(answer: unknown): void; reject(error: AppError): void };
type BatchJob = Extract<Job, { batch: Batch }>;

export interface CommitterOptions {
  store: Store;
  journal: Journal;
  publish(notice: Notice): void;
  /** Hears what each flush held. `isIdle`: nothing but leases. */
  onGroup(group: { batches: number; bytes: number; isIdle: boolean }): void;
  /** Awaited before each group: room for it in memory. */
  room(): Promise<void>;
}

/** Turns what was handed over in the meantime into one group, flushes it, and only then applies, tells and answers. */
export class GroupCommitter {
  readonly #options: CommitterOptions;
  #queue: Job[] = [];
  #working: Promise<void> | null = null;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  batch(batch: Batch, prepared: Prepared): Promise<Committed> {
    return new Promise((resolve, reject) => this.#add({ batch, prepared, resolve, reject }));
  }

  run<T>(decide: Decide<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#add({ decide, resolve: (answer: unknown) => resolve(answer as T), reject });
    });
  }

  /** Ends when everything that was handed over is answered. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  #add(job: Job): void {
    this.#queue.push(job);
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // Whatever is committed in the same turn goes into the first group.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      await this.#options.room().catch((error: unknown) => this.#refuseAll(fileError(error)));
      const first = this.#queue[0];
      if (!first) break;
      if ("decide" in first) await this.#alone(this.#queue.shift() as Extract<Job, { decide: unknown }>);
      else await this.#group(this.#takeBatches());
    }
    // At once, not when this promise settles: what was just answered may hand over the next before that.
    this.#working = null;
  }

  #refuseAll(error: AppError): void {
    for (const job of this.#queue.splice(0)) job.reject(error);
  }

  #takeBatches(): BatchJob[] {
    const next = this.#queue.slice(0, maxGroup).findIndex((job) => "decide" in job);
    const count = next < 0 ? maxGroup : next;
    return this.#queue.splice(0, count) as BatchJob[];
  }

  async #group(jobs: BatchJob[]): Promise<void> {
    const whole = new Stage(this.#options.store);
    const planned: { job: BatchJob; plan: Planned }[] = [];
    for (const job of jobs) {
      const stage = new Stage(this.#options.store, whole);
      try {
        planned.push({ job, plan: planBatch(job.prepared, stage) });
        stage.keep();
      } catch (error) {
        job.reject(fileError(error));
      }
    }
    try {
      await this.#write(whole.changes, planned.length);
    } catch (error) {
      const failed = fileError(error);
      for (const { job } of planned) job.reject(failed);
      return;
    }
    this.#publish(planned);
    for (const { job, plan } of planned) job.resolve(plan.committed);
  }

  async #alone(job: Extract<Job, { decide: unknown }>): Promise<void> {
    try {
      const { changes, answer } = job.decide();
      await this.#write(changes, 0);
      job.resolve(answer);
    } catch (error) {
      job.reject(fileError(error));
    }
  }

  async #write(changes: Change[], batches: number): Promise<void> {
    const { store, journal, onGroup } = this.#options;
    if (changes.length === 0) return;
    const group = journal.next;
    const bytes = await journal.append(changes);
    store.apply({ group, changes });
    onGroup({ batches, bytes, isIdle: changes.every((change) => change.do === "lease") });
  }

  /** One notice per flush, whatever the number of batches in it. */
  #publish(planned: { job: BatchJob; plan: Planned }[]): void {
    const notice = emptyNotice();
    let hasNews = false;
    for (const { job, plan } of planned) {
      if (plan.committed.duplicate) continue;
      const { mailed, emits } = plan;
      addBatch(notice, job.batch, { mailed, emits, wakeAt: (update) => wakeAt(update.progress) });
      hasNews = true;
    }
    if (hasNews) this.#options.publish(notice);
  }
}
