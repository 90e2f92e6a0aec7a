import type { Command } from "#core/command.ts";
import { parseObject, stringifyJson } from "#core/json.ts";
import type { MailBody } from "#core/mail.ts";
import { isTerminal } from "#core/run.ts";
import { alreadyEnded, noChange, outcomeAtOnce } from "#ledger/batch-rules.ts";
import type { Committed } from "#ledger/ledger.ts";
import { catalogueCells, putCatalogue } from "#ledger/sqlite/artifact-catalogue.ts";
import type { Plan } from "#ledger/sqlite/batch-check.ts";
import { type Cell, identityColumns, progressColumns } from "#ledger/sqlite/run-row.ts";
import type { KnownRun, RunTable } from "#ledger/sqlite/run-table.ts";
import type { Statements } from "#ledger/sqlite/statements.ts";
import type { WireBatch, WireCommand } from "#ledger/sqlite/wire.ts";

/** What one transaction shares between its batches. */
export interface Transaction {
  statements: Statements;
  runs: RunTable;
  nextMailId(): number;
}

/** What a batch did beyond what it asked for. */
export interface Applied {
  commands: Committed["commands"];
  /** Runs that got mail. Mail to a run that has ended is dropped. */
  mailed: string[];
  /** An emit_event command was accepted. */
  emits: boolean;
}

export function applyBatch(batch: WireBatch, plan: Plan, transaction: Transaction): Applied {
  const { statements } = transaction;
  const applied: Applied = { commands: [], mailed: [], emits: false };
  writeStarts(batch, plan, statements);
  for (const planned of plan.updates) {
    if (planned.update.isNote) writeNote(planned, statements);
    else writeUpdate(planned, statements);
  }
  for (const [index, mail] of batch.mail.entries()) {
    const run = plan.mail[index] as KnownRun;
    if (!isTerminal(run.status)) post(transaction, applied, { runId: mail.runId, no: run.no, body: mail.body });
    else ignoreCommand(statements, mail.body, run, batch.at);
  }
  for (const command of batch.commands) applied.commands.push(writeCommand(command, batch, transaction, applied));
  for (const { outcome, appliedAt, seq } of batch.outcomes) statements.setOutcome.run(outcome, appliedAt, seq);
  for (const cells of batch.artifacts) {
    statements.putArtifact.run(...cells.slice(0, -catalogueCells));
    putCatalogue(cells, statements.catalogue);
  }
  for (const body of batch.memory) statements.insertMemory.run(body);
  const key = batch.startKey;
  if (key) statements.insertStartKey.run(key.key, key.principal, key.bodyHash, key.runId);
  for (const { run } of plan.updates) if (isTerminal(run.status)) clearEnded(run, statements, batch.at);
  return applied;
}

function writeStarts(batch: WireBatch, plan: Plan, statements: Statements): void {
  for (const [index, start] of batch.starts.entries()) {
    const run = plan.starts[index] as KnownRun;
    run.no = Number(statements.insertRun.run(...start.cells).lastInsertRowid);
    statements.insertState.run(run.no, 0, 0, 1, start.vars, ...positionIn(start.cells, identityColumns.length));
  }
}

function writeUpdate(planned: Plan["updates"][number], statements: Statements): void {
  const { update, run, from, stateNo, listens } = planned;
  const head = from + update.records.length;
  const { changes } = statements.updateRun.run(
    ...update.progress,
    update.headHash,
    head,
    update.epoch,
    stateNo,
    listens ? 1 : 0,
    run.no,
    from,
  );
  if (changes !== 1) throw new Error(`run '${update.runId}' changed under its writer`);
  let seq = from;
  for (const json of update.records) statements.insertRecord.run(run.no, ++seq, json);
  // A snapshot stands for the delta of the same update.
  const position = positionIn(update.progress);
  if (update.snapshot !== null) statements.insertState.run(run.no, stateNo, head, 1, update.snapshot, ...position);
  else if (update.delta !== null || head > from)
    statements.insertState.run(run.no, stateNo, head, 0, update.delta ?? noChange, ...position);
  for (const id of update.consumed) statements.deleteMail.run(run.no, id);
  for (const key of update.listens) statements.insertListener.run(key, run.no);
}

function writeNote({ update, run, from }: Plan["updates"][number], statements: Statements): void {
  const { changes } = statements.noteRun.run(update.headHash, from + update.records.length, run.no, from);
  if (changes !== 1) throw new Error(`run '${update.runId}' changed under its writer`);
  let seq = from;
  for (const json of update.records) statements.insertRecord.run(run.no, ++seq, json);
}

const nodeColumn = progressColumns.indexOf("node_id");
const waitColumn = progressColumns.indexOf("wait");

/** Node and wait of a run, from cells whose progress begins at `from`. */
function positionIn(cells: Cell[], from = 0): [Cell, Cell] {
  return [cells[from + nodeColumn] ?? null, cells[from + waitColumn] ?? null];
}

function post(transaction: Transaction, applied: Applied, mail: { runId: string; no: number; body: string }): void {
  transaction.statements.insertMail.run(mail.no, transaction.nextMailId(), mail.body);
  applied.mailed.push(mail.runId);
}

/** Stores a command with what can be said of it at once: refused, ignored, or mail to its run. */
function writeCommand(
  command: WireCommand,
  batch: WireBatch,
  transaction: Transaction,
  applied: Applied,
): Committed["commands"][number] {
  const { statements, runs } = transaction;
  const known = statements.findCommand.get(command.commandId, command.principal) as { seq: number } | null;
  if (known) return { command_id: command.commandId, seq: known.seq, duplicate: true };
  const toRun = command.type !== "emit_event";
  const found = toRun ? runs.find(command.runId) : null;
  // A run of somebody else is like none.
  const run = command.runtimeId === null || found?.runtimeId === command.runtimeId ? found : null;
  const outcome = settledOutcome(command, run, batch.at);
  const { lastInsertRowid } = statements.insertCommand.run(
    command.commandId,
    command.principal,
    command.runId,
    command.type,
    command.payload,
    command.ts,
    command.clientId,
    command.runtimeId,
    outcome?.appliedAt ?? null,
    outcome?.text ?? null,
  );
  const seq = Number(lastInsertRowid);
  if (run && !outcome)
    post(transaction, applied, { runId: command.runId, no: run.no, body: commandMail(command, seq) });
  applied.emits ||= !toRun && !outcome;
  return { command_id: command.commandId, seq, duplicate: false };
}

/** What is known of a command at once; null when somebody has to apply it. */
function settledOutcome(
  { type, runId, pastOutcome, pastAppliedAt }: WireCommand,
  run: KnownRun | null,
  at: string,
): { text: string; appliedAt: string } | null {
  if (pastOutcome !== null) return { text: pastOutcome, appliedAt: pastAppliedAt ?? at };
  const outcome = type === "emit_event" ? null : outcomeAtOnce(runId, run?.status ?? null);
  return outcome && { text: stringifyJson(outcome), appliedAt: at };
}

function commandMail(wire: WireCommand, seq: number): string {
  const command: Command = {
    command_id: wire.commandId,
    run_id: wire.runId,
    type: wire.type,
    payload: parseObject(wire.payload),
    ts: wire.ts,
    client_id: wire.clientId,
    principal: wire.principal,
    runtime_id: wire.runtimeId,
    seq,
    applied_at: null,
    outcome: null,
  };
  const body: MailBody = { kind: "command", command };
  return stringifyJson(body);
}

/** Nobody listens for a run that ended, and nobody reads its mail: a command in it gets its outcome here, unless it has one. */
function clearEnded(run: KnownRun, statements: Statements, at: string): void {
  if (run.listens) statements.deleteListeners.run(run.no);
  const unread = statements.mailOf.values(run.no) as [string][];
  if (unread.length === 0) return;
  for (const [body] of unread) ignoreCommand(statements, body, run, at);
  statements.deleteMailOf.run(run.no);
}

function ignoreCommand(statements: Statements, body: string, run: KnownRun, at: string): void {
  const mail = JSON.parse(body) as MailBody;
  if (mail.kind === "command") statements.setOutcome.run(stringifyJson(alreadyEnded(run.status)), at, mail.command.seq);
}
