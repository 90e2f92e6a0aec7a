import { Database } from "bun:sqlite";
import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";

/** "AGUS": marks the file as ours. */
const applicationId = 0x41475553;

/**
 * Users, digests of their credentials and browser sessions, in a file of their own: it is asked with every request, so in this thread, and
 * stays as it is when the ledger has another store. Secrets are never in it.
 */
const schema = `
  CREATE TABLE users(
    tenant_id TEXT NOT NULL COLLATE NOCASE,
    user_id TEXT NOT NULL COLLATE NOCASE,
    email TEXT NOT NULL,
    roles TEXT NOT NULL,
    scopes TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    runtime_id TEXT NOT NULL,
    row_scope TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY(tenant_id, user_id)
  ) WITHOUT ROWID;
  CREATE TABLE tokens(
    digest TEXT PRIMARY KEY,
    token_id TEXT NOT NULL UNIQUE,
    tenant_id TEXT NOT NULL COLLATE NOCASE,
    user_id TEXT NOT NULL COLLATE NOCASE,
    name TEXT,
    grants TEXT,
    created_at TEXT NOT NULL,
    expires_ms REAL,
    used_ms REAL,
    FOREIGN KEY(tenant_id, user_id) REFERENCES users ON DELETE CASCADE
  ) WITHOUT ROWID;
  CREATE INDEX tokens_by_user ON tokens(tenant_id, user_id);
  CREATE TABLE sessions(
    digest TEXT PRIMARY KEY,
    csrf_digest TEXT NOT NULL,
    token_digest TEXT NOT NULL REFERENCES tokens ON DELETE CASCADE,
    created_ms REAL NOT NULL,
    seen_ms REAL NOT NULL,
    idle_ms REAL NOT NULL,
    expires_ms REAL NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX sessions_by_token ON sessions(token_digest);
  CREATE INDEX sessions_by_age ON sessions(created_ms);
  CREATE TABLE reservations(
    tenant_id TEXT NOT NULL COLLATE NOCASE,
    runtime_id TEXT NOT NULL COLLATE NOCASE,
    row_scope TEXT NOT NULL UNIQUE COLLATE NOCASE,
    owner_user_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY(tenant_id, runtime_id)
  ) WITHOUT ROWID;
`;

/** Opens the file, and makes it when it is missing; only its owner may read it. AppError `storage`. */
export function openAccountDatabase(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
    const db = new Database(path, { readwrite: true, strict: true });
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("PRAGMA foreign_keys = ON");
    // A deleted credential must not stay in a free page.
    db.run("PRAGMA secure_delete = ON");
    db.transaction(() => makeSchema(db, path)).immediate();
    return db;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("storage", `The file of users '${path}' cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

function makeSchema(db: Database, path: string): void {
  const version = db.query("PRAGMA user_version").values()[0]?.[0];
  if (version === 1 && db.query("PRAGMA application_id").values()[0]?.[0] === applicationId) return;
  const tables = db.query("SELECT count(*) FROM sqlite_master").values()[0]?.[0];
  if (version !== 0 || tables !== 0) {
    throw new AppError("storage", `'${path}' is not a file of users of this program, or one of a newer program`);
  }
  db.run(schema);
  db.run("PRAGMA user_version = 1");
  db.run(`PRAGMA application_id = ${applicationId}`);
}
