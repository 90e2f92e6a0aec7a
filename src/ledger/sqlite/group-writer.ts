import type { Database } from "bun:sqlite";
import { stringifyJson } from "#core/json.ts";
import { type Applied, type Transaction, applyBatch } from "#ledger/sqlite/batch-apply.ts";
import { checkBatch } from "#ledger/sqlite/batch-check.ts";
import { compactStates, deleteArtifacts } from "#ledger/sqlite/compact-states.ts";
import { addAccess } from "#ledger/sqlite/artifact-catalogue.ts";
import { deleteRuns } from "#ledger/sqlite/delete-runs.ts";
import { type Answer, type Change, type Task, type TaskResult, batchKind } from "#ledger/sqlite/jobs.ts";
import { releaseLease, renewLease, takeLease } from "#ledger/sqlite/leases.ts";
import { progressColumns } from "#ledger/sqlite/run-row.ts";
import { RunTable } from "#ledger/sqlite/run-table.ts";
import { type Statements, prepareStatements } from "#ledger/sqlite/statements.ts";
import { sqliteCode, storageError } from "#ledger/sqlite/storage-error.ts";
import { type CellReader, type WireBatch, decodeBatch } from "#ledger/sqlite/wire.ts";

export interface Job {
  id: number;
  kind: number;
  cells: CellReader;
}

const changeLifeMs = 60_000;
const wakeColumn = progressColumns.indexOf("wake_at");

/** Turns any number of jobs into one transaction. Owned by one thread; every call is synchronous. */
export class GroupWriter implements Transaction {
  readonly statements: Statements;
  readonly runs: RunTable;
  #db: Database;
  #origin: string | null;
  #mailId: number | null = null;
  #firstMailId = 0;
  #dataVersion = -1;
  #change: Change = emptyChange();
  #prunedAt = 0;

  constructor(db: Database, origin: string | null) {
    this.#db = db;
    this.#origin = origin;
    this.statements = prepareStatements(db);
    this.runs = new RunTable(db);
  }

  /** Answers every job, in order, after the commit is durable. Never throws. */
  run(jobs: Job[]): Answer[] {
    const decoded = jobs.map(decode);
    try {
      return this.#transact(decoded);
    } catch (error) {
      this.#rollback();
      // A value that the schema refuses is the fault of one job: its neighbours get another chance without it.
      if (jobs.length > 1 && isOneJobsFault(error)) return decoded.flatMap((job) => this.#alone(job));
      return jobs.map(() => failure(error));
    }
  }

  nextMailId(): number {
    if (this.#mailId === null) {
      this.#mailId = (this.statements.readCounter.get("mail_id") as { value: number }).value;
      this.#firstMailId = this.#mailId;
    }
    return ++this.#mailId;
  }

  /** Pages in the write-ahead log. */
  walFrames(): number {
    return (this.statements.walFrames.values()[0] as number[])[1] ?? 0;
  }

  /** Copies what no reader holds back into the file. Waits for nobody. Answers the frames that are left. */
  checkpoint(): number {
    const [, log = 0, done = 0] = this.statements.checkpoint.values()[0] as number[];
    return log - done;
  }

  close(): void {
    this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    // With its statements: otherwise the connection, and its locks, live until they are collected.
    this.#db.close(true);
  }

  #alone(job: Decoded): Answer[] {
    try {
      return this.#transact([job]);
    } catch (error) {
      this.#rollback();
      return [failure(error)];
    }
  }

  #transact(jobs: Decoded[]): Answer[] {
    this.statements.begin.run();
    this.#noticeOthers();
    const answers = jobs.map((job) => ("batch" in job ? this.#batch(job.batch) : { result: this.#task(job.task) }));
    if (this.#mailId !== null && this.#mailId !== this.#firstMailId) {
      this.statements.writeCounter.run(this.#mailId, "mail_id");
    }
    this.#writeChange();
    this.statements.commit.run();
    this.#mailId = null;
    return answers;
  }

  /** Another connection's commit makes everything that is remembered doubtful. */
  #noticeOthers(): void {
    const version = (this.statements.dataVersion.values()[0] as number[])[0] ?? 0;
    if (version !== this.#dataVersion) this.runs.clear();
    this.#dataVersion = version;
  }

  #batch(batch: WireBatch): Answer {
    const checked = checkBatch(batch, this.runs, this.statements);
    if (!("plan" in checked)) {
      this.runs.discard();
      return "duplicate" in checked ? { duplicate: checked.duplicate } : { refused: checked.refusal };
    }
    const applied = applyBatch(batch, checked.plan, this);
    this.runs.keep();
    if (this.#origin !== null) this.#noteChange(batch, applied);
    const plain = batch.commands.length === 0 && applied.mailed.length === batch.mail.length;
    return plain ? null : { applied };
  }

  #task(task: Task): TaskResult {
    if (task.do === "take_lease") return takeLease(task, this.statements);
    if (task.do === "renew_lease") return renewLease(task, this.statements);
    if (task.do === "release_lease") return releaseLease(task.lease, this.statements);
    if (task.do === "delete_artifacts") return deleteArtifacts(this.#db, task.artifactIds);
    if (task.do === "add_access") return addAccess(task.reads, this.statements.catalogue);
    this.runs.clear();
    return task.do === "compact_states" ? compactStates(this.#db, task) : deleteRuns(this.#db, task.runIds);
  }

  #noteChange(batch: WireBatch, applied: Applied): void {
    const change = this.#change;
    for (const start of batch.starts) change.started.push(start.cells[0] as string);
    for (const { runId, headSeq, records, status, progress } of batch.updates) {
      const wakeAtMs = progress[wakeColumn] as number | null;
      change.updates.push({ run_id: runId, from: headSeq, head_seq: headSeq + records.length, status, wakeAtMs });
    }
    change.mail.push(...applied.mailed);
    change.emits ||= applied.emits;
    change.memory ||= batch.memory.length > 0;
  }

  #writeChange(): void {
    const { started, updates, mail, emits, memory } = this.#change;
    if (this.#origin === null || !(started.length || updates.length || mail.length || emits || memory)) return;
    const atMs = Date.now();
    this.statements.insertChange.run(this.#origin, atMs, stringifyJson(this.#change));
    this.#change = emptyChange();
    if (atMs - this.#prunedAt < changeLifeMs / 4) return;
    this.statements.pruneChanges.run(atMs - changeLifeMs);
    this.#prunedAt = atMs;
  }

  #rollback(): void {
    this.runs.clear();
    this.#mailId = null;
    this.#change = emptyChange();
    try {
      if (this.#db.inTransaction) this.statements.rollback.run();
    } catch {
      // SQLite rolls back by itself on the errors after which ROLLBACK fails; the answer tells the first error.
    }
  }
}

type Decoded = { batch: WireBatch } | { task: Task };

function decode(job: Job): Decoded {
  if (job.kind === batchKind) return { batch: decodeBatch(job.cells) };
  return { task: JSON.parse(job.cells.text()) as Task };
}

function emptyChange(): Change {
  return { started: [], updates: [], mail: [], emits: false, memory: false };
}

function isOneJobsFault(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === "" || /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE|ERROR)/.test(code);
}

function failure(error: unknown): Answer {
  const { code, message, retryable } = storageError(error);
  return { refused: { code, message, retryable } };
}
