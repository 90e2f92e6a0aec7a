import type { Database } from "bun:sqlite";
import type { Deleted } from "#ledger/sqlite/jobs.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";

/** Removes runs with everything that hangs on them. Unknown ids are skipped. Blobs stay: another run may share them. */
export function deleteRuns(db: Database, runIds: string[]): Deleted {
  const gone: Deleted = { runs: 0, ledger_records: 0, commands: 0, artifacts: 0 };
  for (const runId of new Set(runIds)) {
    const row = db.query("SELECT run_no FROM runs WHERE run_id=?").get(runId) as { run_no: number } | null;
    if (!row) continue;
    const inRun = `id >= (?1 << ${rowBits}) AND id < ((?1 + 1) << ${rowBits})`;
    gone.ledger_records += db.query(`DELETE FROM records WHERE ${inRun}`).run(row.run_no).changes;
    db.query(`DELETE FROM states WHERE ${inRun}`).run(row.run_no);
    db.query("DELETE FROM mailbox WHERE run_no=?").run(row.run_no);
    db.query("DELETE FROM listeners WHERE run_no=?").run(row.run_no);
    gone.commands += db.query("DELETE FROM commands WHERE run_id=?").run(runId).changes;
    gone.artifacts += db.query("DELETE FROM artifacts WHERE run_id=?").run(runId).changes;
    gone.runs += db.query("DELETE FROM runs WHERE run_no=?").run(row.run_no).changes;
  }
  return gone;
}
