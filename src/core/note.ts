import type { StepRecord } from "#core/record.ts";
import type { RunIdentity } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";

/**
 * What somebody says about a run beside its steps, such as a summary of it. In the ledger it is an `emit_event` record, where clients of the
 * reference look for it (contract http-api 1.7).
 */
export interface RunNote {
  step_id: string;
  /** `abstract.summary`, `abstract.chat`, … */
  name: string;
  payload: JsonObject;
  /** ISO time. */
  at: string;
  /** Who says it. */
  actor_id: string | null;
}

/** No node of a flow: clients that draw the flow mark none of it. */
const noteNode = "abstract.note";

export function noteRecord(
  run: Pick<RunIdentity, "run_id" | "session_id">,
  { step_id, name, payload, at, actor_id }: RunNote,
): StepRecord {
  const { run_id, session_id } = run;
  const event = { name, scope: "run", session_id, payload };
  return {
    run_id,
    step_id,
    node_id: noteNode,
    status: "completed",
    effect: { type: "emit_event", payload: event, result_key: null },
    result: { wait_key: null, name, scope: "run", delivered: 0, delivered_to: [], resumed: [] },
    error: null,
    started_at: at,
    ended_at: at,
    actor_id,
    session_id,
    attempt: 1,
    idempotency_key: `note:${step_id}`,
  };
}

/** Whether a record says something about its run, instead of being a step of it. */
export function isNoteRecord({ node_id }: Pick<StepRecord, "node_id">): boolean {
  return node_id === noteNode;
}
