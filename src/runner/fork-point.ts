import { restoreVars } from "#core/delta.ts";
import { AppError } from "#core/errors.ts";
import { type Run, type RunStatus, type Wait, isTerminal, pauseKey } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import type { Ledger, Position } from "#ledger/ledger.ts";

export type StateReader = Pick<Ledger, "getRun" | "readState" | "readRecords">;

/** A run as it was after one of its commits. */
export interface ForkPoint {
  /** The commit's last record; 0 is the state that the run was born with. */
  cursor: number;
  /** Where the run stands now. */
  head: number;
  status: RunStatus;
  nodeId: string;
  wait: Wait | null;
  vars: JsonObject;
  recordHash: string | null;
}

/**
 * Reads a run as of a cursor. A commit is all or nothing, so a cursor in the middle of one means the commit before it. AppErrors:
 * `unprocessable` for a cursor after the head, `conflict` when the state is no longer kept.
 */
export async function readForkPoint(ledger: StateReader, runId: string, at: number | null): Promise<ForkPoint> {
  const state = await ledger.readState(runId, at ?? undefined);
  // Read after the state: the row cannot be older than it.
  const run = await ledger.getRun(runId);
  if (!run) throw new AppError("not_found", `Run '${runId}' not found`);
  if (at !== null && at > run.head_seq) {
    throw new AppError("unprocessable", `Run '${runId}' stands at record ${run.head_seq}: there is no cursor ${at}`);
  }
  if (!state || (at !== null && state.seq > at)) throw notKept(runId, at);
  if (at && state.seq === 0 && isTerminal(run.status) && (await isCompacted(ledger, runId, state.snapshot)))
    throw notKept(runId, at);
  const position = state.position ?? oldPosition(run, state.seq, at);
  // Records that were copied from another gateway came without their states; no node of a flow is named like this.
  if (state.seq > 0 && position.node_id.startsWith("__")) throw notKept(runId, at);
  const hasEnded = isTerminal(run.status) && state.seq === run.head_seq;
  // A pause is no place in the flow.
  const wait = position.wait?.wait_key === pauseKey(runId) ? null : position.wait;
  return {
    cursor: state.seq,
    head: run.head_seq,
    status: hasEnded ? run.status : wait ? "waiting" : "running",
    nodeId: position.node_id,
    wait: hasEnded ? null : wait,
    vars: restoreVars(state.snapshot, state.deltas),
    recordHash: state.seq === 0 ? null : await hashOf(ledger, runId, state.seq),
  };
}

/** Of a run that ended long ago the first and the last state are kept; a run that lives has its end as changes of its beginning. */
async function isCompacted(ledger: StateReader, runId: string, first: string): Promise<boolean> {
  const last = await ledger.readState(runId);
  return last?.deltas.length === 0 && last.snapshot !== first;
}

async function hashOf(ledger: StateReader, runId: string, seq: number): Promise<string> {
  const [record] = await ledger.readRecords(runId, seq - 1, { limit: 1 });
  if (!record) throw notKept(runId, seq);
  return record.hash;
}

/** A store of an earlier version knows the position of the head only. */
function oldPosition(run: Run, seq: number, at: number | null): Position {
  if (seq === run.head_seq) return { node_id: run.node_id, wait: run.wait };
  throw notKept(run.run_id, at);
}

function notKept(runId: string, at: number | null): AppError {
  return new AppError(
    "conflict",
    `The state of run '${runId}'${at === null ? "" : ` at cursor ${at}`} is no longer kept: only its records are`,
  );
}
