import type { Database } from "bun:sqlite";
import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { NewMail } from "#core/mail.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import type { Wait } from "#core/run.ts";
import type { ContentsRun, ContentsState, LedgerContents } from "#ledger/contents.ts";
import type { StartKey } from "#ledger/ledger.ts";
import { requireOurs } from "#ledger/sqlite/database.ts";
import { migrations, rowBits } from "#ledger/sqlite/migrations.ts";
import { openQuietly } from "#ledger/sqlite/quiet-database.ts";
import { type CommandRow, LedgerReader, toCommand } from "#ledger/sqlite/reader.ts";
import { type StoredArtifact, toArtifact } from "#ledger/sqlite/stored-artifact.ts";

const pageSize = 500;
const ofRun = `id >= (?1 << ${rowBits}) AND id < ((?1 + 1) << ${rowBits})`;

/** Opens a ledger file of ours that nobody works on, without leaving anything beside it. AppError `storage` when it is of another version. */
export async function openSqliteContents(path: string): Promise<LedgerContents> {
  const { db, close } = await openQuietly(path);
  try {
    requireOurs(db, path);
    const version = (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
    if (version < migrations.length)
      throw new AppError("storage", `${path} is of an older version: start a gateway on it once, and stop it`);
  } catch (error) {
    await close();
    throw error;
  }
  return contentsOf(db, close);
}

function contentsOf(db: Database, close: () => Promise<void>): LedgerContents {
  const reader = new LedgerReader(db);
  return {
    *runIds() {
      const sql = "SELECT run_no AS no, run_id FROM runs WHERE run_no > ? ORDER BY run_no";
      for (const { run_id } of rows<{ no: number; run_id: string }>(db, sql)) yield run_id;
    },
    run: (runId) => runOf(reader, runId),
    states: (runId) => statesOf(reader, runId),
    *records(runId) {
      for (let after = 0; ;) {
        const page = reader.records(runId, after, { limit: pageSize });
        for (const { json } of page) yield json;
        const last = page.at(-1);
        if (!last) return;
        after = last.seq;
      }
    },
    *commands() {
      const sql = "SELECT seq AS no, * FROM commands WHERE seq > ? ORDER BY seq";
      for (const { no: _no, ...row } of rows<CommandRow & { no: number }>(db, sql)) yield toCommand(row);
    },
    *startKeys() {
      yield* db.query("SELECT key, principal, body_hash, run_id FROM start_keys").all() as StartKey[];
    },
    *artifacts() {
      const sql = "SELECT artifact_no AS no, * FROM artifacts WHERE artifact_no > ? ORDER BY artifact_no";
      for (const { no: _no, ...row } of rows<StoredArtifact & { no: number }>(db, sql)) yield toArtifact(row);
    },
    *memory() {
      const sql = "SELECT no, body FROM memory_log WHERE no > ? ORDER BY no";
      for (const { body } of rows<{ no: number; body: string }>(db, sql))
        yield parseJson(body) as unknown as MemoryEvent;
    },
    close,
  };
}

/** Rows of a table with an integer key, page by page. */
function* rows<Row extends { no: number }>(db: Database, sql: string): Generator<Row> {
  for (let after = -1; ;) {
    const page = db.query(`${sql} LIMIT ${pageSize}`).all(after) as Row[];
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.no;
  }
}

function runOf(reader: LedgerReader, runId: string): ContentsRun | null {
  const run = reader.run(runId);
  if (!run) return null;
  const no = reader.runNo(runId);
  const compacted = reader.db.query("SELECT compacted FROM runs WHERE run_no = ?").values(no)[0]?.[0];
  const keys = reader.db.query("SELECT key FROM listeners WHERE run_no = ? ORDER BY key").values(no) as [string][];
  const mail = reader.mail(runId, Number.MAX_SAFE_INTEGER).map(({ id: _id, ...rest }): NewMail => rest);
  return { run, mail, listens: keys.flat(), isCompacted: compacted === 1 };
}

function* statesOf(reader: LedgerReader, runId: string): Generator<ContentsState> {
  const no = reader.runNo(runId) ?? -1;
  const query = reader.db.query(
    `SELECT id & ${2 ** rowBits - 1} AS no, seq, is_snapshot, json, node_id, wait FROM states
     WHERE ${ofRun} AND id > ((?1 << ${rowBits}) + ?2) ORDER BY id LIMIT ${pageSize}`,
  );
  for (let after = -1; ;) {
    const page = query.all(no, after) as StateRow[];
    for (const row of page) yield toState(row);
    const last = page.at(-1);
    if (!last) return;
    after = last.no;
  }
}

interface StateRow {
  no: number;
  seq: number;
  is_snapshot: number;
  json: string;
  node_id: string | null;
  wait: string | null;
}

function toState({ seq, is_snapshot, json, node_id, wait }: StateRow): ContentsState {
  const parsed = wait === null ? null : (parseJson(wait) as unknown as Wait);
  return { seq, isSnapshot: is_snapshot === 1, json, position: node_id === null ? null : { node_id, wait: parsed } };
}
