import type { Database } from "bun:sqlite";
import type { Run } from "#core/run.ts";
import type { RunQuery } from "#ledger/ledger.ts";
import { type RunRow, runColumns, toRun } from "#ledger/sqlite/run-row.ts";

/**
 * Runs by filters, the last updated first. The plus signs keep the planner from walking the index of update times where another one
 * leaves only few rows to sort.
 */
export function listRuns(db: Database, query: RunQuery): Run[] {
  const terms: string[] = [];
  const values: (string | number)[] = [];
  let isNarrow = false;
  const narrow = (term: string, ...bound: string[]) => {
    terms.push(term);
    values.push(...bound);
    isNarrow = true;
  };
  if (query.runtimeId !== null) {
    terms.push("runtime_id = ?");
    values.push(query.runtimeId);
    // The partial index holds all but the runtime that a gateway with one user has.
    if (query.runtimeId !== "default") terms.push("runtime_id <> 'default'");
  }
  if (query.parentRunId !== undefined) narrow("parent_run_id = ?", query.parentRunId);
  if (query.sessionId !== undefined) {
    // Most runs are their own session, and are found by their id; only the others are in the session index.
    const others = "SELECT run_no FROM runs WHERE session_id = ? AND session_id <> run_id";
    const own = "SELECT run_no FROM runs WHERE run_id = ? AND session_id = run_id";
    narrow(`run_no IN (${others} UNION ALL ${own})`, query.sessionId, query.sessionId);
  }
  if (query.status === "running" || query.status === "waiting") {
    narrow("status IN ('running','waiting') AND status = ?", query.status);
  } else if (query.status) {
    terms.push("status = ?");
    values.push(query.status);
  }
  if (query.workflowId !== undefined) {
    terms.push("workflow_id = ?");
    values.push(query.workflowId);
  } else if (!query.includeInternal) terms.push("substr(workflow_id, 1, 2) <> '__'");
  if (query.scheduled) narrow("schedule_id IS NOT NULL");
  if (query.rootOnly) terms.push("parent_run_id IS NULL");
  if (!query.includeDrafts) terms.push("draft = 0");
  const where = terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
  const order = isNarrow ? "+updated_at DESC, run_no DESC" : "updated_at DESC, run_no DESC";
  const sql = `SELECT ${runColumns} FROM runs ${where} ORDER BY ${order} LIMIT ?`;
  return (db.query(sql).all(...values, query.limit) as RunRow[]).map(toRun);
}
