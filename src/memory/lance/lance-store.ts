import type { Connection, Table } from "@lancedb/lancedb";
import { conditionOf, oneOf } from "#memory/filter-sql.ts";
import { createTable, indexedColumns } from "#memory/lance/table.ts";
import {
  type AssertionFilter,
  type Change,
  type KnowledgeStore,
  type NearestOptions,
  type NewRow,
  type Scored,
  type StoredAssertion,
  rowsPerEntry,
} from "#memory/knowledge-store.ts";
import { type StoredRow, fromRow, rowColumns, toRow } from "#memory/stored-row.ts";

export interface LanceStoreOptions {
  db: Connection;
  table: string;
  /** Where the tables lie, for people. */
  path: string;
  dimensions: number | null;
  /** Where this store keeps its place in the memory log: the table itself cannot hold it together with its rows. */
  place: Place;
  /** False: another process writes the table, this one only looks. */
  writes: boolean;
}

export interface Place {
  read(): Promise<number>;
  write(position: number): Promise<void>;
}

/** Fewer vectors are all compared, which finds exactly the nearest; beyond, an index finds nearly all of them in a tenth of the time. */
const indexedFrom = 50_000;
const probes = 24;
/** Old versions of the table are kept so long for readers that still look at them. */
const keptVersionsMs = 60_000;
/** Ids in one condition. */
const idPortion = 1000;

/** The default store: LanceDB, structured, by vector and by words. */
export async function openLanceStore(options: LanceStoreOptions): Promise<KnowledgeStore> {
  const { db, table: name, dimensions, place, writes } = options;
  const isThere = !writes || (await db.tableNames()).includes(name);
  const table = isThere ? await db.openTable(name) : await createTable(db, name, dimensions);
  if (!isThere) await place.write(0);
  // What was added by an interrupted call is behind the place: it comes again.
  else if (writes) await table.delete(`no >= ${((await place.read()) + 1) * rowsPerEntry}`);
  return new LanceKnowledgeStore(options, table);
}

class LanceKnowledgeStore implements KnowledgeStore {
  readonly backend = "lancedb";
  readonly path: string;
  readonly dimensions: number | null;
  #options: LanceStoreOptions;
  #table: Table;
  #position: number | null = null;
  /** Columns that have an index. Only who writes makes one, so only who reads has to look again. */
  #indexed: Set<string> | null = null;

  constructor(options: LanceStoreOptions, table: Table) {
    this.#options = options;
    this.#table = table;
    this.path = options.path;
    this.dimensions = options.dimensions;
  }

  async position(): Promise<number> {
    const { place, writes } = this.#options;
    if (!writes) return place.read();
    this.#position ??= await place.read();
    return this.#position;
  }

  async apply(changes: Change[], position: number): Promise<void> {
    let rows: NewRow[] = [];
    const flush = async () => {
      if (rows.length > 0) await this.#table.add(rows.map((row) => this.#cells(row)));
      rows = [];
    };
    for (const change of changes) {
      if (change.kind === "add") rows.push(...change.rows);
      else {
        await flush();
        await this.#mark(change);
      }
    }
    await flush();
    await this.#options.place.write(position);
    this.#position = position;
  }

  async select(
    filter: AssertionFilter,
    { limit, order }: { limit: number; order: "asc" | "desc" },
  ): Promise<StoredAssertion[]> {
    const ascending = order === "asc";
    const ordering = ["observed_at", "no"].map((columnName) => ({ columnName, ascending, nullsFirst: false }));
    let query = this.#table
      .query()
      .where(where(filter))
      .select([...rowColumns])
      .orderBy(ordering);
    query = query.limit(limit > 0 ? limit : Math.max(1, await this.#table.countRows(where(filter))));
    return rowsOf(await query.toArray()).map(fromRow);
  }

  async nearest(vector: Float32Array, filter: AssertionFilter, { limit, minScore }: NearestOptions): Promise<Scored[]> {
    if (this.dimensions === null) return [];
    let query = this.#table.query().nearestTo(vector).distanceType("cosine").where(where(filter)).limit(limit);
    query = (await this.#hasIndex("vector")) ? query.nprobes(probes) : query.bypassVectorIndex();
    if (minScore !== null) query = query.distanceRange(undefined, 1 - minScore + 1e-6);
    const rows = await query.select([...rowColumns, "_distance"]).toArray();
    const found = rowsOf(rows).map((row) => ({ assertion: fromRow(row), score: 1 - Number(row._distance) }));
    return found.sort((a, b) => b.score - a.score || b.assertion.no - a.assertion.no);
  }

  async search(words: string[], filter: AssertionFilter, limit: number): Promise<StoredAssertion[]> {
    if (words.length === 0) return [];
    if (this.#options.writes) await this.#indexWords();
    else if (!(await this.#hasIndex("text"))) return this.#searchWithoutIndex(words, filter, limit);
    const query = this.#table
      .query()
      .fullTextSearch(words.join(" "), { columns: ["text"] })
      .where(where(filter))
      .select([...rowColumns, "_score"])
      .limit(limit);
    return rowsOf(await query.toArray()).map(fromRow);
  }

  async withoutVector(limit: number): Promise<StoredAssertion[]> {
    if (this.dimensions === null) return [];
    const ordering = [{ columnName: "no", ascending: true, nullsFirst: false }];
    const query = this.#table
      .query()
      .where("vector IS NULL")
      .select([...rowColumns])
      .orderBy(ordering)
      .limit(limit);
    return rowsOf(await query.toArray()).map(fromRow);
  }

  async setVectors(vectors: { no: number; vector: Float32Array }[]): Promise<void> {
    if (vectors.length === 0) return;
    const rows = await this.#rows(vectors.map(({ no }) => no));
    const byNumber = new Map(vectors.map(({ no, vector }) => [no, vector]));
    const changed = rows.map((row) => ({ ...row, vector: [...(byNumber.get(row.no) ?? [])] }));
    await this.#table.mergeInsert("no").whenMatchedUpdateAll().execute(changed);
  }

  async counts(): Promise<{ assertions: number; withoutVector: number }> {
    const assertions = await this.#table.countRows();
    const withoutVector = this.dimensions === null ? 0 : await this.#table.countRows("vector IS NULL");
    return { assertions, withoutVector };
  }

  async tidy(): Promise<void> {
    const count = await this.#table.countRows();
    if (count === 0) return;
    const known = new Set((await this.#table.listIndices()).flatMap(({ columns }) => columns));
    const { Index } = await import("@lancedb/lancedb");
    for (const [column, kind] of Object.entries(indexedColumns)) {
      if (!known.has(column)) await this.#table.createIndex(column, { config: Index[kind]() });
    }
    await this.#indexWords();
    if (this.dimensions !== null && !known.has("vector") && count >= indexedFrom) {
      await this.#table.createIndex("vector", { config: Index.ivfFlat({ distanceType: "cosine" }) });
    }
    this.#indexed = null;
    await this.#table.optimize({ cleanupOlderThan: new Date(Date.now() - keptVersionsMs) });
  }

  async clear(): Promise<void> {
    const { db, table, dimensions, place } = this.#options;
    this.#table.close();
    await db.dropTable(table);
    await place.write(0);
    this.#table = await createTable(db, table, dimensions);
    this.#position = 0;
    this.#indexed = null;
  }

  async close(): Promise<void> {
    this.#table.close();
    this.#options.db.close();
  }

  /** Without it there is no search by words; rows that came since it was built are looked through one by one. */
  async #indexWords(): Promise<void> {
    if (await this.#hasIndex("text")) return;
    const { Index } = await import("@lancedb/lancedb");
    const config = Index.fts({
      stem: false,
      removeStopWords: false,
      asciiFolding: false,
      lowercase: true,
      withPosition: false,
    });
    await this.#table.createIndex("text", { config });
    this.#indexed = null;
  }

  async #hasIndex(column: string): Promise<boolean> {
    if (this.#indexed?.has(column)) return true;
    if (this.#indexed === null || !this.#options.writes) {
      this.#indexed = new Set((await this.#table.listIndices()).flatMap(({ columns }) => columns));
    }
    return this.#indexed.has(column);
  }

  /** Whoever writes the table has not made its index yet: the table is small. */
  async #searchWithoutIndex(words: string[], filter: AssertionFilter, limit: number): Promise<StoredAssertion[]> {
    const says = words.map((word) => `lower(text) LIKE ${literal(`%${word}%`)}`).join(" OR ");
    const query = this.#table
      .query()
      .where(`(${where(filter)}) AND (${says})`)
      .select([...rowColumns]);
    const found = rowsOf(await query.toArray()).map(fromRow);
    return found.sort((a, b) => b.no - a.no).slice(0, limit);
  }

  async #mark(change: Exclude<Change, { kind: "add" }>): Promise<void> {
    const ours = `runtime_id = ${literal(change.runtimeId)}`;
    if (change.kind === "retract") {
      const ofRun = `${ours} AND writer_run_id = ${literal(change.runId)}`;
      await this.#table.update({ where: ofRun, values: { retracted_at: change.at } });
      return;
    }
    const values = { valid_until: change.validUntil, invalidated_at: change.at };
    for (let at = 0; at < change.ids.length; at += idPortion) {
      const some = oneOf("assertion_id", change.ids.slice(at, at + idPortion), literal);
      await this.#table.update({ where: `${ours} AND ${some}`, values });
    }
  }

  #cells(row: NewRow): Record<string, unknown> {
    const stored = toRow(row);
    return this.dimensions === null ? { ...stored } : { ...stored, vector: row.vector && [...row.vector] };
  }

  async #rows(numbers: number[]): Promise<StoredRow[]> {
    const found: StoredRow[] = [];
    for (let at = 0; at < numbers.length; at += idPortion) {
      const some = numbers.slice(at, at + idPortion);
      const query = this.#table
        .query()
        .where(`no IN (${some.join(", ")})`)
        .select([...rowColumns])
        .limit(some.length);
      for (const row of rowsOf(await query.toArray())) found.push(plain(row));
    }
    return found;
  }
}

function where(filter: AssertionFilter): string {
  return conditionOf(filter, literal);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function rowsOf(rows: unknown[]): (StoredRow & { _distance?: number })[] {
  return rows as (StoredRow & { _distance?: number })[];
}

/** A row of Arrow reads its columns by getters of its own. */
function plain(row: StoredRow): StoredRow {
  return Object.fromEntries(rowColumns.map((column) => [column, row[column]])) as unknown as StoredRow;
}
