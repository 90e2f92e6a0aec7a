import type { Database } from "bun:sqlite";
import { addCatalogue } from "#ledger/sqlite/artifact-catalogue.ts";

/**
 * Numbered schema steps: step n brings `PRAGMA user_version` from n to n + 1. A released step never changes.
 *
 * Short ids cost writes: every b-tree with a random key is one more dirty page per run and commit, so there is one for `run_id` and the
 * others are partial, on columns that are null for most runs. Records and states have a composite integer key, `run_no << 24 | n`, in a
 * plain rowid table: rows of one run lie together, and a leaf page takes a whole row (an index b-tree would push everything above 1 KB
 * into an overflow page of its own).
 */
export const migrations: readonly (string | ((db: Database) => void))[] = [
  `
  CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES('mail_id', 0);

  CREATE TABLE runs(
    run_no INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    workflow_id TEXT NOT NULL,
    bundle_digest TEXT,
    parent_run_id TEXT,
    root_run_id TEXT NOT NULL,
    session_id TEXT,
    actor_id TEXT,
    runtime_id TEXT NOT NULL,
    schedule_id TEXT,
    lifecycle TEXT,
    draft INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    status TEXT NOT NULL CHECK(status IN ('running','waiting','completed','failed','cancelled')),
    paused INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    wait TEXT,
    wait_key TEXT,
    wake_at REAL,
    pause TEXT,
    output TEXT,
    error TEXT,
    limits TEXT,
    flow_warnings TEXT,
    updated_at TEXT NOT NULL,
    finished_at TEXT,
    head_seq INTEGER NOT NULL DEFAULT 0,
    head_hash TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    state_no INTEGER NOT NULL DEFAULT 0,
    listens INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX runs_by_update ON runs(updated_at, status, head_seq);
  CREATE INDEX runs_live ON runs(status) WHERE status IN ('running','waiting');
  CREATE INDEX runs_by_parent ON runs(parent_run_id) WHERE parent_run_id IS NOT NULL;
  CREATE INDEX runs_by_session ON runs(session_id) WHERE session_id <> run_id;
  CREATE INDEX runs_by_wait_key ON runs(wait_key) WHERE wait_key IS NOT NULL;
  CREATE INDEX runs_by_wake ON runs(wake_at) WHERE wake_at IS NOT NULL;

  CREATE TABLE records(id INTEGER PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE states(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, is_snapshot INTEGER NOT NULL, json TEXT NOT NULL);

  CREATE TABLE commands(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    run_id TEXT NOT NULL,
    type TEXT NOT NULL,
    payload TEXT NOT NULL,
    ts TEXT NOT NULL,
    client_id TEXT,
    applied_at TEXT,
    outcome TEXT,
    UNIQUE(command_id, principal)
  );
  CREATE INDEX commands_by_run ON commands(run_id);
  CREATE INDEX pending_emits ON commands(type) WHERE type = 'emit_event' AND applied_at IS NULL;

  CREATE TABLE mailbox(run_no INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(run_no, id)) WITHOUT ROWID;
  CREATE TABLE listeners(key TEXT NOT NULL, run_no INTEGER NOT NULL, PRIMARY KEY(key, run_no)) WITHOUT ROWID;
  CREATE INDEX listeners_by_run ON listeners(run_no);
  CREATE TABLE start_keys(
    key TEXT NOT NULL, principal TEXT NOT NULL, body_hash TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY(key, principal)
  ) WITHOUT ROWID;
  CREATE TABLE artifacts(
    artifact_no INTEGER PRIMARY KEY,
    artifact_id TEXT NOT NULL UNIQUE,
    blob_id TEXT NOT NULL,
    run_id TEXT,
    content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL
  );
  CREATE INDEX artifacts_by_run ON artifacts(run_id);
  CREATE TABLE leases(name TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL, until_ms REAL NOT NULL) WITHOUT ROWID;
  CREATE TABLE changes(no INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, at_ms REAL NOT NULL, body TEXT NOT NULL);
  `,
  `
  ALTER TABLE runs ADD COLUMN schedule TEXT;
  CREATE INDEX runs_by_schedule ON runs(schedule_id) WHERE schedule_id IS NOT NULL;
  `,
  // With one user every run is in the runtime 'default', and the index costs nothing.
  `
  CREATE INDEX runs_by_runtime ON runs(runtime_id, updated_at) WHERE runtime_id <> 'default';
  ALTER TABLE commands ADD COLUMN runtime_id TEXT;
  ALTER TABLE artifacts ADD COLUMN runtime_id TEXT NOT NULL DEFAULT 'default';
  `,
  `
  ALTER TABLE runs ADD COLUMN forked_from TEXT;
  CREATE INDEX runs_by_fork ON runs(forked_from ->> 'run_id') WHERE forked_from IS NOT NULL;
  ALTER TABLE states ADD COLUMN node_id TEXT;
  ALTER TABLE states ADD COLUMN wait TEXT;
  `,
  "ALTER TABLE runs ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0;",
  `
  CREATE TABLE memory_log(no INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
  `,
  addCatalogue,
];

/** Low bits of the composite keys: a run holds fewer than 2^24 records and state rows (`maxRows`). */
export const rowBits = 24;
