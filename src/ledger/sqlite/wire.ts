import type { CommandType } from "#core/command.ts";
import { stringifyJson } from "#core/json.ts";
import type { RunStatus } from "#core/run.ts";
import { requireConsecutive } from "#ledger/batch-rules.ts";
import type { Batch, RunUpdate } from "#ledger/ledger.ts";
import { catalogueCells, catalogued } from "#ledger/sqlite/artifact-catalogue.ts";
import { type Cell, identityColumns, progressColumns, pushIdentity, pushProgress } from "#ledger/sqlite/run-row.ts";

/*
 * A batch on its way to the writer thread, as a flat run of cells. Cloning one flat array costs a third of cloning nested objects, and
 * values with a prototype of their own (integral floats) would not survive a clone: here they are JSON text already.
 */

export interface WireBatch {
  starts: { cells: Cell[]; vars: string }[];
  updates: WireUpdate[];
  mail: { runId: string; body: string }[];
  commands: WireCommand[];
  outcomes: { seq: number; outcome: string; appliedAt: string }[];
  artifacts: Cell[][];
  /** JSON texts. */
  memory: string[];
  startKey: { key: string; principal: string; bodyHash: string; runId: string } | null;
  /** Time of the commit, for outcomes that the store itself gives. */
  at: string;
}

export interface WireUpdate {
  runId: string;
  headSeq: number;
  epoch: number;
  /** In the order of `progressColumns`; the first is the status. */
  progress: Cell[];
  status: RunStatus;
  headHash: string | null;
  records: string[];
  delta: string | null;
  snapshot: string | null;
  consumed: number[];
  listens: string[];
  isNote: boolean;
}

export interface WireCommand {
  commandId: string;
  principal: string;
  runId: string;
  type: CommandType;
  payload: string;
  ts: string;
  clientId: string | null;
  runtimeId: string | null;
  /** Of a command that was applied elsewhere. */
  pastOutcome: string | null;
  pastAppliedAt: string | null;
}

/** The row's own, and what the catalogue has of it. */
export const artifactCells = 9 + catalogueCells;

/** Appends a batch. AppError `conflict` when its records are not consecutive: then nothing may be sent. */
export function encodeBatch(batch: Batch, at: string): Cell[] {
  const out: Cell[] = [at, batch.starts?.length ?? 0];
  for (const { run, vars } of batch.starts ?? []) {
    pushIdentity(out, run);
    pushProgress(out, run);
    out.push(vars);
  }
  out.push(batch.updates?.length ?? 0);
  for (const update of batch.updates ?? []) pushUpdate(out, update);
  out.push(batch.mail?.length ?? 0);
  for (const { run_id, ...body } of batch.mail ?? []) out.push(run_id, stringifyJson(body));
  out.push(batch.commands?.length ?? 0);
  for (const c of batch.commands ?? []) {
    out.push(c.command_id, c.principal, c.run_id, c.type, stringifyJson(c.payload), c.ts, c.client_id, c.runtime_id);
    out.push(c.past ? stringifyJson(c.past.outcome) : null, c.past?.applied_at ?? null);
  }
  out.push(batch.outcomes?.length ?? 0);
  for (const o of batch.outcomes ?? []) out.push(o.seq, stringifyJson(o.outcome), o.applied_at);
  out.push(batch.artifacts?.length ?? 0);
  for (const a of batch.artifacts ?? []) {
    out.push(a.artifact_id, a.blob_id, a.run_id, a.runtime_id, a.content_type, a.size_bytes, a.created_at);
    out.push(stringifyJson(a.tags), stringifyJson(a.metadata), ...catalogued(a));
  }
  out.push(batch.memory?.length ?? 0);
  for (const event of batch.memory ?? []) out.push(stringifyJson(event));
  const key = batch.startKey;
  if (key) out.push(1, key.key, key.principal, key.body_hash, key.run_id);
  else out.push(0);
  return out;
}

function pushUpdate(out: Cell[], update: RunUpdate): void {
  requireConsecutive(update);
  out.push(update.run_id, update.head_seq, update.epoch);
  pushProgress(out, update.progress);
  out.push(update.records.at(-1)?.hash ?? null, update.records.length);
  for (const record of update.records) out.push(record.json);
  out.push(update.delta, update.snapshot, update.consumed.length, ...update.consumed);
  out.push(update.listens.length, ...update.listens, update.isNote ? 1 : 0);
}

/** Reads cells in the order in which they were pushed. */
export class CellReader {
  #cells: Cell[];
  #at = 0;

  constructor(cells: Cell[]) {
    this.#cells = cells;
  }

  get done(): boolean {
    return this.#at >= this.#cells.length;
  }

  text(): string {
    return this.#cells[this.#at++] as string;
  }

  number(): number {
    return this.#cells[this.#at++] as number;
  }

  nullable(): string | null {
    return this.#cells[this.#at++] as string | null;
  }

  slice(length: number): Cell[] {
    const from = this.#at;
    this.#at += length;
    return this.#cells.slice(from, this.#at);
  }

  list<T>(read: () => T): T[] {
    const length = this.number();
    const items: T[] = [];
    for (let index = 0; index < length; index++) items.push(read());
    return items;
  }
}

export function decodeBatch(cells: CellReader): WireBatch {
  const at = cells.text();
  return {
    at,
    starts: cells.list(() => ({
      cells: cells.slice(identityColumns.length + progressColumns.length),
      vars: cells.text(),
    })),
    updates: cells.list(() => decodeUpdate(cells)),
    mail: cells.list(() => ({ runId: cells.text(), body: cells.text() })),
    commands: cells.list(() => ({
      commandId: cells.text(),
      principal: cells.text(),
      runId: cells.text(),
      type: cells.text() as CommandType,
      payload: cells.text(),
      ts: cells.text(),
      clientId: cells.nullable(),
      runtimeId: cells.nullable(),
      pastOutcome: cells.nullable(),
      pastAppliedAt: cells.nullable(),
    })),
    outcomes: cells.list(() => ({ seq: cells.number(), outcome: cells.text(), appliedAt: cells.text() })),
    artifacts: cells.list(() => cells.slice(artifactCells)),
    memory: cells.list(() => cells.text()),
    startKey: cells.number()
      ? { key: cells.text(), principal: cells.text(), bodyHash: cells.text(), runId: cells.text() }
      : null,
  };
}

function decodeUpdate(cells: CellReader): WireUpdate {
  const runId = cells.text();
  const headSeq = cells.number();
  const epoch = cells.number();
  const progress = cells.slice(progressColumns.length);
  const headHash = cells.nullable();
  const count = cells.number();
  const records = cells.slice(count) as string[];
  const delta = cells.nullable();
  const snapshot = cells.nullable();
  const consumed = cells.slice(cells.number()) as number[];
  const listens = cells.slice(cells.number()) as string[];
  const isNote = cells.number() === 1;
  const status = progress[0] as RunStatus;
  return { isNote, runId, headSeq, epoch, progress, status, headHash, records, delta, snapshot, consumed, listens };
}
