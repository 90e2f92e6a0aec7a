import { isTerminal } from "#core/run.ts";
import type { SessionQuery, SessionSummary } from "#ledger/ledger.ts";
import type { Store } from "#ledger/file/store.ts";
import type { StoredRun } from "#ledger/file/stored-run.ts";

interface Session extends Omit<SessionSummary, "created_at"> {
  /** The one that was started first. */
  first: StoredRun;
}

/** Sessions by their runs: found in memory, and the page's first runs in their files. */
export function listSessions({ runs, files }: Store, query: SessionQuery): SessionSummary[] {
  const { limit, before } = query;
  const found = new Map<string, Session>();
  for (const run of runs.all()) if (belongs(run, query)) add(found, run);
  const page = [...found.values()]
    .filter(({ updated_at }) => before === null || updated_at < before)
    .sort((a, b) => compare(b.updated_at, a.updated_at) || compare(a.session_id, b.session_id))
    .slice(0, limit);
  return page.map(({ first, ...session }) => ({ ...session, created_at: files.whole(first).created_at }));
}

function belongs(run: StoredRun, { runtimeId, includeUnnamed }: SessionQuery): boolean {
  if (run.sessionId === null || run.parentRunId !== null || run.isDraft || run.workflowId.startsWith("__"))
    return false;
  return (includeUnnamed || run.sessionId !== run.runId) && (runtimeId === null || run.runtimeId === runtimeId);
}

function add(found: Map<string, Session>, run: StoredRun): void {
  const session_id = run.sessionId ?? "";
  const session = found.get(session_id) ?? { session_id, runs: 0, live: 0, updated_at: "", first: run };
  found.set(session_id, session);
  session.runs += 1;
  if (!isTerminal(run.status)) session.live += 1;
  if (run.updatedAt > session.updated_at) session.updated_at = run.updatedAt;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
