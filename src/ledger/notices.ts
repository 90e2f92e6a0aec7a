import type { Batch, Notice } from "#ledger/ledger.ts";

/** Hands notices to whoever wants them, in the order of commits. */
export class Notices {
  #listeners = new Set<(notice: Notice) => void>();
  #report: (error: unknown) => void;

  /** `report` hears of a listener that threw: its neighbours get the notice all the same. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  subscribe(listener: (notice: Notice) => void): () => void {
    // A wrapper of its own, so that the same function may subscribe twice.
    const own = (notice: Notice) => listener(notice);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  publish(notice: Notice): void {
    for (const listener of this.#listeners) {
      try {
        listener(notice);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}

export function emptyNotice(): Notice {
  return { started: [], updates: [], mail: [], emits: false, memory: false };
}

/** Adds what a durable batch did. `mailed` are the runs whose mail was not dropped. */
export function addBatch(
  notice: Notice,
  batch: Batch,
  did: { mailed: string[]; emits: boolean; wakeAt: (update: NonNullable<Batch["updates"]>[number]) => number | null },
): void {
  for (const { run } of batch.starts ?? []) notice.started.push(run.run_id);
  for (const update of batch.updates ?? []) {
    notice.updates.push({
      run_id: update.run_id,
      status: update.progress.status,
      records: update.records,
      head_seq: update.head_seq + update.records.length,
      wakeAtMs: did.wakeAt(update),
    });
  }
  notice.mail.push(...did.mailed);
  notice.emits ||= did.emits;
  notice.memory ||= (batch.memory?.length ?? 0) > 0;
}
