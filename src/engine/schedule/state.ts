import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";

/** Where a schedule stands; in the vars, so that it outlives the process. Times are milliseconds. */
export interface ScheduleState {
  /** Runs that were started. */
  fired: number;
  /** Times that passed without a run. */
  skipped: number;
  /** Last time of the calendar that was used up. */
  cursor: number | null;
  /** The time that is waited for, and whose it is. */
  due: number | null;
  mode: "calendar" | "backfill";
  /** The last run, and when it was started and ended. */
  child: string | null;
  started: number | null;
  ended: number | null;
  /** Past ranges that are still to be made up for. */
  backfill: { from: number; to: number }[];
  /** Somebody changed the schedule while it waited. */
  replan: boolean;
  /** Somebody wants a run at once. */
  now: boolean;
}

const scheduleVar = ["_meta", "schedule"];
const stateVar = ["_schedule"];

export function readSchedule(execution: Execution): JsonObject {
  const schedule = execution.vars.read(...scheduleVar);
  return isObject(schedule) ? schedule : {};
}

export function writeSchedule(execution: Execution, schedule: JsonObject): void {
  execution.vars.set(scheduleVar, schedule);
}

export function readState(execution: Pick<Execution, "vars">): ScheduleState {
  const stored = execution.vars.read(...stateVar);
  const state: JsonObject = isObject(stored) ? stored : {};
  const number = (name: string) => numberOf(state[name]);
  return {
    fired: number("fired") ?? 0,
    skipped: number("skipped") ?? 0,
    cursor: number("cursor"),
    due: number("due"),
    mode: state["mode"] === "backfill" ? "backfill" : "calendar",
    child: typeof state["child"] === "string" ? state["child"] : null,
    started: number("started"),
    ended: number("ended"),
    backfill: readRanges(state["backfill"]),
    replan: state["replan"] === true,
    now: state["now"] === true,
  };
}

export function writeState(execution: Execution, state: ScheduleState): void {
  execution.vars.set(stateVar, { ...state });
}

function readRanges(value: Value | undefined): ScheduleState["backfill"] {
  const ranges = Array.isArray(value) ? value.filter(isObject) : [];
  return ranges.flatMap(({ from, to }) => {
    const [start, end] = [numberOf(from), numberOf(to)];
    return start === null || end === null ? [] : [{ from: start, to: end }];
  });
}
