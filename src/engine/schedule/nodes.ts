import type { CalendarMath } from "#core/schedule.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";
import { calendarOf, countOf, isRecurrent, optionalMs, overlapOf } from "#engine/schedule/calendar.ts";
import { planNext } from "#engine/schedule/next-due.ts";
import { type ScheduleState, readSchedule, readState, writeState } from "#engine/schedule/state.ts";

/*
 * The run of a schedule: `plan` finds the next time, a wait waits for it, `fire` decides, `run_target` starts the child run, `after` counts.
 * Everything is in the vars and each step is a commit of this one run, so that a time comes exactly once, whenever a process dies.
 */

const plan: NodeDefinition = {
  run({ execution }) {
    const schedule = readSchedule(execution);
    const state = readState(execution);
    const more = planNext(schedule, state, mathOf(execution), execution.now());
    writeState(execution, state);
    if (!more) return { kind: "record", record: {}, handle: "done" };
    const isFirst = state.fired === 0 && state.skipped === 0;
    return { kind: "record", record: {}, handle: isFirst ? "first" : "next" };
  },
};

const wait: NodeDefinition = {
  run({ execution }) {
    const { due, mode } = readState(execution);
    const now = execution.now();
    const at = mode === "backfill" || due === null ? now : due;
    const jitterMs = at > now ? (optionalMs(readSchedule(execution), "jitter") ?? 0) : 0;
    return { kind: "effect", type: "wait_until", payload: { until: isoTime(at + execution.random() * jitterMs) } };
  },
  outputs: once,
};

/** Woken by the time, by somebody who wants a run at once, or by a change of the schedule. */
const fire: NodeDefinition = {
  run({ execution }) {
    const schedule = readSchedule(execution);
    const state = readState(execution);
    const isAtOnce = state.now || wasAnswered(execution);
    const isLate = !isAtOnce && !state.replan && use(schedule, state, execution);
    const isOff = state.replan && !isAtOnce;
    state.replan = false;
    state.now = false;
    writeState(execution, state);
    if (isOff || isLate) return { kind: "record", record: {}, handle: "plan" };
    const replaces = overlapOf(schedule) === "cancel_other" && state.child !== null;
    return { kind: "record", record: {}, handle: replaces ? "cancel" : "run" };
  },
};

/** Uses up the time that was waited for, and those that passed with it. True when it came too late to count. */
function use(schedule: JsonObject, state: ScheduleState, execution: Execution): boolean {
  if (state.mode === "backfill" || state.due === null) return false;
  const now = execution.now();
  const calendar = calendarOf(schedule);
  const { due } = state;
  state.cursor = due;
  const windowMs = optionalMs(schedule, "catchup_window");
  const isLate = windowMs !== null && due < now - windowMs;
  if (isLate) state.skipped += 1;
  const policy = overlapOf(schedule);
  if (policy === "buffer_all" || policy === "allow_all" || isLate) return isLate;
  const latest = mathOf(execution).latest(calendar, due, now);
  if (latest) {
    state.cursor = latest.atMs;
    state.skipped += latest.others + 1;
  }
  return false;
}

const cancelPrevious: NodeDefinition = {
  run({ execution }) {
    const { child } = readState(execution);
    const reason = "The next run of the schedule takes its place";
    return { kind: "effect", type: "steer_run", payload: { run_id: child ?? "", action: "cancel", reason } };
  },
  outputs: once,
};

const runTarget: NodeDefinition = {
  failsRun: true,
  run({ execution }) {
    const schedule = readSchedule(execution);
    const state = readState(execution);
    state.started = execution.now();
    writeState(execution, state);
    const target = schedule["target_workflow_id"];
    if (typeof target !== "string") throw new NodeError("the schedule names no workflow");
    const input = execution.vars.read("vars");
    const payload: JsonObject = {
      workflow_id: target,
      vars: isObject(input) ? input : {},
      async: true,
      wait: isSequential(schedule),
    };
    const session = ownSession(schedule, state, execution);
    if (session !== null) payload["session_id"] = session;
    return { kind: "effect", type: "start_subworkflow", payload };
  },
  outputs: once,
};

function isSequential(schedule: JsonObject): boolean {
  const policy = overlapOf(schedule);
  return policy !== "allow_all" && policy !== "cancel_other";
}

/** Without a shared context every run has a session of its own (contract http-api 5.4). */
function ownSession(schedule: JsonObject, state: ScheduleState, execution: Execution): string | null {
  if (schedule["share_context"] !== false) return null;
  const isEndless = isRecurrent(schedule) && countOf(schedule) === null;
  const mark = isEndless ? isoTime(execution.now()) : String(state.fired);
  const { session_prefix: prefix } = schedule;
  return `${typeof prefix === "string" ? prefix : execution.ids.workflow_id} : ${mark}`;
}

const after: NodeDefinition = {
  run({ execution }) {
    const schedule = readSchedule(execution);
    const state = readState(execution);
    const outcome = execution.vars.peek("_temp", "effects", "run_target");
    const result = isObject(outcome) ? outcome : {};
    state.fired += 1;
    state.child = typeof result["sub_run_id"] === "string" ? result["sub_run_id"] : null;
    state.ended = isSequential(schedule) ? execution.now() : null;
    writeState(execution, state);
    const output = result["output"];
    const isFailure = isObject(output) && output["success"] === false && typeof output["error"] === "string";
    const pauses = isFailure && schedule["pause_on_failure"] === true;
    return { kind: "record", record: {}, handle: pauses ? "pause" : "plan" };
  },
};

const pauseSelf: NodeDefinition = {
  run({ execution }) {
    const { child } = readState(execution);
    const payload = { run_id: execution.ids.run_id, action: "pause", reason: `The run ${child} failed` };
    return { kind: "effect", type: "steer_run", payload };
  },
  outputs: once,
};

const end: NodeDefinition = {
  run({ execution }) {
    const { fired, skipped } = readState(execution);
    return {
      kind: "end",
      output: { vars: execution.vars.read("vars") ?? {}, success: true, executions: fired, skipped },
    };
  },
};

/** An answer is whatever somebody sent; the time itself leaves `ready`. */
function wasAnswered(execution: Execution): boolean {
  const results = ["wait_start", "wait_interval"].map((id) => execution.vars.peek("_temp", "effects", id));
  const last = results.find((result) => isObject(result));
  for (const id of ["wait_start", "wait_interval"]) execution.vars.delete(["_temp", "effects", id]);
  return isObject(last) && last["ready"] !== true;
}

function mathOf({ options }: Execution): CalendarMath {
  if (!options.calendar) throw new NodeError("schedules are not available here");
  return options.calendar;
}

/** Nobody reads pins of these nodes. */
function once(): null {
  return null;
}

export const scheduleNodes: [string, NodeDefinition][] = [
  ["schedule_plan", plan],
  ["schedule_wait", wait],
  ["schedule_fire", fire],
  ["schedule_cancel", cancelPrevious],
  ["schedule_run", runTarget],
  ["schedule_after", after],
  ["schedule_pause", pauseSelf],
  ["schedule_end", end],
];
