import { Database, constants } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "#core/errors.ts";
import { sqliteCode, storageError } from "#ledger/sqlite/storage-error.ts";

/** A connection that leaves no trace beside the file, not even the empty log that a reader of SQLite makes. */
export interface QuietDatabase {
  db: Database;
  close(): Promise<void>;
}

/**
 * Opens a database without touching its folder. What a process that died left in the write-ahead log is read from a copy.
 * AppError `storage` names the file.
 */
export async function openQuietly(path: string): Promise<QuietDatabase> {
  const log = `${path}-wal`;
  if (!existsSync(log) || statSync(log).size === 0) {
    const db = guarded(path, () => new Database(immutable(path), flags));
    return { db, close: () => Promise.resolve(db.close(true)) };
  }
  const folder = await mkdtemp(join(tmpdir(), "abstractgateway-migrate-"));
  const copy = join(folder, "copy.sqlite3");
  try {
    await copyFile(path, copy);
    await copyFile(log, `${copy}-wal`);
    const db = guarded(path, () => new Database(copy));
    return {
      db,
      async close() {
        db.close(true);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

// oxlint-disable-next-line no-bitwise -- flags of SQLite
const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;

function immutable(path: string): string {
  return `${pathToFileURL(path).href}?immutable=1`;
}

export function guarded<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw named(path, error);
  }
}

export function named(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code } = storageError(error);
  const reasons: Record<string, string> = {
    SQLITE_CORRUPT: "is damaged",
    SQLITE_NOTADB: "is not an SQLite database",
    SQLITE_CANTOPEN: "cannot be opened",
  };
  const reason = reasons[sqliteCode(error)] ?? `cannot be read (${sqliteCode(error) || String(error)})`;
  return new AppError(code, `The database ${path} ${reason}`, { cause: error });
}
