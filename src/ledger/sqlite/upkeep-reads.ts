import type { Database } from "bun:sqlite";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";
import { type StoredArtifact, toArtifact } from "#ledger/sqlite/stored-artifact.ts";
import type { EndedPage, EndedRun, MeasuredRuns, Upkeep } from "#ledger/upkeep.ts";

export function endedRuns(db: Database, query: Parameters<Upkeep["endedRuns"]>[0]): EndedPage {
  const { before, after, limit } = query;
  const rows = db
    .query(
      `SELECT run_no AS no, run_id, parent_run_id, root_run_id, session_id, updated_at, draft, state_no AS states FROM runs
       WHERE updated_at < ?1 AND updated_at >= ?2 AND (updated_at > ?2 OR run_no > ?3)
         AND status IN ('completed','failed','cancelled')
       ORDER BY updated_at, run_no LIMIT ?4`,
    )
    .all(before, after?.updatedAt ?? "", after?.no ?? -1, limit) as (Omit<EndedRun, "is_draft"> & {
    no: number;
    draft: number;
  })[];
  const last = rows.at(-1);
  return {
    items: rows.map(({ no: _, draft, ...run }) => ({ ...run, is_draft: draft === 1 })),
    next: last && rows.length === limit ? { updatedAt: last.updated_at, no: last.no } : null,
  };
}

export function measureRuns(db: Database, runIds: string[]): MeasuredRuns {
  const sum = { runs: 0, ledger_records: 0, commands: 0, artifacts: 0, bytes: 0, state_bytes: 0, artifact_bytes: 0 };
  const rowsOf = (table: string) =>
    `SELECT count(*), coalesce(sum(octet_length(json)), 0) FROM ${table}
     WHERE id >= (?1 << ${rowBits}) AND id < ((?1 + 1) << ${rowBits})`;
  const pair = (sql: string, value: string | number) => db.query(sql).values(value)[0] as [number, number];
  for (const runId of new Set(runIds)) {
    const no = db.query("SELECT run_no FROM runs WHERE run_id=?").values(runId)[0]?.[0] as number | undefined;
    if (no === undefined) continue;
    const [records, recordBytes] = pair(rowsOf("records"), no);
    const [, stateBytes] = pair(rowsOf("states"), no);
    const [artifacts, artifactBytes] = pair(
      "SELECT count(*), coalesce(sum(size_bytes), 0) FROM artifacts WHERE run_id=?",
      runId,
    );
    const [commands] = pair("SELECT count(*), 0 FROM commands WHERE run_id=?", runId);
    sum.runs += 1;
    sum.ledger_records += records;
    sum.commands += commands;
    sum.artifacts += artifacts;
    sum.bytes += recordBytes + stateBytes;
    sum.state_bytes += stateBytes;
    sum.artifact_bytes += artifactBytes;
  }
  return sum;
}

export function looseArtifacts(db: Database, query: Parameters<Upkeep["looseArtifacts"]>[0]): ArtifactRow[] {
  const rows = db
    .query(
      `SELECT * FROM artifacts WHERE artifact_id > ?2 AND created_at < ?1
         AND (run_id IS NULL OR run_id NOT IN (SELECT run_id FROM runs)) ORDER BY artifact_id LIMIT ?3`,
    )
    .all(query.before, query.after ?? "", query.limit) as StoredArtifact[];
  return rows.map(toArtifact);
}

export function unnamedBlobs(db: Database, blobIds: string[]): string[] {
  const named = db
    .query("SELECT DISTINCT blob_id FROM artifacts WHERE blob_id IN (SELECT value FROM json_each(?))")
    .values(JSON.stringify(blobIds)) as [string][];
  const taken = new Set(named.map(([blobId]) => blobId));
  return blobIds.filter((blobId) => !taken.has(blobId));
}
