import { AppError } from "#core/errors.ts";
import type { SealedRecord } from "#core/record.ts";
import type { Run } from "#core/run.ts";
import { sealBody } from "#ledger/chain.ts";
import type { Batch, Ledger, RunUpdate } from "#ledger/ledger.ts";
import type { MigratedRun, MigrationSource } from "#migrate/source.ts";

/** A commit carries at most so many records of a run, or so many characters. */
const maxRecords = 2000;
const maxCharacters = 4_000_000;

/** Runs that are copied at once: their commits share one flush. */
const atOnce = 16;

/** Copies runs that are not there yet, and the rest of those that are there by half. `onRun` hears of each. */
export async function copyRuns(
  source: MigrationSource,
  ledger: Ledger,
  { runIds, onRun }: { runIds: string[]; onRun: (run: MigratedRun | null) => void },
): Promise<void> {
  for (let at = 0; at < runIds.length; at += atOnce) {
    const some = runIds.slice(at, at + atOnce);
    await Promise.all(some.map(async (runId) => onRun(await copyRun(source, ledger, runId))));
  }
}

async function copyRun(source: MigrationSource, ledger: Ledger, runId: string): Promise<MigratedRun | null> {
  const migrated = await source.run(runId);
  if (!migrated) return null;
  const known = await ledger.getRun(runId);
  if (known && known.created_at !== migrated.run.created_at)
    throw new AppError("conflict", `The run ${runId} of the target is another one than that of the source`);
  const copy = new RunCopy(ledger, migrated, known);
  let seq = 0;
  for await (const body of source.records(runId)) {
    seq += 1;
    if (seq > copy.head) await copy.add(body);
  }
  await copy.finish(seq);
  return migrated;
}

/**
 * One run on its way. It is written as running, and what it really is comes with its last records: a run that stands at the end of its
 * ledger is complete, whatever interrupted the migration.
 */
class RunCopy {
  head: number;
  #hash: string | null;
  #isNew: boolean;
  #isDone: boolean;
  #records: SealedRecord[] = [];
  #characters = 0;
  #sentTo: number;
  #ledger: Ledger;
  #migrated: MigratedRun;

  constructor(ledger: Ledger, migrated: MigratedRun, known: Run | null) {
    this.#ledger = ledger;
    this.#migrated = migrated;
    this.head = known?.head_seq ?? 0;
    this.#sentTo = this.head;
    this.#hash = known?.head_hash ?? null;
    this.#isNew = known === null;
    this.#isDone = known !== null && known.updated_at === migrated.run.updated_at && !isUnderWay(known);
  }

  async add(body: string): Promise<void> {
    const sealed = sealBody(body, this.head + 1, this.#hash);
    if (this.#records.length >= maxRecords || this.#characters + body.length > maxCharacters) await this.#send(false);
    this.head = sealed.seq;
    this.#hash = sealed.hash;
    this.#records.push(sealed);
    this.#characters += body.length;
  }

  async finish(count: number): Promise<void> {
    const { run_id } = this.#migrated.run;
    if (this.head > count)
      throw new AppError(
        "conflict",
        `The run ${run_id} has ${this.head} records in the target and ${count} in the source`,
      );
    if (this.#isDone && this.#records.length === 0) return;
    if (this.#isDone)
      throw new AppError(
        "conflict",
        `The run ${run_id} grew after it was copied: a gateway worked on the source meanwhile`,
      );
    await this.#send(true);
  }

  async #send(isLast: boolean): Promise<void> {
    const { run, startVars, vars, listens, mail } = this.#migrated;
    const born = { ...run, status: "running" as const, wait: null, pause: null, output: null, node_id: underWay };
    const update: RunUpdate = {
      run_id: run.run_id,
      head_seq: this.#sentTo,
      epoch: 0,
      progress: isLast ? run : born,
      records: this.#records,
      delta: null,
      snapshot: isLast ? vars : null,
      consumed: [],
      listens: isLast ? listens : [],
    };
    const batch: Batch = { updates: [update] };
    if (this.#isNew) batch.starts = [{ run: born, vars: startVars }];
    if (isLast && mail.length > 0) batch.mail = mail;
    await this.#ledger.commit(batch);
    this.#isNew = false;
    this.#sentTo = this.head;
    this.#records = [];
    this.#characters = 0;
  }
}

/** Node of a run that is being copied; no flow has one of this name. */
const underWay = "__migration__";

export function isUnderWay(run: Pick<Run, "node_id">): boolean {
  return run.node_id === underWay;
}
