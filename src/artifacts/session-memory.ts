import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { Ledger, NewRun } from "#ledger/ledger.ts";

/** Workflow of the synthetic runs that own what belongs to a session as a whole (contract 1.9). */
export const sessionMemoryWorkflow = "__session_memory__";

/** Makes the memory run of a session, unless it is there. Answers its id. */
export async function ensureSessionMemory(
  ledger: Pick<Ledger, "getRun" | "commit">,
  session: { sessionId: string; runtimeId: string; now: Clock },
): Promise<string> {
  const runId = sessionMemoryRunId(session.sessionId);
  if (await ledger.getRun(runId)) return runId;
  try {
    await ledger.commit({ starts: [memoryRun(runId, session)] });
  } catch (error) {
    // Somebody else made it in the meantime, or another runtime has a session of the same name: artifacts are told apart by their runtime.
    if (!(error instanceof AppError && error.code === "conflict")) throw error;
  }
  return runId;
}

function memoryRun(runId: string, session: { sessionId: string; runtimeId: string; now: Clock }): NewRun {
  const at = isoTime(session.now());
  const run: NewRun["run"] = {
    run_id: runId,
    workflow_id: sessionMemoryWorkflow,
    bundle_digest: null,
    parent_run_id: null,
    root_run_id: runId,
    session_id: session.sessionId,
    actor_id: "gateway",
    runtime_id: session.runtimeId,
    schedule_id: null,
    forked_from: null,
    lifecycle: null,
    created_at: at,
    status: "completed",
    node_id: "done",
    wait: null,
    pause: null,
    output: {},
    error: null,
    limits: null,
    flow_warnings: null,
    schedule: null,
    updated_at: at,
    finished_at: at,
  };
  return { run, vars: "{}" };
}
