import type { NewId } from "#core/ids.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import type { RunIdentity, RunProgress } from "#core/run.ts";
import type { Plan } from "#engine/plan.ts";
import type { NewRun } from "#ledger/ledger.ts";

export interface RunSeed {
  plan: Plan;
  bundleDigest: string | null;
  vars: JsonObject;
  sessionId: string | null;
  actorId: string | null;
  runtimeId: string;
  lifecycle?: JsonObject | null;
  /** The schedule that this run carries out; it has the run's own id. */
  schedule?: JsonObject | null;
  parent?: { run_id: string; root_run_id: string };
}

/** A run that stands before its first node. Without a session of its own it is its own session. */
export function newRun(seed: RunSeed, now: Clock, newId: NewId): NewRun {
  const runId = newId();
  const at = isoTime(now());
  const identity: RunIdentity = {
    run_id: runId,
    workflow_id: seed.plan.workflow_id,
    bundle_digest: seed.bundleDigest,
    parent_run_id: seed.parent?.run_id ?? null,
    root_run_id: seed.parent?.root_run_id ?? runId,
    session_id: seed.sessionId ?? runId,
    actor_id: seed.actorId,
    runtime_id: seed.runtimeId,
    schedule_id: seed.schedule ? runId : null,
    lifecycle: seed.lifecycle ?? null,
    forked_from: null,
    created_at: at,
  };
  const progress: RunProgress = {
    status: "running",
    node_id: seed.plan.entry,
    wait: null,
    pause: null,
    output: null,
    error: null,
    limits: null,
    flow_warnings: null,
    schedule: seed.schedule ?? null,
    updated_at: at,
    finished_at: null,
  };
  return { run: { ...identity, ...progress }, vars: JSON.stringify(seed.vars) };
}
