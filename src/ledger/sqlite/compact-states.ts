import type { Database } from "bun:sqlite";
import { uncatalogue } from "#ledger/sqlite/artifact-catalogue.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";

interface Row {
  run_no: number;
  state_no: number;
}

/** `Upkeep.compactStates`, inside a transaction. The last row keeps its place among the records and whatever else it says. */
export function compactStates(
  db: Database,
  { runId, headSeq, snapshot }: { runId: string; headSeq: number; snapshot: string },
): number | null {
  const run = db
    .query(
      `SELECT run_no, state_no FROM runs
       WHERE run_id=?1 AND head_seq=?2 AND state_no > 1 AND status IN ('completed','failed','cancelled')`,
    )
    .get(runId, headSeq) as Row | null;
  if (!run) return null;
  const first = `(${run.run_no} << ${rowBits})`;
  const last = `(${first} | ${run.state_no})`;
  const between = `id > ${first} AND id <= ${last}`;
  const [before] = db.query(`SELECT sum(octet_length(json)) FROM states WHERE ${between}`).values()[0] as [number];
  db.run(`DELETE FROM states WHERE ${between} AND id < ${last}`);
  db.query(`UPDATE states SET id = ${first} | 1, seq = ?1, is_snapshot = 1, json = ?2 WHERE id = ${last}`).run(
    headSeq,
    snapshot,
  );
  db.query("UPDATE runs SET state_no = 1, compacted = 1 WHERE run_no = ?").run(run.run_no);
  return before - Buffer.byteLength(snapshot);
}

export function deleteArtifacts(db: Database, artifactIds: string[]): number {
  const wanted = "artifact_id IN (SELECT value FROM json_each(?))";
  uncatalogue(db, wanted, JSON.stringify(artifactIds));
  return db.query(`DELETE FROM artifacts WHERE ${wanted}`).run(JSON.stringify(artifactIds)).changes;
}
