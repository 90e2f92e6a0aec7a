import type { Ledger } from "#ledger/ledger.ts";
import type { RunSession } from "#runner/session.ts";

/**
 * Passes a tree-wide command to the direct children, as mail in the parent's own commit; each child passes it on.
 * Children that were started by the same draft are not stored yet and are named from the draft.
 */
export async function tellFamily(
  ledger: Ledger,
  session: RunSession,
  action: "pause" | "resume" | "cancel" | "end",
  reason: string | null,
): Promise<void> {
  const stored = await ledger.children(session.run.run_id);
  const drafted = session.draft.starts.map((start) => start.run.run_id);
  const listenerIds = action === "end" ? await listenersAmong(ledger, session, stored) : null;
  for (const run_id of new Set([...stored, ...drafted])) {
    if (listenerIds && !listenerIds.has(run_id)) continue;
    session.draft.mail.push({ run_id, kind: "control", action, reason });
  }
}

async function listenersAmong(ledger: Ledger, session: RunSession, children: string[]): Promise<Set<string>> {
  const workflows = new Set(session.execution.plan.listeners.map((listener) => listener.workflow_id));
  const found = new Set<string>();
  for (const runId of children) {
    const child = await ledger.getRun(runId);
    if (child && workflows.has(child.workflow_id)) found.add(runId);
  }
  return found;
}
