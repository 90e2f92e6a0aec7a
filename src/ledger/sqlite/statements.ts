import type { Database } from "bun:sqlite";
import { prepareCatalogue } from "#ledger/sqlite/artifact-catalogue.ts";
import { identityColumns, progressColumns } from "#ledger/sqlite/run-row.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";

export type Statements = ReturnType<typeof prepareStatements>;

/** Every statement of the commit path, prepared once. */
export function prepareStatements(db: Database) {
  const born = [...identityColumns, ...progressColumns];
  const key = `(?1 << ${rowBits}) | ?2`;
  return {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    rollback: db.prepare("ROLLBACK"),
    dataVersion: db.prepare("PRAGMA data_version"),
    walFrames: db.prepare("PRAGMA wal_checkpoint(NOOP)"),
    checkpoint: db.prepare("PRAGMA wal_checkpoint(PASSIVE)"),

    insertRun: db.prepare(`INSERT INTO runs(${born.join(",")}) VALUES(${born.map(() => "?").join(",")})`),
    // The store's own guard behind the check: a run that ended or moved on matches no row.
    updateRun: db.prepare(
      `UPDATE runs SET ${progressColumns.map((column) => `${column}=?`).join(",")},
       head_hash=coalesce(?,head_hash), head_seq=?, epoch=?, state_no=?, listens=?
       WHERE run_no=? AND head_seq=? AND status IN ('running','waiting')`,
    ),
    noteRun: db.prepare(
      `UPDATE runs SET head_hash=coalesce(?,head_hash), head_seq=?
       WHERE run_no=? AND head_seq=? AND status NOT IN ('running','waiting')`,
    ),
    insertRecord: db.prepare(`INSERT INTO records(id, json) VALUES(${key}, ?3)`),
    insertState: db.prepare(
      `INSERT INTO states(id, seq, is_snapshot, json, node_id, wait) VALUES(${key}, ?3, ?4, ?5, ?6, ?7)`,
    ),

    hasMail: db.prepare("SELECT 1 FROM mailbox WHERE run_no=? AND id=?"),
    mailOf: db.prepare("SELECT body FROM mailbox WHERE run_no=?"),
    insertMail: db.prepare("INSERT INTO mailbox(run_no, id, body) VALUES(?,?,?)"),
    deleteMail: db.prepare("DELETE FROM mailbox WHERE run_no=? AND id=?"),
    deleteMailOf: db.prepare("DELETE FROM mailbox WHERE run_no=?"),
    readCounter: db.prepare("SELECT value FROM meta WHERE key=?"),
    writeCounter: db.prepare("UPDATE meta SET value=? WHERE key=?"),

    insertListener: db.prepare("INSERT OR IGNORE INTO listeners(key, run_no) VALUES(?,?)"),
    deleteListeners: db.prepare("DELETE FROM listeners WHERE run_no=?"),

    findCommand: db.prepare("SELECT seq FROM commands WHERE command_id=? AND principal=?"),
    insertCommand: db.prepare(
      `INSERT INTO commands(command_id, principal, run_id, type, payload, ts, client_id, runtime_id, applied_at, outcome)
       VALUES(?,?,?,?,?,?,?,?,?,?)`,
    ),
    setOutcome: db.prepare("UPDATE commands SET outcome=?, applied_at=? WHERE seq=? AND applied_at IS NULL"),

    findStartKey: db.prepare("SELECT body_hash, run_id FROM start_keys WHERE key=? AND principal=?"),
    insertStartKey: db.prepare("INSERT INTO start_keys(key, principal, body_hash, run_id) VALUES(?,?,?,?)"),

    putArtifact: db.prepare(
      `INSERT INTO artifacts(artifact_id, blob_id, run_id, runtime_id, content_type, size_bytes, created_at, tags, metadata)
       VALUES(?,?,?,?,?,?,?,?,?)
       ON CONFLICT(artifact_id) DO UPDATE SET blob_id=excluded.blob_id, run_id=excluded.run_id, content_type=excluded.content_type,
       size_bytes=excluded.size_bytes, created_at=excluded.created_at, tags=excluded.tags, metadata=excluded.metadata
       WHERE runtime_id=excluded.runtime_id`,
    ),
    catalogue: prepareCatalogue(db),

    insertMemory: db.prepare("INSERT INTO memory_log(body) VALUES(?)"),

    findLease: db.prepare("SELECT owner, epoch, until_ms FROM leases WHERE name=?"),
    putLease: db.prepare("INSERT OR REPLACE INTO leases(name, owner, epoch, until_ms) VALUES(?,?,?,?)"),

    insertChange: db.prepare("INSERT INTO changes(origin, at_ms, body) VALUES(?,?,?)"),
    pruneChanges: db.prepare("DELETE FROM changes WHERE at_ms < ?"),
  };
}
