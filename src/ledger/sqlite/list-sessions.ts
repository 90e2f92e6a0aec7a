import type { Database } from "bun:sqlite";
import type { SessionQuery, SessionSummary } from "#ledger/ledger.ts";

type Row = Omit<SessionSummary, "live"> & { live: number };

/** Sessions by their runs. One walk over the runs of the runtime: there is no table of sessions. */
export function listSessions(db: Database, query: SessionQuery): SessionSummary[] {
  const { runtimeId, limit, before, includeUnnamed } = query;
  const terms = ["session_id IS NOT NULL", "parent_run_id IS NULL", "draft = 0", "substr(workflow_id, 1, 2) <> '__'"];
  const values: string[] = [];
  // A run that nobody gave a session is its own.
  if (!includeUnnamed) terms.push("session_id <> run_id");
  if (runtimeId !== null) {
    terms.push("runtime_id = ?");
    values.push(runtimeId);
    // The partial index holds all but the runtime that a gateway with one user has.
    if (runtimeId !== "default") terms.push("runtime_id <> 'default'");
  }
  const having = before === null ? "" : "HAVING max(updated_at) < ?";
  if (before !== null) values.push(before);
  const sql = `SELECT session_id, count(*) AS runs, sum(status IN ('running','waiting')) AS live, min(created_at) AS created_at,
    max(updated_at) AS updated_at FROM runs WHERE ${terms.join(" AND ")} GROUP BY session_id ${having}
    ORDER BY max(updated_at) DESC, session_id LIMIT ?`;
  return db.query(sql).all(...values, limit) as Row[];
}
