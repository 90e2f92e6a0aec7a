import { Database } from "bun:sqlite";
import { truncateSync } from "node:fs";
import { AppError, messageOf } from "#core/errors.ts";
import { sqliteCode } from "#ledger/sqlite/storage-error.ts";

export interface ProcessLock {
  release(): void;
}

/**
 * Takes an exclusive lock on a file for the life of this process, or answers null when another living process holds it. The operating
 * system frees it the moment its holder dies, so whoever gets it knows that there is no other: no waiting for a lease to run out after a crash.
 * It is an open exclusive transaction of SQLite, which locks the file itself on every platform.
 */
export function takeProcessLock(path: string): ProcessLock | null {
  try {
    return openLock(path);
  } catch (error) {
    if (!(error instanceof AppError) || sqliteCode(error.cause) !== "SQLITE_NOTADB") throw error;
    // The Python gateway leaves a lock file of the same name with a text in it; its lock does not hang on the text.
    truncateSync(path);
    return openLock(path);
  }
}

function openLock(path: string): ProcessLock | null {
  let database: Database;
  try {
    database = new Database(path, { create: true });
  } catch (error) {
    throw new AppError("storage", `The lock file ${path} cannot be opened: ${messageOf(error)}`, { cause: error });
  }
  try {
    database.run("PRAGMA busy_timeout=0");
    database.run("PRAGMA journal_mode=MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close(true);
    if (/locked|busy/i.test(messageOf(error))) return null;
    throw new AppError("storage", `The lock file ${path} cannot be locked: ${messageOf(error)}`, { cause: error });
  }
  return {
    release() {
      database.run("ROLLBACK");
      database.close(true);
    },
  };
}
