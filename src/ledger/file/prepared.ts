import type { CommandType } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import type { RunIdentity, RunProgress, RunStatus } from "#core/run.ts";
import { requireConsecutive } from "#ledger/batch-rules.ts";
import type { Batch, NewRun, RunUpdate, StartKey } from "#ledger/ledger.ts";
import type { RunChange } from "#ledger/file/change.ts";

/** A batch as text, made when it was handed over: what its owner does with its objects afterwards changes nothing. */
export interface Prepared {
  starts: { runId: string; runtimeId: string; status: RunStatus; run: string; vars: string }[];
  updates: PreparedUpdate[];
  mail: { runId: string; body: string; commandSeq: number | null }[];
  commands: {
    commandId: string;
    principal: string;
    runId: string;
    runtimeId: string | null;
    type: CommandType;
    row: string;
    past: string | null;
  }[];
  outcomes: { seq: number; outcome: string; appliedAt: string }[];
  artifacts: string[];
  memory: string[];
  startKey: StartKey | null;
  /** Time of the commit, for outcomes that the store itself gives. */
  at: string;
}

export interface PreparedUpdate {
  runId: string;
  headSeq: number;
  epoch: number;
  status: RunStatus;
  change: RunChange;
  isNote: boolean;
}

/** AppError `conflict` when records are not consecutive, `internal` when something cannot be stored. */
export function prepare(batch: Batch, at: string): Prepared {
  return {
    starts: (batch.starts ?? []).map(preparedStart),
    updates: (batch.updates ?? []).map(preparedUpdate),
    mail: (batch.mail ?? []).map(({ run_id, ...body }) => ({
      runId: run_id,
      body: stringifyJson(body),
      commandSeq: body.kind === "command" ? body.command.seq : null,
    })),
    commands: (batch.commands ?? []).map(({ past, ...command }) => ({
      commandId: command.command_id,
      principal: command.principal,
      runId: command.run_id,
      runtimeId: command.runtime_id,
      type: command.type,
      row: stringifyJson(command),
      past: past ? stringifyJson(past) : null,
    })),
    outcomes: (batch.outcomes ?? []).map(({ seq, outcome, applied_at }) => ({
      seq,
      outcome: stringifyJson(outcome),
      appliedAt: applied_at,
    })),
    artifacts: (batch.artifacts ?? []).map((artifact) => stringifyJson(artifact)),
    memory: (batch.memory ?? []).map((event) => stringifyJson(event)),
    startKey: batch.startKey ? { ...batch.startKey } : null,
    at,
  };
}

function preparedStart({ run, vars }: NewRun): Prepared["starts"][number] {
  requireTexts(run, ["run_id", "workflow_id", "root_run_id", "runtime_id", "created_at"]);
  requireTexts(run, progressTexts);
  const { run_id, runtime_id, status } = run;
  return { runId: run_id, runtimeId: runtime_id, status, run: stringifyJson(run), vars: oneLine(vars) };
}

function preparedUpdate(update: RunUpdate): PreparedUpdate {
  requireConsecutive(update);
  requireTexts(update.progress, progressTexts);
  const { run_id, head_seq, epoch, progress, snapshot, delta } = update;
  const change: RunChange = {
    do: "update",
    run_id,
    head_hash: update.records.at(-1)?.hash ?? null,
    epoch,
    progress: stringifyJson(progress),
    records: update.records.map(({ json }) => oneLine(json)),
    snapshot: snapshot === null ? null : oneLine(snapshot),
    delta: snapshot === null && delta !== null ? oneLine(delta) : null,
    consumed: [...update.consumed],
    listens: [...update.listens],
  };
  return { runId: run_id, headSeq: head_seq, epoch, status: progress.status, change, isNote: update.isNote === true };
}

const progressTexts = ["status", "node_id", "updated_at"] as const;

/** What every run is found and ordered by. */
function requireTexts<T extends RunIdentity | RunProgress>(part: T, names: readonly (keyof T & string)[]): void {
  const missing = names.find((name) => typeof part[name] !== "string");
  if (missing) throw new AppError("storage", `The ledger cannot hold a run without '${missing}'`);
}

/** A line break would be two lines of a file. JSON text that was made here has none. */
function oneLine(json: string): string {
  if (json.includes("\n")) throw new AppError("storage", "The ledger cannot hold JSON text with line breaks");
  return json;
}
