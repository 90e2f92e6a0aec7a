import type { NewId } from "#core/ids.ts";
import type { Clock } from "#core/time.ts";
import type { MakeChild } from "#effects/start-subworkflow.ts";
import type { Plan } from "#engine/plan.ts";
import { isScheduleWorkflow } from "#core/schedule.ts";
import { childVars } from "#runner/first-vars.ts";
import { newRun } from "#runner/new-run.ts";

/** Child runs come from the same bundle, by digest, as their parent. */
export function createMakeChild(deps: {
  loadPlan: (digest: string, workflowId: string) => Promise<Plan>;
  now: Clock;
  newId: NewId;
}): MakeChild {
  return async ({ workflowId, vars, sessionId, parent, parentVars, depth }) => {
    const digest = parent.bundle_digest;
    const plan = await deps.loadPlan(digest ?? "", workflowId);
    const own = childVars(vars, parentVars, depth);
    if (isScheduleWorkflow(parent.workflow_id)) own["_meta"] = { schedule_run_id: parent.run_id };
    return newRun(
      {
        plan,
        bundleDigest: digest,
        vars: own,
        sessionId,
        actorId: parent.actor_id,
        runtimeId: parent.runtime_id,
        parent,
      },
      deps.now,
      deps.newId,
    );
  };
}
