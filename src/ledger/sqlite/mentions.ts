import type { Database } from "bun:sqlite";
import { collectMentions } from "#ledger/mention.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";

interface Source {
  /** Parameters: the key after which to go on, the number of rows. Columns: key, owner, text. */
  sql: string;
  /** Owners are run numbers instead of ids. */
  byNumber: boolean;
}

const pageRows = 200;

const ofRun = (table: string): Source => ({
  sql: `SELECT id, id >> ${rowBits}, json FROM ${table} WHERE id > ?1 ORDER BY id LIMIT ?2`,
  byNumber: true,
});

/** Every text of the ledger that may name an artifact, a blob or a workspace. */
const sources: Source[] = [
  ofRun("records"),
  ofRun("states"),
  {
    sql: `SELECT run_no, run_no, concat_ws(' ', wait, output, error, lifecycle, schedule) FROM runs
          WHERE run_no > ?1 ORDER BY run_no LIMIT ?2`,
    byNumber: true,
  },
  {
    sql: "SELECT id, run_no, body FROM mailbox WHERE id > ?1 ORDER BY id LIMIT ?2",
    byNumber: true,
  },
  {
    sql: "SELECT seq, run_id, payload FROM commands WHERE seq > ?1 AND applied_at IS NULL ORDER BY seq LIMIT ?2",
    byNumber: false,
  },
  // Facts outlive the runs that found them, and so does what they point at.
  { sql: "SELECT no, '', body FROM memory_log WHERE no > ?1 ORDER BY no LIMIT ?2", byNumber: false },
  {
    sql: `SELECT artifact_no, coalesce(run_id, ''), metadata || tags FROM artifacts
          WHERE artifact_no > ?1 ORDER BY artifact_no LIMIT ?2`,
    byNumber: false,
  },
];

/** `Upkeep.mentioned`; `read` guards each read. Between two pages others get their turn. */
export async function mentions(
  db: Database,
  asked: { ids: ReadonlySet<string>; except?: ReadonlySet<string>; signal?: AbortSignal | undefined },
  read: <T>(from: () => T) => Promise<T>,
): Promise<Set<string>> {
  const { ids, except = new Set<string>(), signal } = asked;
  const found = new Set<string>();
  const numbers = await read(() => numbersOf(db, except));
  for (const { sql, byNumber } of sources) {
    let after = -1;
    while (found.size < ids.size) {
      signal?.throwIfAborted();
      const from = after;
      const rows = (await read(() => db.query(sql).values(from, pageRows))) as [number, number | string, string][];
      for (const [, owner, text] of rows) {
        const isExcepted = byNumber ? numbers.has(Number(owner)) : except.has(String(owner));
        if (!isExcepted) collectMentions(text, ids, found);
      }
      const last = rows.at(-1);
      if (!last || rows.length < pageRows) break;
      after = last[0];
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return found;
}

function numbersOf(db: Database, runIds: ReadonlySet<string>): Set<number> {
  const rows = db
    .query("SELECT run_no FROM runs WHERE run_id IN (SELECT value FROM json_each(?))")
    .values(JSON.stringify([...runIds])) as [number][];
  return new Set(rows.map(([no]) => no));
}
