import { Database } from "bun:sqlite";
import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { copyBeforeMigration } from "#ledger/sqlite/copy-before-migration.ts";
import { migrations } from "#ledger/sqlite/migrations.ts";

// Older versions can lose a commit when a checkpoint and a WAL reset meet.
const oldestSqlite = [3, 51, 3] as const;
/** "AGWL": marks the file as ours. */
const applicationId = 0x4147574c;

/** Creates folder and file so that only their owner can read them. SQLite gives the WAL the same mode. */
export function createPrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw new AppError("storage", `The ledger file '${path}' cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** The connection that writes: WAL, every commit synced, schema brought up to date. The only one of its process. */
export function openForWriting(path: string, options: { maxBytes: number | null }): Database {
  const db = new Database(path, { readwrite: true });
  try {
    requireSqlite(db);
    db.run("PRAGMA busy_timeout = 5000");
    requireOurs(db, path);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    // The writer checkpoints by itself, after it has answered.
    db.run("PRAGMA wal_autocheckpoint = 0");
    db.run("PRAGMA journal_size_limit = 67108864");
    db.run("PRAGMA cache_size = -16384");
    const schema = pragma(db, "user_version");
    if (schema > 0 && schema < migrations.length) copyBeforeMigration(db, path, schema);
    migrate(db);
    if (options.maxBytes !== null) db.run(`PRAGMA max_page_count = ${Math.ceil(options.maxBytes / 4096)}`);
    return db;
  } catch (error) {
    db.close(true);
    throw error;
  }
}

export function openForReading(path: string): Database {
  const db = new Database(path, { readonly: true });
  db.run("PRAGMA busy_timeout = 5000");
  db.run("PRAGMA query_only = ON");
  db.run("PRAGMA cache_size = -8192");
  return db;
}

export function requireSqlite(db: Database): void {
  const { version } = db.query("SELECT sqlite_version() AS version").get() as { version: string };
  if (isOlder(version)) {
    throw new AppError("storage", `SQLite ${version} is too old: the ledger needs ${oldestSqlite.join(".")} or newer`);
  }
}

/** Version of the SQLite in this process. */
export function sqliteVersion(): string {
  const db = new Database(":memory:");
  try {
    return (db.query("SELECT sqlite_version() AS version").get() as { version: string }).version;
  } finally {
    db.close(true);
  }
}

export function isOlder(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, wanted] of oldestSqlite.entries()) {
    const have = parts[index] ?? 0;
    if (have !== wanted) return have < wanted;
  }
  return false;
}

/** Schema of a ledger file and of this program, told without changing the file. AppError `storage` when it is not ours or too new. */
export function ledgerSchema(path: string): { found: number; known: number } {
  const db = openForReading(path);
  try {
    requireOurs(db, path);
    return { found: pragma(db, "user_version"), known: migrations.length };
  } finally {
    db.close(true);
  }
}

export function requireOurs(db: Database, path: string): void {
  const version = pragma(db, "user_version");
  if (version > migrations.length) {
    throw new AppError(
      "storage",
      `The ledger file '${path}' has schema ${version}, newer than the ${migrations.length} of this program: use a newer program`,
    );
  }
  const { tables } = db.query("SELECT count(*) AS tables FROM sqlite_master").get() as { tables: number };
  if (tables > 0 && pragma(db, "application_id") !== applicationId) {
    throw new AppError("storage", `The file '${path}' is an SQLite database of another program`);
  }
}

function migrate(db: Database): void {
  db.run("BEGIN IMMEDIATE");
  try {
    // Read under the lock: another process may have migrated a moment ago.
    const from = pragma(db, "user_version");
    for (const step of migrations.slice(from)) {
      if (typeof step === "string") db.run(step);
      else step(db);
    }
    if (from < migrations.length) {
      db.run(`PRAGMA user_version = ${migrations.length}`);
      db.run(`PRAGMA application_id = ${applicationId}`);
    }
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

function pragma(db: Database, name: string): number {
  return Object.values(db.query(`PRAGMA ${name}`).get() as Record<string, number>)[0] ?? 0;
}
