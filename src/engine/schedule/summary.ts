import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import { readState } from "#engine/schedule/state.ts";

/** What a run's row says of its schedule; null for every other run. */
export function scheduleSummary(execution: Pick<Execution, "vars">): JsonObject | null {
  const schedule = execution.vars.peek("_meta", "schedule");
  if (!isObject(schedule)) return null;
  const { fired, skipped, due, child } = readState(execution);
  return {
    ...schedule,
    next_fire_at: due === null ? null : isoTime(due),
    executions: fired,
    skipped,
    last_run_id: child,
  };
}
