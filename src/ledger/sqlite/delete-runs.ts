import type { Database } from "bun:sqlite";
import { recatalogue, uncatalogue } from "#ledger/sqlite/artifact-catalogue.ts";
import type { Deleted } from "#ledger/sqlite/jobs.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";

/** Removes runs with everything that hangs on them. Unknown ids are skipped. Blobs stay: another run may share them. */
export function deleteRuns(db: Database, runIds: string[]): Deleted {
  const gone: Deleted = { runs: 0, ledger_records: 0, commands: 0, artifacts: 0 };
  const wanted = new Set(runIds);
  for (const runId of wanted) {
    const row = db.query("SELECT run_no, root_run_id FROM runs WHERE run_id=?").get(runId) as Row | null;
    if (!row) continue;
    const heir = heirOf(db, [runId, row.root_run_id], wanted);
    if (heir !== null) bequeath(db, runId, heir);
    const inRun = `id >= (?1 << ${rowBits}) AND id < ((?1 + 1) << ${rowBits})`;
    gone.ledger_records += db.query(`DELETE FROM records WHERE ${inRun}`).run(row.run_no).changes;
    db.query(`DELETE FROM states WHERE ${inRun}`).run(row.run_no);
    db.query("DELETE FROM mailbox WHERE run_no=?").run(row.run_no);
    db.query("DELETE FROM listeners WHERE run_no=?").run(row.run_no);
    gone.commands += db.query("DELETE FROM commands WHERE run_id=?").run(runId).changes;
    uncatalogue(db, ownArtifacts, runId);
    gone.artifacts += db.query(`DELETE FROM artifacts WHERE ${ownArtifacts}`).run(runId).changes;
    gone.runs += db.query("DELETE FROM runs WHERE run_no=?").run(row.run_no).changes;
  }
  db.query("DELETE FROM start_keys WHERE run_id IN (SELECT value FROM json_each(?))").run(JSON.stringify(runIds));
  return gone;
}

/** Runs that are the memory of a session have names that two runtimes may use: what the other one put there stays. */
const ownArtifacts = "run_id=?1 AND runtime_id=(SELECT runtime_id FROM runs WHERE run_id=?1)";

function bequeath(db: Database, runId: string, heir: string): void {
  db.query("UPDATE artifacts SET run_id=?2 WHERE run_id=?1").run(runId, heir);
  recatalogue(db, heir);
}

interface Row {
  run_no: number;
  root_run_id: string;
}

/** A fork lives on with its parent's vars, which may refer to artifacts of the parent and of the parent's children. */
function heirOf(db: Database, runIds: string[], except: ReadonlySet<string>): string | null {
  for (const runId of runIds) {
    const forks = db
      .query("SELECT run_id FROM runs WHERE forked_from ->> 'run_id' = ? AND forked_from IS NOT NULL ORDER BY run_no")
      .values(runId) as [string][];
    const heir = forks.find(([fork]) => !except.has(fork));
    if (heir) return heir[0];
  }
  return null;
}
