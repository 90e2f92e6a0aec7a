import type { Database, Statement } from "bun:sqlite";
import { parseObject } from "#core/json.ts";
import { artifactKinds, artifactWords } from "#ledger/artifact-kinds.ts";
import type { ArtifactReads, ArtifactRow } from "#ledger/ledger.ts";
import type { Cell } from "#ledger/sqlite/run-row.ts";

/*
 * What searches filter, order and count by, in narrow rows of their own. What many artifacts have in common (kinds, type, workflow, node) is
 * one row of `artifact_facets`, so that counting the values of ten thousand artifacts is counting numbers. The words that texts are searched
 * in lie apart: nothing else has to read past them.
 */

const schema = `
  CREATE TABLE artifact_catalogue(
    artifact_no INTEGER PRIMARY KEY,
    artifact_id TEXT NOT NULL,
    run_id TEXT,
    runtime_id TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    session_id TEXT,
    turn_id TEXT,
    facet_no INTEGER NOT NULL
  );
  CREATE INDEX catalogue_by_time ON artifact_catalogue(created_at, artifact_id);
  CREATE INDEX catalogue_by_run ON artifact_catalogue(run_id, created_at);
  CREATE INDEX catalogue_by_session ON artifact_catalogue(session_id, created_at) WHERE session_id IS NOT NULL;
  CREATE INDEX catalogue_by_blob ON artifact_catalogue(blob_id);
  CREATE TABLE artifact_facets(
    facet_no INTEGER PRIMARY KEY,
    semantic_kind TEXT NOT NULL,
    render_kind TEXT NOT NULL,
    modality TEXT NOT NULL,
    content_type TEXT NOT NULL,
    workflow_id TEXT,
    node_id TEXT
  );
  CREATE INDEX facets_by_value ON artifact_facets(workflow_id, node_id, content_type, semantic_kind, render_kind, modality);
  CREATE TABLE artifact_words(artifact_no INTEGER PRIMARY KEY, words TEXT NOT NULL);
  CREATE TABLE artifact_access(
    artifact_no INTEGER PRIMARY KEY,
    metadata_count INTEGER NOT NULL,
    content_count INTEGER NOT NULL,
    preview_count INTEGER NOT NULL,
    download_count INTEGER NOT NULL,
    last_accessed_at TEXT NOT NULL
  );
`;

export type CatalogueStatements = ReturnType<typeof prepareCatalogue>;

export function prepareCatalogue(db: Database) {
  return {
    // A row of another runtime is not the one that was put.
    placeOf: db.prepare(
      "SELECT a.artifact_no, r.workflow_id FROM artifacts a LEFT JOIN runs r USING (run_id) WHERE a.artifact_id=? AND a.runtime_id=?",
    ),
    findFacet: db.prepare(
      `SELECT facet_no FROM artifact_facets
       WHERE workflow_id IS ?1 AND node_id IS ?2 AND content_type=?3 AND semantic_kind=?4 AND render_kind=?5 AND modality=?6`,
    ),
    insertFacet: db.prepare(
      `INSERT INTO artifact_facets(workflow_id, node_id, content_type, semantic_kind, render_kind, modality)
       VALUES(?1, ?2, ?3, ?4, ?5, ?6) RETURNING facet_no`,
    ),
    putEntry: db.prepare(
      `INSERT OR REPLACE INTO artifact_catalogue(artifact_no, artifact_id, run_id, runtime_id, blob_id, size_bytes, created_at, session_id,
         turn_id, facet_no) VALUES(?,?,?,?,?,?,?,?,?,?)`,
    ),
    putWords: db.prepare("INSERT OR REPLACE INTO artifact_words(artifact_no, words) VALUES(?,?)"),
    addAccess: db.prepare(
      `INSERT INTO artifact_access SELECT artifact_no, ?1, ?2, ?3, ?4, ?5 FROM artifacts WHERE artifact_id = ?6
       ON CONFLICT(artifact_no) DO UPDATE SET metadata_count = metadata_count + excluded.metadata_count,
         content_count = content_count + excluded.content_count, preview_count = preview_count + excluded.preview_count,
         download_count = download_count + excluded.download_count,
         last_accessed_at = max(last_accessed_at, excluded.last_accessed_at)`,
    ),
  };
}

/** Cells that the catalogue adds to the nine of a row: `catalogued` makes them, `putCatalogue` takes both. */
export const catalogueCells = 7;

export function catalogued(row: ArtifactRow): Cell[] {
  const { semantic_kind, render_kind, modality } = artifactKinds(row);
  const tag = (name: string) => row.tags[name] ?? null;
  const kinds = [semantic_kind, render_kind, modality];
  return [tag("session_id"), tag("turn_id"), tag("node_id"), ...kinds, artifactWords(row)];
}

/** `cells`: those of a row in the order in which it is stored, and what `catalogued` made of it. */
export function putCatalogue(cells: Cell[], statements: CatalogueStatements): void {
  const [id = null, blobId = null, runId = null, runtimeId = null, contentType = null, bytes = null, createdAt = null] =
    cells;
  const [sessionId = null, turnId = null, nodeId = null, ...rest] = cells.slice(-catalogueCells);
  const [semanticKind = null, renderKind = null, modality = null, words = null] = rest;
  const place = statements.placeOf.values(id, runtimeId)[0] as [number, string | null] | undefined;
  if (!place) return;
  const [no, workflowId] = place;
  const facet = facetNo([workflowId, nodeId, contentType, semanticKind, renderKind, modality], statements);
  statements.putEntry.run(no, id, runId, runtimeId, blobId, bytes, createdAt, sessionId, turnId, facet);
  statements.putWords.run(no, words);
}

/** `values`: workflow, node, type, semantic kind, render kind, modality. */
function facetNo(values: Cell[], { findFacet, insertFacet }: Record<"findFacet" | "insertFacet", Statement>): number {
  const found = findFacet.values(...values)[0] ?? insertFacet.values(...values)[0];
  return found?.[0] as number;
}

/** The artifacts of a run are those of another one now, and of its workflow. */
export function recatalogue(db: Database, heir: string): void {
  const statements = prepareCatalogue(db);
  const rows = db.query("SELECT * FROM artifacts WHERE run_id=?").all(heir) as StoredRow[];
  for (const row of rows) putRow(row, statements);
  for (const statement of Object.values(statements)) statement.finalize();
}

type StoredRow = Omit<ArtifactRow, "tags" | "metadata"> & { tags: string; metadata: string };

function putRow(row: StoredRow, statements: CatalogueStatements): void {
  const { artifact_id, blob_id, run_id, runtime_id, content_type, size_bytes, created_at } = row;
  const tags = JSON.parse(row.tags) as Record<string, string>;
  const extra = catalogued({ ...row, tags, metadata: parseObject(row.metadata) });
  const cells = [
    artifact_id,
    blob_id,
    run_id,
    runtime_id,
    content_type,
    size_bytes,
    created_at,
    row.tags,
    row.metadata,
  ];
  putCatalogue([...cells, ...extra], statements);
}

export function addAccess(reads: ArtifactReads[], { addAccess: add }: CatalogueStatements): null {
  for (const read of reads) {
    const { metadata_access_count, content_access_count, preview_count, download_count } = read;
    const counts = [metadata_access_count, content_access_count, preview_count, download_count] as const;
    add.run(...counts, read.last_accessed_at, read.artifact_id);
  }
  return null;
}

/** Removes what the catalogue has of some artifacts, before they go. */
export function uncatalogue(db: Database, condition: string, value: string): void {
  const theirs = `WHERE artifact_no IN (SELECT artifact_no FROM artifacts WHERE ${condition})`;
  for (const table of ["artifact_catalogue", "artifact_words", "artifact_access"]) {
    db.query(`DELETE FROM ${table} ${theirs}`).run(value);
  }
}

/** The migration: the tables, and every artifact that is there already. */
export function addCatalogue(db: Database): void {
  db.run(schema);
  const statements = prepareCatalogue(db);
  for (const row of db.query("SELECT * FROM artifacts").all() as StoredRow[]) putRow(row, statements);
  for (const statement of Object.values(statements)) statement.finalize();
}
