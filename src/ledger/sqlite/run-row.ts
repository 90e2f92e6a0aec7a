import { parseJson, stringifyJson } from "#core/json.ts";
import type { Run, RunIdentity, RunProgress } from "#core/run.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { isDraft, isPaused, wakeAt, wakeKey } from "#ledger/batch-rules.ts";

/** What a column holds, and what crosses to the writer thread: an array of these is the cheapest message there is. */
export type Cell = string | number | null;

export const identityColumns = [
  "run_id",
  "workflow_id",
  "bundle_digest",
  "parent_run_id",
  "root_run_id",
  "session_id",
  "actor_id",
  "runtime_id",
  "schedule_id",
  "lifecycle",
  "draft",
  "forked_from",
  "created_at",
] as const;

export const progressColumns = [
  "status",
  "paused",
  "node_id",
  "wait",
  "wait_key",
  "wake_at",
  "pause",
  "output",
  "error",
  "limits",
  "flow_warnings",
  "schedule",
  "updated_at",
  "finished_at",
] as const;

export const runColumns = [...identityColumns, ...progressColumns, "head_seq", "head_hash", "epoch"].join(", ");

export function pushIdentity(out: Cell[], run: RunIdentity): void {
  out.push(
    run.run_id,
    run.workflow_id,
    run.bundle_digest,
    run.parent_run_id,
    run.root_run_id,
    run.session_id,
    run.actor_id,
    run.runtime_id,
    run.schedule_id,
    json(run.lifecycle),
    isDraft(run.lifecycle) ? 1 : 0,
    json(run.forked_from),
    run.created_at,
  );
}

export function pushProgress(out: Cell[], progress: RunProgress): void {
  out.push(
    progress.status,
    isPaused(progress) ? 1 : 0,
    progress.node_id,
    json(progress.wait),
    wakeKey(progress),
    wakeAt(progress),
    json(progress.pause),
    json(progress.output),
    progress.error,
    json(progress.limits),
    json(progress.flow_warnings),
    json(progress.schedule),
    progress.updated_at,
    progress.finished_at,
  );
}

function json(value: unknown): string | null {
  return value === null || value === undefined ? null : stringifyJson(value);
}

type Text = string | null;

/** A row of `runs` as `SELECT ${runColumns}` gives it. */
export interface RunRow extends Omit<RunIdentity, "lifecycle" | "forked_from"> {
  lifecycle: Text;
  forked_from: Text;
  status: Run["status"];
  node_id: string;
  wait: Text;
  pause: Text;
  output: Text;
  error: Text;
  limits: Text;
  flow_warnings: Text;
  schedule: Text;
  updated_at: string;
  finished_at: Text;
  head_seq: number;
  head_hash: Text;
  epoch: number;
}

export function toRun(row: RunRow): Run {
  return {
    run_id: row.run_id,
    workflow_id: row.workflow_id,
    bundle_digest: row.bundle_digest,
    parent_run_id: row.parent_run_id,
    root_run_id: row.root_run_id,
    session_id: row.session_id,
    actor_id: row.actor_id,
    runtime_id: row.runtime_id,
    schedule_id: row.schedule_id,
    lifecycle: parsed(row.lifecycle) as JsonObject | null,
    forked_from: parsed(row.forked_from) as unknown as Run["forked_from"],
    created_at: row.created_at,
    status: row.status,
    node_id: row.node_id,
    wait: parsed(row.wait) as unknown as Run["wait"],
    pause: parsed(row.pause) as unknown as Run["pause"],
    output: parsed(row.output),
    error: row.error,
    limits: parsed(row.limits) as JsonObject | null,
    flow_warnings: parsed(row.flow_warnings) as string[] | null,
    schedule: parsed(row.schedule) as JsonObject | null,
    updated_at: row.updated_at,
    finished_at: row.finished_at,
    head_seq: row.head_seq,
    head_hash: row.head_hash,
    epoch: row.epoch,
  };
}

function parsed(text: Text): Value {
  return text === null ? null : parseJson(text);
}
