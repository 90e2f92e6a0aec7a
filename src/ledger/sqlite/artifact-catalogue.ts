import type { Database } from "bun:sqlite";
import { parseObject } from "#core/json.ts";
import { artifactKinds, artifactWords } from "#ledger/artifact-kinds.ts";
import type { ArtifactReads, ArtifactRow } from "#ledger/ledger.ts";
import type { Cell } from "#ledger/sqlite/run-row.ts";
import type { Statements } from "#ledger/sqlite/statements.ts";

/*
 * What searches filter, order and count by, in narrow rows of their own: a facet over ten thousand artifacts reads none of their tags and
 * metadata. What belongs to the run (its workflow, its runtime) is taken from it once, as it never changes.
 */

const schema = `
  CREATE TABLE artifact_catalogue(
    artifact_no INTEGER PRIMARY KEY,
    artifact_id TEXT NOT NULL,
    run_id TEXT,
    blob_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    workflow_id TEXT,
    runtime_id TEXT NOT NULL,
    session_id TEXT,
    node_id TEXT,
    turn_id TEXT,
    semantic_kind TEXT NOT NULL,
    render_kind TEXT NOT NULL,
    modality TEXT NOT NULL,
    words TEXT NOT NULL
  );
  CREATE INDEX catalogue_by_time ON artifact_catalogue(created_at, artifact_id);
  CREATE INDEX catalogue_by_run ON artifact_catalogue(run_id, created_at);
  CREATE INDEX catalogue_by_session ON artifact_catalogue(session_id, created_at) WHERE session_id IS NOT NULL;
  CREATE INDEX catalogue_by_blob ON artifact_catalogue(blob_id);
  CREATE TABLE artifact_access(
    artifact_no INTEGER PRIMARY KEY,
    metadata_count INTEGER NOT NULL,
    content_count INTEGER NOT NULL,
    preview_count INTEGER NOT NULL,
    download_count INTEGER NOT NULL,
    last_accessed_at TEXT NOT NULL
  );
`;

/** Cells that the catalogue adds to a row: `catalogued` makes them, `catalogueSql` takes them. A row of another runtime stays as it is. */
export const catalogueCells = 9;

export function catalogued(row: ArtifactRow): Cell[] {
  const { semantic_kind, render_kind, modality } = artifactKinds(row);
  const tag = (name: string) => row.tags[name] ?? null;
  const kinds = [semantic_kind, render_kind, modality, artifactWords(row)];
  return [tag("session_id"), tag("node_id"), tag("turn_id"), ...kinds, row.artifact_id, row.runtime_id];
}

export const catalogueSql = `
  INSERT OR REPLACE INTO artifact_catalogue(artifact_no, artifact_id, run_id, blob_id, content_type, size_bytes, created_at,
    workflow_id, runtime_id, session_id, node_id, turn_id, semantic_kind, render_kind, modality, words)
  SELECT a.artifact_no, a.artifact_id, a.run_id, a.blob_id, a.content_type, a.size_bytes, a.created_at,
    r.workflow_id, a.runtime_id, ?1, ?2, ?3, ?4, ?5, ?6, ?7
  FROM artifacts a LEFT JOIN runs r USING (run_id) WHERE a.artifact_id = ?8 AND a.runtime_id = ?9`;

export const accessSql = `
  INSERT INTO artifact_access SELECT artifact_no, ?1, ?2, ?3, ?4, ?5 FROM artifacts WHERE artifact_id = ?6
  ON CONFLICT(artifact_no) DO UPDATE SET metadata_count = metadata_count + excluded.metadata_count,
    content_count = content_count + excluded.content_count, preview_count = preview_count + excluded.preview_count,
    download_count = download_count + excluded.download_count,
    last_accessed_at = max(last_accessed_at, excluded.last_accessed_at)`;

export function addAccess(reads: ArtifactReads[], statements: Statements): null {
  for (const read of reads) {
    const counts = [
      read.metadata_access_count,
      read.content_access_count,
      read.preview_count,
      read.download_count,
    ] as const;
    statements.addAccess.run(...counts, read.last_accessed_at, read.artifact_id);
  }
  return null;
}

/** Removes what the catalogue has of some artifacts, before they go. */
export function uncatalogue(db: Database, condition: string, value: string): void {
  const theirs = `WHERE artifact_no IN (SELECT artifact_no FROM artifacts WHERE ${condition})`;
  for (const table of ["artifact_catalogue", "artifact_access"]) db.query(`DELETE FROM ${table} ${theirs}`).run(value);
}

/** The migration: the tables, and every artifact that is there already. */
export function addCatalogue(db: Database): void {
  db.run(schema);
  const put = db.prepare(catalogueSql);
  const rows = db.query("SELECT * FROM artifacts").all() as (Omit<ArtifactRow, "tags" | "metadata"> & {
    tags: string;
    metadata: string;
  })[];
  for (const row of rows) {
    const artifact = {
      ...row,
      tags: JSON.parse(row.tags) as Record<string, string>,
      metadata: parseObject(row.metadata),
    };
    put.run(...catalogued(artifact));
  }
  put.finalize();
}
