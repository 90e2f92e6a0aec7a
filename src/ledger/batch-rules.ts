import type { CommandOutcome } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import { type RunProgress, type RunStatus, isTerminal, legalMoves } from "#core/run.ts";
import { parseTime } from "#core/time.ts";
import type { RunUpdate } from "#ledger/ledger.ts";

/* What every store decides alike about a batch. */

/** A run holds at most so many records, and so many states. */
export const maxRows = 2 ** 24 - 1;

/** AppError `conflict` when the records of an update do not follow one another. */
export function requireConsecutive(update: RunUpdate): void {
  let expected = update.head_seq;
  for (const { seq } of update.records) {
    if (seq !== ++expected) {
      throw new AppError("conflict", `Record ${seq} of run '${update.run_id}' does not follow record ${expected - 1}`);
    }
  }
  if (expected > maxRows) throw new AppError("conflict", `Run '${update.run_id}' holds at most ${maxRows} records`);
}

/** Compare and set: why an update may not follow what is stored, or null. */
export function updateProblem(
  update: { runId: string; headSeq: number; epoch: number; status: RunStatus },
  stored: { head: number; status: RunStatus; epoch: number; stateNo: number },
): string | null {
  const { runId, headSeq, epoch, status } = update;
  if (epoch < stored.epoch) {
    return `Run '${runId}' belongs to epoch ${stored.epoch}: epoch ${epoch} may not change it`;
  }
  if (headSeq !== stored.head) return `Run '${runId}' stands at record ${stored.head}, not at ${headSeq}`;
  if (!legalMoves[stored.status].includes(status)) {
    return `Run '${runId}' cannot go from ${stored.status} to ${status}`;
  }
  return stored.stateNo >= maxRows ? `Run '${runId}' holds at most ${maxRows} changes` : null;
}

/** Why a note may not follow what is stored, or null. The epoch does not matter: no runner owns a run that has ended. */
export function noteProblem(
  update: { runId: string; headSeq: number },
  stored: { head: number; status: RunStatus },
): string | null {
  const { runId, headSeq } = update;
  if (!isTerminal(stored.status)) return `Run '${runId}' is still ${stored.status}: its own runner writes about it`;
  return headSeq === stored.head ? null : `Run '${runId}' stands at record ${stored.head}, not at ${headSeq}`;
}

/** The delta of a commit that changed no var: its state says where the run stood. */
export const noChange = "[]";

/** Each commit with records is a place that a fork may begin at, so it has a state of its own even when no var changed. */
export function writesState(update: { snapshot: string | null; delta: string | null; records: number }): boolean {
  return update.snapshot !== null || update.delta !== null || update.records > 0;
}

export function mailIsGone(runId: string, id: number): string {
  return `Mail ${id} of run '${runId}' is gone: somebody consumed it`;
}

/** What can be said of a command to a run as soon as it arrives. Null: it becomes mail. */
export function outcomeAtOnce(runId: string, status: RunStatus | null): CommandOutcome | null {
  if (status === null) return { status: "refused", message: `Run '${runId}' not found` };
  return isTerminal(status) ? alreadyEnded(status) : null;
}

export function alreadyEnded(status: RunStatus): CommandOutcome {
  return { status: "ignored", message: `The run is already ${status}` };
}

/** Time in ms at which a run wants to be woken: the `until` of a waiting run that is not paused. */
export function wakeAt(progress: RunProgress): number | null {
  if (progress.status !== "waiting" || isPaused(progress)) return null;
  const until = progress.wait?.until;
  if (!until) return null;
  const ms = parseTime(until);
  return Number.isNaN(ms) ? null : ms;
}

/** Key under which an event wakes a run: only a wait that can be woken has one. */
export function wakeKey(progress: RunProgress): string | null {
  return progress.status === "waiting" && !isPaused(progress) ? (progress.wait?.wait_key ?? null) : null;
}

export function isPaused(progress: RunProgress): boolean {
  return progress.pause?.paused === true;
}

/** Runs that tests of a draft started. */
export function isDraft(lifecycle: { purpose?: unknown } | null): boolean {
  return lifecycle?.purpose === "draft_test";
}
