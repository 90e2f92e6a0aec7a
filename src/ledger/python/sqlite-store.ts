import { Database, constants } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "#core/errors.ts";
import { sqliteCode, storageError } from "#ledger/sqlite/storage-error.ts";
import type { PythonStore, StoredLine } from "#ledger/python/python-store.ts";

const pageSize = 500;

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

/** Names the tables of a database; null when the file is no database at all. */
export async function tablesOf(path: string): Promise<Set<string> | null> {
  const { db, close } = await openQuietly(path);
  try {
    const rows = db.query("SELECT name FROM sqlite_master WHERE type = 'table'").values() as [string][];
    return new Set(rows.map(([name]) => name));
  } catch (error) {
    if (sqliteCode(error) === "SQLITE_NOTADB") return null;
    throw named(path, error);
  } finally {
    await close();
  }
}

/** The tables `runs`, `ledger`, `commands` and `command_cursors`. AppError `storage` when the file is damaged. */
export async function openSqliteStore(path: string): Promise<PythonStore> {
  const { db, close } = await openQuietly(path);
  try {
    requireWhole(db, path);
  } catch (error) {
    await close();
    throw error;
  }
  const all = <Row>(sql: string, ...values: (string | number)[]) =>
    guarded(path, () => db.query(sql).values(...values) as Row[]);
  return {
    kind: "sqlite",
    // oxlint-disable-next-line require-await -- the interface is that of a store that must wait
    async *runs() {
      for (let after = 0; ;) {
        const rows = all<[number, string, string]>(
          "SELECT rowid, run_id, run_json FROM runs WHERE rowid > ? ORDER BY rowid LIMIT ?",
          after,
          pageSize,
        );
        for (const [, runId, text] of rows) yield { runId, text };
        const last = rows.at(-1);
        if (!last) return;
        after = last[0];
      }
    },
    run: (runId) => Promise.resolve(all<[string]>("SELECT run_json FROM runs WHERE run_id = ?", runId)[0]?.[0] ?? null),
    records: (runId) =>
      pages((after) =>
        all<[number, string]>(
          "SELECT seq, record_json FROM ledger WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?",
          runId,
          after,
          pageSize,
        ),
      ),
    commands: () =>
      pages((after) =>
        all<CommandRow>(
          "SELECT seq, command_id, run_id, type, payload_json, ts, client_id FROM commands WHERE seq > ? ORDER BY seq LIMIT ?",
          after,
          pageSize,
        ).map((row) => [row[0], commandText(row)]),
      ),
    commandCursor: () => Promise.resolve(all<[number]>("SELECT max(cursor) FROM command_cursors")[0]?.[0] ?? 0),
    orphans: () =>
      Promise.resolve(
        all<[string]>("SELECT DISTINCT run_id FROM ledger WHERE run_id NOT IN (SELECT run_id FROM runs)").flat(),
      ),
    close,
  };
}

type CommandRow = [
  seq: number,
  id: string,
  run: string,
  type: string,
  payload: string,
  ts: string,
  client: string | null,
];

/** The form of a line of `commands.jsonl`; a payload that is no JSON makes a line that is none. */
function commandText([seq, command_id, run_id, type, payload, ts, client_id]: CommandRow): string {
  const rest = JSON.stringify({ command_id, run_id, type, ts, client_id, seq });
  return `${rest.slice(0, -1)},"payload":${payload}}`;
}

// oxlint-disable-next-line require-await -- the interface is that of a store that must wait
async function* pages(read: (after: number) => [number, string][]): AsyncGenerator<StoredLine> {
  for (let after = 0; ;) {
    const rows = read(after);
    for (const [seq, text] of rows) yield { text, place: `seq ${seq}`, isLast: false };
    const last = rows.at(-1);
    if (!last) return;
    after = last[0];
  }
}

/** A damaged page is met now, and not in the middle of the migration. */
function requireWhole(db: Database, path: string): void {
  const findings = guarded(path, () => db.query("PRAGMA quick_check(1)").values() as [string][]);
  const finding = findings[0]?.[0];
  if (finding === "ok") return;
  throw new AppError("storage", `The database ${path} is damaged: ${finding ?? "it cannot be checked"}`);
}

function guarded<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw named(path, error);
  }
}

function named(path: string, error: unknown): AppError {
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
