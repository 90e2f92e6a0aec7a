import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { conditionOf } from "#memory/filter-sql.ts";
import type {
  AssertionFilter,
  Change,
  KnowledgeStore,
  NewRow,
  NearestOptions,
  Scored,
  StoredAssertion,
} from "#memory/knowledge-store.ts";
import { type StoredRow, fromRow, rowColumns, toRow } from "#memory/stored-row.ts";
import { VectorMatrix } from "#memory/vector-matrix.ts";

/*
 * The log is what lasts; this file may fall behind it by a power cut and catches up from its own position. So: WAL without a sync per commit.
 * Vectors are searched in memory, where they are loaded by the first search.
 */
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS position(one INTEGER PRIMARY KEY CHECK(one = 1), at INTEGER NOT NULL);
  INSERT OR IGNORE INTO position VALUES(1, 0);
  CREATE TABLE IF NOT EXISTS assertions(
    no INTEGER PRIMARY KEY, assertion_id TEXT NOT NULL, runtime_id TEXT NOT NULL,
    subject TEXT NOT NULL, predicate TEXT NOT NULL, object TEXT NOT NULL, object_key TEXT NOT NULL,
    scope TEXT NOT NULL, owner_id TEXT, observed_at TEXT NOT NULL, valid_from TEXT, valid_until TEXT, confidence REAL,
    provenance TEXT NOT NULL, attributes TEXT NOT NULL, writer_run_id TEXT, invalidated_at TEXT, retracted_at TEXT,
    text TEXT NOT NULL, vector BLOB
  );
  CREATE UNIQUE INDEX IF NOT EXISTS by_id ON assertions(assertion_id);
  CREATE INDEX IF NOT EXISTS by_subject ON assertions(subject, predicate);
  CREATE INDEX IF NOT EXISTS by_object ON assertions(object_key, predicate);
  CREATE INDEX IF NOT EXISTS by_predicate ON assertions(predicate, observed_at);
  CREATE INDEX IF NOT EXISTS by_owner ON assertions(owner_id, observed_at);
  CREATE INDEX IF NOT EXISTS by_time ON assertions(runtime_id, observed_at, no);
  CREATE INDEX IF NOT EXISTS by_writer ON assertions(writer_run_id);
  CREATE INDEX IF NOT EXISTS bare ON assertions(no) WHERE vector IS NULL;
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='assertions', content_rowid='no', tokenize='unicode61 remove_diacritics 0');
`;

/** Loaded at once from the file. */
const vectorPortion = 5000;
/** Statement parameters at a time. */
const idPortion = 500;

/** One file. Throws what SQLite throws, also for a file that is damaged. */
export function openSqliteStore(path: string, dimensions: number | null): KnowledgeStore {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new Database(path, { create: true });
  try {
    db.run(schema);
    return new SqliteKnowledgeStore(db, path, dimensions);
  } catch (error) {
    db.close(true);
    throw error;
  }
}

class SqliteKnowledgeStore implements KnowledgeStore {
  readonly backend = "sqlite";
  readonly path: string;
  readonly dimensions: number | null;
  #db: Database;
  #matrix: VectorMatrix | null = null;
  /** Rows up to here are in the matrix, but for those that had no vector then: another process may have given them one. */
  #loadedTo = 0;
  #bare = new Set<number>();

  constructor(db: Database, path: string, dimensions: number | null) {
    this.#db = db;
    this.path = path;
    this.dimensions = dimensions;
  }

  position(): Promise<number> {
    return Promise.resolve((this.#db.query("SELECT at FROM position").get() as { at: number }).at);
  }

  async apply(changes: Change[], position: number): Promise<void> {
    this.#transact(() => {
      for (const change of changes) this.#applyOne(change);
      this.#db.query("UPDATE position SET at=?").run(position);
    });
  }

  select(
    filter: AssertionFilter,
    { limit, order }: { limit: number; order: "asc" | "desc" },
  ): Promise<StoredAssertion[]> {
    const { sql, values } = this.#where(filter);
    const rows = this.#db
      .query(
        `SELECT ${rowColumns.join(",")} FROM assertions WHERE ${sql} ORDER BY observed_at ${order}, no ${order} LIMIT ${limit > 0 ? limit : -1}`,
      )
      .all(...values);
    return Promise.resolve((rows as StoredRow[]).map(fromRow));
  }

  async nearest(vector: Float32Array, filter: AssertionFilter, { limit, minScore }: NearestOptions): Promise<Scored[]> {
    if (this.dimensions === null) return [];
    const matrix = this.#loadMatrix(this.dimensions);
    const { sql, values } = this.#where(filter);
    const passing = new Set(
      this.#db
        .query(`SELECT no FROM assertions WHERE ${sql}`)
        .values(...values)
        .map(([no]) => no as number),
    );
    const found = matrix.nearest(vector, (no) => passing.has(no), limit, minScore);
    const rows = new Map(this.#byNumber(found.map(({ no }) => no)).map((row) => [row.no, row]));
    return found.map(({ no, score }) => ({ assertion: rows.get(no) as StoredAssertion, score }));
  }

  search(words: string[], filter: AssertionFilter, limit: number): Promise<StoredAssertion[]> {
    if (words.length === 0) return Promise.resolve([]);
    const { sql, values } = this.#where(filter);
    const rows = this.#db
      .query(
        `SELECT ${rowColumns.map((column) => `a.${column}`).join(",")} FROM words JOIN assertions a ON a.no = words.rowid
         WHERE words MATCH ? AND ${sql} ORDER BY words.rank LIMIT ${limit}`,
      )
      .all(words.map((word) => `"${word}"`).join(" OR "), ...values);
    return Promise.resolve((rows as StoredRow[]).map(fromRow));
  }

  withoutVector(limit: number): Promise<StoredAssertion[]> {
    if (this.dimensions === null) return Promise.resolve([]);
    const rows = this.#db
      .query(`SELECT ${rowColumns.join(",")} FROM assertions WHERE vector IS NULL ORDER BY no LIMIT ?`)
      .all(limit);
    return Promise.resolve((rows as StoredRow[]).map(fromRow));
  }

  async setVectors(vectors: { no: number; vector: Float32Array }[]): Promise<void> {
    this.#transact(() => {
      for (const { no, vector } of vectors) {
        this.#db.query("UPDATE assertions SET vector=? WHERE no=?").run(bytesOf(vector), no);
        if (no <= this.#loadedTo) this.#matrix?.set(no, vector);
        this.#bare.delete(no);
      }
    });
  }

  counts(): Promise<{ assertions: number; withoutVector: number }> {
    const row = this.#db
      .query("SELECT count(*) AS assertions, count(*) FILTER (WHERE vector IS NULL) AS withoutVector FROM assertions")
      .get() as { assertions: number; withoutVector: number };
    return Promise.resolve(this.dimensions === null ? { ...row, withoutVector: 0 } : row);
  }

  async tidy(): Promise<void> {
    this.#db.run("INSERT INTO words(words, rank) VALUES('merge', 200)");
    this.#db.run("PRAGMA optimize");
    this.#db.run("PRAGMA wal_checkpoint(PASSIVE)");
  }

  async clear(): Promise<void> {
    this.#transact(() => {
      this.#db.run("INSERT INTO words(words) VALUES('delete-all')");
      this.#db.run("DELETE FROM assertions");
      this.#db.run("UPDATE position SET at=0");
    });
    this.#matrix = null;
    this.#loadedTo = 0;
    this.#bare.clear();
  }

  async close(): Promise<void> {
    this.#db.close(true);
  }

  #transact(work: () => void): void {
    this.#db.transaction(work).immediate();
  }

  #applyOne(change: Change): void {
    if (change.kind === "add") {
      for (const row of change.rows) this.#add(row);
      return;
    }
    if (change.kind === "retract") {
      this.#db
        .query("UPDATE assertions SET retracted_at=? WHERE runtime_id=? AND writer_run_id=?")
        .run(change.at, change.runtimeId, change.runId);
      return;
    }
    for (const id of change.ids) {
      this.#db
        .query("UPDATE assertions SET valid_until=?, invalidated_at=? WHERE assertion_id=? AND runtime_id=?")
        .run(change.validUntil, change.at, id, change.runtimeId);
    }
  }

  #add(row: NewRow): void {
    const stored = toRow(row);
    const marks = rowColumns.map(() => "?").join(",");
    const { changes } = this.#db
      .query(`INSERT OR IGNORE INTO assertions(${rowColumns.join(",")},vector) VALUES(${marks},?)`)
      .run(...rowColumns.map((column) => stored[column]), row.vector && bytesOf(row.vector));
    if (changes > 0) this.#db.query("INSERT INTO words(rowid, text) VALUES(?,?)").run(stored.no, stored.text);
  }

  #where(filter: AssertionFilter): { sql: string; values: string[] } {
    const values: string[] = [];
    const sql = conditionOf(filter, (text) => {
      values.push(text);
      return "?";
    });
    return { sql, values };
  }

  #byNumber(numbers: number[]): StoredAssertion[] {
    const found: StoredAssertion[] = [];
    for (let at = 0; at < numbers.length; at += idPortion) {
      const some = numbers.slice(at, at + idPortion);
      const rows = this.#db
        .query(`SELECT ${rowColumns.join(",")} FROM assertions WHERE no IN (${some.map(() => "?").join(",")})`)
        .all(...some) as StoredRow[];
      found.push(...rows.map(fromRow));
    }
    return found;
  }

  /** New rows have larger numbers, so what is not loaded yet is behind the last one. */
  #loadMatrix(dimensions: number): VectorMatrix {
    this.#matrix ??= new VectorMatrix(dimensions);
    this.#loadFilled(this.#matrix);
    const next = this.#db.query("SELECT no, vector FROM assertions WHERE no > ?1 ORDER BY no LIMIT ?2");
    for (;;) {
      const rows = next.values(this.#loadedTo, vectorPortion) as [number, Uint8Array | null][];
      for (const [no, bytes] of rows) {
        if (bytes) this.#matrix.set(no, vectorOf(bytes));
        else this.#bare.add(no);
      }
      this.#loadedTo = rows.at(-1)?.[0] ?? this.#loadedTo;
      if (rows.length < vectorPortion) return this.#matrix;
    }
  }

  #loadFilled(matrix: VectorMatrix): void {
    const filled = this.#db.query("SELECT vector FROM assertions WHERE no = ? AND vector IS NOT NULL");
    for (const no of this.#bare) {
      const row = filled.get(no) as { vector: Uint8Array } | null;
      if (!row) continue;
      matrix.set(no, vectorOf(row.vector));
      this.#bare.delete(no);
    }
  }
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

function vectorOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
