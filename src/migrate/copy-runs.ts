import { AppError } from "#core/errors.ts";
import type { SealedRecord } from "#core/record.ts";
import type { Run, RunProgress } from "#core/run.ts";
import { sealBody } from "#ledger/chain.ts";
import type { Batch, Ledger, RunUpdate } from "#ledger/ledger.ts";
import type { MigratedRun, MigratedState, MigrationSource } from "#migrate/source.ts";

/** A commit carries about so many records and states of a run, or so many characters. */
const maxRows = 2000;
const maxCharacters = 4_000_000;

/** Runs that are copied at once: their commits share one flush. */
const atOnce = 16;

/** Copies runs that are not there yet; one that an interrupted migration left half is written anew. `onRun` hears of each. */
export async function copyRuns(
  source: MigrationSource,
  ledger: Ledger,
  { runIds, onRun }: { runIds: string[]; onRun: (run: MigratedRun | null) => void },
): Promise<void> {
  for (let at = 0; at < runIds.length; at += atOnce) {
    const some = await Promise.all(runIds.slice(at, at + atOnce).map((runId) => source.run(runId)));
    const missing: MigratedRun[] = [];
    for (const run of some) if (run && !(await isThere(ledger, run))) missing.push(run);
    // All at once, so that they keep the order of their starts.
    await ledger.commit({
      starts: missing.map((run) => ({ run: passing(run, run.startPosition), vars: run.startVars })),
    });
    await Promise.all(
      some.map(async (run) => {
        if (run && missing.includes(run)) await copyRun(source, ledger, run);
        onRun(run);
      }),
    );
  }
}

/** A run that was left half is taken away. */
async function isThere(ledger: Ledger, migrated: MigratedRun): Promise<boolean> {
  const { run_id: runId } = migrated.run;
  const known = await ledger.getRun(runId);
  if (known && isUnderWay(known)) await ledger.deleteRuns([runId]);
  else if (known) requireSame(known, migrated);
  return known !== null && !isUnderWay(known);
}

async function copyRun(source: MigrationSource, ledger: Ledger, migrated: MigratedRun): Promise<void> {
  const copy = new RunCopy(ledger, migrated);
  const records = source.records(migrated.run.run_id)[Symbol.asyncIterator]();
  for await (const state of migrated.states()) await copy.addUpTo(state, records);
  await copy.finish(records);
}

function requireSame(known: Run, { run }: MigratedRun): void {
  if (known.created_at === run.created_at && known.updated_at === run.updated_at) return;
  throw new AppError(
    "conflict",
    `The run ${run.run_id} changed after it was copied: a gateway worked on the source meanwhile. Begin anew with --overwrite`,
  );
}

/**
 * One run on its way. It is written as running, and what it really is comes with its last records: until then it bears a mark, whatever
 * interrupts the migration.
 */
class RunCopy {
  #ledger: Ledger;
  #migrated: MigratedRun;
  #head = 0;
  #hash: string | null = null;
  #records: SealedRecord[] = [];
  #updates: RunUpdate[] = [];
  #rows = 0;
  #characters = 0;
  /** Where the run stood at the last state. */
  #position: MigratedRun["startPosition"];

  constructor(ledger: Ledger, migrated: MigratedRun) {
    this.#ledger = ledger;
    this.#migrated = migrated;
    this.#position = migrated.startPosition;
  }

  /** The records that a state stands behind, and the state. */
  async addUpTo(state: MigratedState, records: AsyncIterator<string>): Promise<void> {
    while (state.seq === null || this.#head < state.seq) {
      // Records of one commit of ours stay together: where they are cut, a state would appear that never was.
      if (state.seq === null) await this.#cutWhenLarge();
      if (!(await this.#next(records))) break;
    }
    // What was compacted there is compacted here in the end, and for that something must lie in between.
    if (this.#migrated.isCompacted && this.#records.length > 0)
      this.#update(null, passing(this.#migrated, this.#position));
    this.#position = state.position ?? this.#position;
    this.#update(state, passing(this.#migrated, this.#position));
    await this.#sendWhenLarge();
  }

  async finish(records: AsyncIterator<string>): Promise<void> {
    do await this.#cutWhenLarge();
    while (await this.#next(records));
    const { run, mail, listens, isCompacted, states } = this.#migrated;
    if (this.#records.length > 0 || this.#updates.length === 0) this.#update(null, run);
    const last = this.#updates.at(-1);
    if (last) Object.assign(last, { progress: run, listens });
    await this.#send(mail);
    if (!isCompacted) return;
    for await (const { json } of states())
      await this.#ledger.compactStates(run.run_id, { headSeq: this.#head, snapshot: json });
  }

  async #next(records: AsyncIterator<string>): Promise<boolean> {
    const { done, value } = await records.next();
    if (done) return false;
    const sealed = sealBody(value, this.#head + 1, this.#hash);
    this.#head = sealed.seq;
    this.#hash = sealed.hash;
    this.#records.push(sealed);
    this.#rows += 1;
    this.#characters += sealed.json.length;
    return true;
  }

  async #cutWhenLarge(): Promise<void> {
    if (!this.#isLarge) return;
    if (this.#records.length > 0) this.#update(null, passing(this.#migrated, this.#position));
    await this.#sendWhenLarge();
  }

  #update(state: MigratedState | null, progress: RunProgress): void {
    const isSnapshot = state?.isSnapshot === true;
    const delta = isSnapshot || !state || state.json === "[]" ? null : state.json;
    this.#updates.push({
      run_id: this.#migrated.run.run_id,
      head_seq: this.#head - this.#records.length,
      epoch: 0,
      progress,
      records: this.#records,
      delta,
      snapshot: isSnapshot ? state.json : null,
      consumed: [],
      listens: [],
    });
    this.#records = [];
    this.#rows += 1;
    this.#characters += state?.json.length ?? 0;
  }

  get #isLarge(): boolean {
    return this.#rows >= maxRows || this.#characters >= maxCharacters;
  }

  async #sendWhenLarge(): Promise<void> {
    if (!this.#isLarge) return;
    // The last update is kept back: it may turn out to be the one that ends the copy.
    const last = this.#updates.pop();
    await this.#send([]);
    if (last) this.#updates.push(last);
  }

  async #send(mail: MigratedRun["mail"]): Promise<void> {
    const batch: Batch = { updates: this.#updates };
    if (mail.length > 0) batch.mail = mail;
    await this.#ledger.commit(batch);
    this.#updates = [];
    this.#rows = 0;
    this.#characters = 0;
  }
}

/** How a run's row looks while it is copied. */
function passing({ run }: MigratedRun, position: MigratedRun["startPosition"]): MigratedRun["run"] {
  return { ...run, ...position, status: "running", pause: null, output: null, updated_at: underWay, finished_at: null };
}

/** In the place of the time at which a run changed last, while it is copied. */
const underWay = "0";

export function isUnderWay(run: Pick<Run, "updated_at">): boolean {
  return run.updated_at === underWay;
}
