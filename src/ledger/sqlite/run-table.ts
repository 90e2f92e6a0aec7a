import type { Database, Statement } from "bun:sqlite";
import type { RunStatus } from "#core/run.ts";

/** What a commit must know of a run before it may touch it. */
export interface KnownRun {
  /** 0 until the row of a new run is written. */
  no: number;
  head: number;
  status: RunStatus;
  epoch: number;
  /** Number of the run's last state row. */
  stateNo: number;
  listens: boolean;
  runtimeId: string;
}

const maxCached = 20_000;

/**
 * Heads of the runs that commits ask for, from memory where possible. A batch works on staged copies; `keep` makes them the truth after
 * the batch was found sound, `discard` forgets them. Whoever sees another process commit, or rolls back, calls `clear`.
 */
export class RunTable {
  #cache = new Map<string, KnownRun>();
  #staged = new Map<string, KnownRun>();
  #select: Statement;

  constructor(db: Database) {
    this.#select = db.prepare(
      "SELECT run_no, head_seq, status, epoch, state_no, listens, runtime_id FROM runs WHERE run_id = ?",
    );
  }

  find(runId: string): KnownRun | null {
    return this.#staged.get(runId) ?? this.#cache.get(runId) ?? this.#load(runId);
  }

  /** A copy that a batch may change. */
  stage(runId: string): KnownRun | null {
    const staged = this.#staged.get(runId);
    if (staged) return staged;
    const known = this.find(runId);
    if (!known) return null;
    const copy = { ...known };
    this.#staged.set(runId, copy);
    return copy;
  }

  add(runId: string, run: KnownRun): void {
    this.#staged.set(runId, run);
  }

  keep(): void {
    for (const [runId, run] of this.#staged) {
      if (run.status === "running" || run.status === "waiting") this.#cache.set(runId, run);
      else this.#cache.delete(runId);
    }
    this.#staged.clear();
    if (this.#cache.size > maxCached) this.#cache.clear();
  }

  discard(): void {
    this.#staged.clear();
  }

  clear(): void {
    this.#cache.clear();
    this.#staged.clear();
  }

  #load(runId: string): KnownRun | null {
    const row = this.#select.values(runId)[0] as
      [number, number, RunStatus, number, number, number, string] | undefined;
    if (!row) return null;
    const [no, head, status, epoch, stateNo, listens, runtimeId] = row;
    const known = { no, head, status, epoch, stateNo, listens: listens !== 0, runtimeId };
    if (status === "running" || status === "waiting") this.#cache.set(runId, known);
    return known;
  }
}
