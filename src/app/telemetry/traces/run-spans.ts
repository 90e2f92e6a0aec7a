import { isTerminal } from "#core/run.ts";
import { parseTime } from "#core/time.ts";
import { isWebhookWorkflow } from "#core/webhook.ts";
import { agentLoopPrefix } from "#engine/react/plan.ts";
import type { RunMoment, RunWatch } from "#runner/run-watch.ts";
import { type Span, type SpanSink, known, shortError } from "#app/telemetry/traces/span.ts";
import { placeOfRun, spanIdOf } from "#app/telemetry/traces/trace-ids.ts";

/** A span for each run, from its start to its end, however many processes that took. */
export function watchRuns(sink: SpanSink): RunWatch {
  return {
    committed(moment) {
      if (moment.kind === "started" || !isTerminal(moment.progress.status)) return;
      if (!isWebhookWorkflow(moment.run.workflow_id)) sink.emit(spanOf(moment));
    },
  };
}

function spanOf({ run, progress, vars }: RunMoment): Span {
  const isAgent = run.workflow_id.startsWith(agentLoopPrefix);
  return {
    ...placeOfRun(run, vars),
    spanId: spanIdOf(run.run_id),
    name: isAgent ? "invoke_agent" : `run ${run.workflow_id}`,
    kind: run.parent_run_id === null ? "server" : "internal",
    startMs: parseTime(run.created_at),
    endMs: parseTime(progress.finished_at ?? progress.updated_at),
    attributes: known({
      ...(isAgent ? { "gen_ai.operation.name": "invoke_agent" } : {}),
      "abstractgateway.run.id": run.run_id,
      "abstractgateway.run.root_id": run.root_run_id,
      "abstractgateway.run.status": progress.status,
      "abstractgateway.workflow.id": run.workflow_id,
      "session.id": run.session_id,
      "gen_ai.conversation.id": run.session_id,
    }),
    error: progress.status === "failed" ? shortError(progress.error ?? "failed") : null,
  };
}
