import type { Effect } from "#core/effect.ts";
import type { RecordStatus, StepRecord } from "#core/record.ts";
import type { TerminalStatus } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import { progressEvent } from "#core/media.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { Execution, PendingEffect } from "#engine/engine.ts";

interface Content {
  step_id?: string;
  status: RecordStatus;
  effect?: Effect | null;
  result?: Value;
  error?: string | null;
  started_at?: string;
  attempt?: number;
  idempotency_key?: string | null;
}

/** Appends a record of the current node. Keys in the stored order. */
export function append(execution: Execution, content: Content): void {
  const at = isoTime(execution.now());
  const { run_id, actor_id, session_id } = execution.ids;
  const record: StepRecord = {
    run_id,
    step_id: content.step_id ?? execution.newId(),
    node_id: execution.node_id,
    status: content.status,
    effect: content.effect ?? null,
    result: content.result ?? null,
    error: content.error ?? null,
    started_at: content.started_at ?? at,
    ended_at: content.status === "started" ? null : at,
    actor_id,
    session_id,
    attempt: content.attempt ?? 1,
    idempotency_key: content.idempotency_key ?? null,
  };
  execution.records.push(record);
}

export function appendStarted(execution: Execution, pending: PendingEffect): void {
  const { step_id, effect, attempt, idempotency_key, started_at } = pending;
  append(execution, { step_id, status: "started", effect, attempt, idempotency_key, started_at });
}

/** The second record of an attempt: same step, same key. */
export function appendEnd(
  execution: Execution,
  pending: PendingEffect,
  end: { status: RecordStatus; result?: Value; error?: string },
): void {
  const { step_id, effect, attempt, idempotency_key, started_at } = pending;
  append(execution, { step_id, effect, attempt, idempotency_key, started_at, ...end });
}

/** How far an effect under way is (contract flow-runtime 3.4, media progress). */
export function appendProgress(
  execution: Execution,
  { step_id, idempotency_key, attempt, node_id }: PendingEffect,
  { number, progress }: { number: number; progress: JsonObject },
): void {
  const { run_id, workflow_id } = execution.ids;
  const told = { run_id, workflow_id, node_id, step_id, idempotency_key, attempt, ...progress };
  const payload = { name: progressEvent, scope: "run", payload: told };
  append(execution, {
    status: "completed",
    effect: { type: "emit_event", payload, result_key: null },
    result: { emitted: true, name: progressEvent, payload: told },
    attempt,
    idempotency_key: `system:progress:${step_id}:${number}`,
  });
}

/** The last record of every run. */
export function appendTerminalStatus(execution: Execution, status: TerminalStatus): void {
  const payload = { name: "abstract.status", scope: "session", payload: { text: status } };
  append(execution, {
    status: "completed",
    effect: { type: "emit_event", payload, result_key: null },
    result: { emitted: true, name: "abstract.status", payload: { text: status } },
    idempotency_key: `system:terminal_status:${status}`,
  });
}
