import type { Command, NewCommand } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import { parseObject, stringifyJson } from "#core/json.ts";
import type { MailBody } from "#core/mail.ts";
import { isTerminal } from "#core/run.ts";
import {
  alreadyEnded,
  mailIsGone,
  noteProblem,
  outcomeAtOnce,
  updateProblem,
  writesState,
} from "#ledger/batch-rules.ts";
import type { Committed } from "#ledger/ledger.ts";
import type { Prepared, PreparedUpdate } from "#ledger/file/prepared.ts";
import type { Stage } from "#ledger/file/stage.ts";

/** What a batch does beyond what it asked for. */
export interface Planned {
  committed: Committed;
  /** Runs that get mail. Mail to a run that has ended is dropped. */
  mailed: string[];
  emits: boolean;
}

/** Stages a whole batch. AppError `conflict` or `not_found` refuses it: then the stage is thrown away. */
export function planBatch(batch: Prepared, stage: Stage): Planned {
  const known = batch.startKey && stage.findStartKey(batch.startKey.key, batch.startKey.principal);
  if (known) return { committed: { commands: [], duplicate: known }, mailed: [], emits: false };
  const planned: Planned = { committed: { commands: [], duplicate: null }, mailed: [], emits: false };
  for (const start of batch.starts) planStart(start, stage);
  for (const update of batch.updates) planUpdate(update, stage);
  for (const mail of batch.mail) planMail(mail, batch, { stage, planned });
  for (const command of batch.commands) {
    planned.committed.commands.push(planCommand(command, batch, { stage, planned }));
  }
  for (const { seq, outcome, appliedAt } of batch.outcomes) settle(seq, outcome, { stage, at: appliedAt });
  for (const row of batch.artifacts) stage.changes.push({ do: "artifact", row });
  for (const row of batch.memory) stage.changes.push({ do: "memory", no: stage.next("memory_no"), row });
  if (batch.startKey) {
    stage.addStartKey(batch.startKey);
    stage.changes.push({ do: "start_key", row: stringifyJson(batch.startKey) });
  }
  for (const { runId } of batch.updates) ignoreUnread(runId, batch, stage);
  return planned;
}

function planStart({ runId, runtimeId, status, run, vars }: Prepared["starts"][number], stage: Stage): void {
  if (stage.look(runId)) throw new AppError("conflict", `Run '${runId}' exists already`);
  stage.add(runId, { runtimeId, status });
  stage.changes.push({ do: "start", no: stage.next("run_no"), run, vars });
}

function planUpdate(update: PreparedUpdate, stage: Stage): void {
  const { runId, change } = update;
  const run = stage.edit(runId);
  if (!run) throw notFound(runId);
  if (update.isNote) {
    const problem = noteProblem(update, run);
    if (problem !== null) throw new AppError("conflict", problem);
    run.head += change.records.length;
    stage.changes.push({ do: "note", run_id: runId, head_hash: change.head_hash, records: change.records });
    return;
  }
  const problem = updateProblem(update, run);
  if (problem !== null) throw new AppError("conflict", problem);
  for (const id of change.consumed) {
    if (!run.mail.delete(id)) throw new AppError("conflict", mailIsGone(runId, id));
  }
  run.head += change.records.length;
  run.status = update.status;
  run.epoch = update.epoch;
  if (writesState({ ...change, records: change.records.length })) run.stateNo++;
  stage.changes.push(change);
}

type Past = NonNullable<NewCommand["past"]>;

interface Going {
  stage: Stage;
  planned: Planned;
}

function planMail({ runId, body, commandSeq }: Prepared["mail"][number], batch: Prepared, going: Going): void {
  const run = going.stage.look(runId);
  if (!run) throw notFound(runId);
  if (!isTerminal(run.status)) post(runId, { body, commandSeq }, going);
  else if (commandSeq !== null) {
    settle(commandSeq, stringifyJson(alreadyEnded(run.status)), { stage: going.stage, at: batch.at });
  }
}

function post(runId: string, mail: { body: string; commandSeq: number | null }, { stage, planned }: Going): void {
  const id = stage.next("mail_id");
  stage.edit(runId)?.mail.set(id, mail.commandSeq);
  stage.changes.push({ do: "mail", run_id: runId, id, body: mail.body, command_seq: mail.commandSeq });
  planned.mailed.push(runId);
}

/** Stores a command with what can be said of it at once: refused, ignored, or mail to its run. */
function planCommand(
  { commandId, principal, runId, runtimeId, type, row, past }: Prepared["commands"][number],
  batch: Prepared,
  going: Going,
): Committed["commands"][number] {
  const { stage, planned } = going;
  const known = stage.findCommand(commandId, principal);
  if (known !== null) return { command_id: commandId, seq: known, duplicate: true };
  const isForRun = type !== "emit_event";
  const found = stage.look(runId);
  // A run of somebody else is like none.
  const run = runtimeId === null || found?.runtimeId === runtimeId ? found : null;
  const outcome = isForRun ? outcomeAtOnce(runId, run?.status ?? null) : null;
  const settled = past === null ? outcome && { outcome, applied_at: batch.at } : parsePast(past);
  const seq = stage.next("command_seq");
  const command = numbered(row, seq, settled);
  stage.addCommand({ commandId, principal, seq, isOpen: settled === null });
  stage.changes.push({ do: "command", row: stringifyJson(command) });
  if (isForRun && settled === null) {
    const body: MailBody = { kind: "command", command };
    post(runId, { body: stringifyJson(body), commandSeq: seq }, going);
  }
  planned.emits ||= !isForRun && settled === null;
  return { command_id: commandId, seq, duplicate: false };
}

function parsePast(text: string): Past {
  return parseObject(text) as unknown as Past;
}

function numbered(row: string, seq: number, known: Past | null): Command {
  const command = parseObject(row) as unknown as NewCommand;
  return { ...command, seq, applied_at: known?.applied_at ?? null, outcome: known?.outcome ?? null };
}

function settle(seq: number, outcome: string, { stage, at }: { stage: Stage; at: string }): void {
  if (stage.settle(seq)) stage.changes.push({ do: "outcome", seq, outcome, applied_at: at });
}

/** Nobody reads the mail of a run that has ended: a command in it gets its outcome here, unless it has one. */
function ignoreUnread(runId: string, batch: Prepared, stage: Stage): void {
  const run = stage.edit(runId);
  if (!run || !isTerminal(run.status)) return;
  for (const seq of run.mail.values()) {
    if (seq !== null) settle(seq, stringifyJson(alreadyEnded(run.status)), { stage, at: batch.at });
  }
  run.mail.clear();
}

function notFound(runId: string): AppError {
  return new AppError("not_found", `Run '${runId}' not found`);
}
