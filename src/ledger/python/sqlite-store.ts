import type { Database } from "bun:sqlite";
import { AppError } from "#core/errors.ts";
import { guarded, named, openQuietly } from "#ledger/sqlite/quiet-database.ts";
import { sqliteCode } from "#ledger/sqlite/storage-error.ts";
import type { PythonStore, StoredLine } from "#ledger/python/python-store.ts";

const pageSize = 500;

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
