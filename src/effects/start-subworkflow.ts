import type { Effect } from "#core/effect.ts";
import { messageOf } from "#core/errors.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { NewRun } from "#ledger/ledger.ts";

export interface ChildRequest {
  workflowId: string;
  vars: JsonObject;
  sessionId: string | null;
  parent: EffectContext["run"];
  parentVars: JsonObject;
  depth: number;
}

/** Makes the row of a child run. Fails with an AppError when its workflow is not known. */
export type MakeChild = (request: ChildRequest) => Promise<NewRun>;

/** A flow that calls itself for ever must end with a sentence, not with a full disk. */
const maxDepth = 200;

/** Starts a child run in the same commit as the parent's wait for it. Touches only the ledger. */
export function startSubworkflowHandler(makeChild: MakeChild): EffectHandler {
  return {
    type: "start_subworkflow",
    world: false,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    run: (effect, context) => startChild(makeChild, effect, context),
  };
}

async function startChild(makeChild: MakeChild, effect: Effect, context: EffectContext): Promise<Effected> {
  const { payload } = effect;
  const workflowId = typeof payload["workflow_id"] === "string" ? payload["workflow_id"] : "";
  if (!workflowId) return failed("start_subworkflow needs a workflow_id");
  const runtime = context.vars["_runtime"];
  const depth = (isObject(runtime) && typeof runtime["depth"] === "number" ? runtime["depth"] : 0) + 1;
  if (depth > maxDepth) return failed(`Subflows are nested deeper than ${maxDepth} levels`);
  const sessionId = typeof payload["session_id"] === "string" && payload["session_id"] ? payload["session_id"] : null;
  let child: NewRun;
  try {
    child = await makeChild({
      workflowId,
      vars: isObject(payload["vars"]) ? payload["vars"] : {},
      sessionId: sessionId ?? context.run.session_id,
      parent: context.run,
      parentVars: context.vars,
      depth,
    });
  } catch (error) {
    return failed(messageOf(error));
  }
  return { starts: [child], outcome: outcomeFor(effect, child.run.run_id, workflowId) };
}

function outcomeFor(effect: Effect, childRunId: string, workflowId: string): Effected["outcome"] {
  const { payload } = effect;
  if (payload["wait"] === false) {
    return { status: "completed", result: { sub_run_id: childRunId, async: true } };
  }
  const details: JsonObject = {
    sub_run_id: childRunId,
    sub_workflow_id: workflowId,
    async: true,
    include_traces: payload["include_traces"] === true,
  };
  for (const key of ["wrap_as_tool_result", "tool_name", "call_id"]) {
    const value = payload[key];
    if (value !== undefined) details[key] = value;
  }
  return {
    status: "waiting",
    wait: {
      reason: "subworkflow",
      wait_key: `subworkflow:${childRunId}`,
      until: null,
      resume_to_node: typeof payload["resume_to_node"] === "string" ? payload["resume_to_node"] : null,
      result_key: effect.result_key,
      prompt: null,
      choices: null,
      allow_free_text: true,
      details,
    },
  };
}

function failed(error: string): Effected {
  return { outcome: { status: "failed", error } };
}
