import type { ErrorCode } from "#core/errors.ts";
import type { RunStatus } from "#core/run.ts";
import { mailIsGone, noteProblem, updateProblem, writesState } from "#ledger/batch-rules.ts";
import type { StartKey } from "#ledger/ledger.ts";
import { identityColumns } from "#ledger/sqlite/run-row.ts";
import type { KnownRun, RunTable } from "#ledger/sqlite/run-table.ts";
import type { Statements } from "#ledger/sqlite/statements.ts";
import type { WireBatch, WireUpdate } from "#ledger/sqlite/wire.ts";

/** A sound batch with the runs it touches, ready to be written without further questions. */
export interface Plan {
  starts: KnownRun[];
  updates: { update: WireUpdate; run: KnownRun; from: number; stateNo: number; listens: boolean }[];
  mail: KnownRun[];
}

export type Checked = { plan: Plan } | { refusal: { code: ErrorCode; message: string } } | { duplicate: StartKey };

/**
 * Decides about a whole batch before a byte of it is written, so that a refused batch needs no savepoint.
 * Leaves the runs as they will be staged in `runs`; the caller keeps or discards them.
 */
export function checkBatch(batch: WireBatch, runs: RunTable, statements: Statements): Checked {
  const known = findStartKey(batch, statements);
  if (known) return { duplicate: known };
  const plan: Plan = { starts: [], updates: [], mail: [] };
  for (const start of batch.starts) {
    const runId = start.cells[0] as string;
    if (runs.find(runId)) return refuse("conflict", `Run '${runId}' exists already`);
    const status = start.cells[identityColumns.length] as RunStatus;
    const runtimeId = start.cells[identityColumns.indexOf("runtime_id")] as string;
    const run: KnownRun = { no: 0, head: 0, status, epoch: 0, stateNo: 0, listens: false, runtimeId };
    runs.add(runId, run);
    plan.starts.push(run);
  }
  for (const update of batch.updates) {
    const problem = checkUpdate(update, plan, runs, statements);
    if (problem) return problem;
  }
  for (const { runId } of batch.mail) {
    const run = runs.find(runId);
    if (!run) return refuse("not_found", `Run '${runId}' not found`);
    plan.mail.push(run);
  }
  return { plan };
}

function checkUpdate(update: WireUpdate, plan: Plan, runs: RunTable, statements: Statements): Checked | null {
  const { runId, headSeq, epoch, status } = update;
  const run = runs.stage(runId);
  if (!run) return refuse("not_found", `Run '${runId}' not found`);
  const problem = update.isNote ? noteProblem(update, run) : updateProblem(update, run);
  if (problem !== null) return refuse("conflict", problem);
  if (update.isNote) {
    run.head += update.records.length;
    plan.updates.push({ update, run, from: headSeq, stateNo: run.stateNo, listens: false });
    return null;
  }
  for (const id of update.consumed) {
    if (!statements.hasMail.get(run.no, id)) return refuse("conflict", mailIsGone(runId, id));
  }
  const hasState = writesState({ ...update, records: update.records.length });
  run.head += update.records.length;
  run.status = status;
  run.epoch = epoch;
  run.listens ||= update.listens.length > 0;
  if (hasState) run.stateNo++;
  plan.updates.push({ update, run, from: headSeq, stateNo: run.stateNo, listens: run.listens });
  return null;
}

function findStartKey(batch: WireBatch, statements: Statements): StartKey | null {
  if (!batch.startKey) return null;
  const { key, principal } = batch.startKey;
  const row = statements.findStartKey.get(key, principal) as { body_hash: string; run_id: string } | null;
  return row && { key, principal, body_hash: row.body_hash, run_id: row.run_id };
}

function refuse(code: ErrorCode, message: string): Checked {
  return { refusal: { code, message } };
}
