import { AppError } from "#core/errors.ts";
import type { NewId } from "#core/ids.ts";
import type { Clock } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { Batch, Committed, Ledger, NewRun } from "#ledger/ledger.ts";
import type { Plan } from "#engine/plan.ts";
import { firstMoment } from "#runner/commit.ts";
import { firstVars } from "#runner/first-vars.ts";
import { newRun } from "#runner/new-run.ts";
import type { RunWatch } from "#runner/run-watch.ts";
import type { StartRequest, StartRun } from "#runner/runner.ts";

export interface StartDependencies {
  ledger: Ledger;
  now: Clock;
  newId: NewId;
  /** Folder for a run's own workspace, or null when runs get none. The folder is made when a step first uses it. */
  workspacesDir: string | null;
  /** Plan of a listener of the same bundle. */
  loadPlan: (digest: string, workflowId: string) => Promise<Plan>;
  /** Hands a run to the runner of this process while its commit is still under way: its first step joins the same flush. */
  adopt?: (start: FreshRun, committed: Promise<Committed>) => void;
  watch?: RunWatch | null;
  /** Whether runs want a prompt cache when their input does not say. */
  cachesPrompts?: boolean | null;
}

/** A run on its way into the ledger, with the values behind its text, so that its first step need not parse them. */
export interface FreshRun {
  run: NewRun;
  vars: JsonObject;
}

export function createStartRun(deps: StartDependencies): StartRun {
  return async (request) => {
    const starts = await rootWithListeners(deps, request);
    const root = (starts[0] as FreshRun).run;
    const moment = firstMoment(root, (starts[0] as FreshRun).vars);
    const batch: Batch = { starts: [...starts.map(({ run }) => run), ...(deps.watch?.attach?.(moment) ?? [])] };
    if (request.idempotency) {
      const { key, principal, bodyHash } = request.idempotency;
      batch.startKey = { key, principal, body_hash: bodyHash, run_id: root.run.run_id };
    }
    const committing = deps.ledger.commit(batch);
    // With a key the start may turn out to be a repetition, so nobody may run ahead of its commit.
    if (!batch.startKey) for (const start of starts) deps.adopt?.(start, committing);
    const { duplicate } = await committing;
    if (!duplicate) {
      deps.watch?.committed?.(moment);
      return { run_id: root.run.run_id, duplicate: false };
    }
    if (duplicate.body_hash !== request.idempotency?.bodyHash) {
      throw new AppError("unprocessable", "This Idempotency-Key was used before with another request body");
    }
    return { run_id: duplicate.run_id, duplicate: true };
  };
}

/** The root run first, then one child run per `on_event` node of its flow. */
async function rootWithListeners(deps: StartDependencies, request: StartRequest): Promise<FreshRun[]> {
  const { plan, bundleDigest } = request.target;
  const workspaceRoot = request.workspaceRoot ?? (deps.workspacesDir ? `${deps.workspacesDir}/${hexId(deps)}` : null);
  const vars = firstVars(request.inputData, {
    thinking: request.thinking,
    lifecycle: request.lifecycle,
    workspaceRoot,
    schedule: request.schedule ?? null,
    traceparent: request.traceparent ?? null,
    cachesPrompts: deps.cachesPrompts ?? null,
  });
  const root = newRun(
    {
      bundleDigest,
      actorId: request.actorId,
      runtimeId: request.runtimeId,
      plan,
      vars,
      sessionId: request.sessionId,
      lifecycle: request.lifecycle,
      schedule: request.schedule ?? null,
      ...(request.parent ? { parent: request.parent } : {}),
    },
    deps.now,
    deps.newId,
  );
  return [{ run: root, vars }, ...(await listenersOf(deps, { plan, root: root.run, vars }))];
}

/** The listener runs of a new root run. */
export async function listenersOf(
  deps: Pick<StartDependencies, "loadPlan" | "now" | "newId">,
  { plan, root, vars }: { plan: Plan; root: NewRun["run"]; vars: JsonObject },
): Promise<FreshRun[]> {
  const { bundle_digest: bundleDigest, actor_id: actorId, runtime_id: runtimeId, session_id: sessionId } = root;
  const starts: FreshRun[] = [];
  for (const listener of plan.listeners) {
    const listenerPlan = await deps.loadPlan(bundleDigest ?? "", listener.workflow_id);
    const ownVars = listenerVars(vars);
    const seed = { bundleDigest, actorId, runtimeId, plan: listenerPlan, vars: ownVars, sessionId, parent: root };
    starts.push({ run: newRun(seed, deps.now, deps.newId), vars: ownVars });
  }
  return starts;
}

function listenerVars(vars: JsonObject): JsonObject {
  const pick = (key: string) => (isObject(vars[key]) ? { ...vars[key] } : {});
  return { _runtime: pick("_runtime"), _limits: pick("_limits") };
}

function hexId(deps: StartDependencies): string {
  return deps.newId().replaceAll("-", "");
}
