import { overlapPolicies } from "#core/schedule.ts";
import { isoTime, parseTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import { durationMs } from "#engine/kernel-effects.ts";
import { calendarOf, derivedCount, isRecurrent, maxPatterns } from "#engine/schedule/calendar.ts";
import { readSchedule, readState, writeSchedule, writeState } from "#engine/schedule/state.ts";

/** Keys that a change may have beside `interval`, and what is wrong with a value of each. */
const checks: Record<string, (value: Value) => string | null> = {
  cron: (value) =>
    Array.isArray(value) && value.length <= maxPatterns && value.every((each) => typeof each === "string")
      ? null
      : `a list of at most ${maxPatterns} patterns`,
  timezone: (value) => (value === null || typeof value === "string" ? null : "the name of a time zone"),
  overlap: (value) =>
    overlapPolicies.some((policy) => policy === value) ? null : `one of ${overlapPolicies.join(", ")}`,
  catchup_window: isDurationOrNull,
  jitter: isDurationOrNull,
  pause_on_failure: (value) => (typeof value === "boolean" ? null : "true or false"),
  repeat_count: (value) => (value === null || isCount(value) ? null : "a whole number of 1 or more"),
  repeat_until: (value) => (value === null || isTime(value) ? null : "an ISO time"),
  note: (value) => (value === null || typeof value === "string" ? null : "a text"),
};

/**
 * Applies `update_schedule` (contract http-api 5.6) to the run of a schedule. Answers what was done, or why it was refused; a refusal changes
 * nothing.
 */
export function changeSchedule(execution: Execution, payload: JsonObject): { message: string } | { refused: string } {
  const before = readSchedule(execution);
  const changes = readChanges(payload);
  if ("refused" in changes) return changes;
  const { interval, backfill, others } = changes;
  if (interval !== null && !isRecurrent(before)) return { refused: "The schedule is not recurrent" };
  const now = execution.now();
  const state = readState(execution);
  const isImmediate = payload["apply_immediately"] !== false;
  const isMoved = interval !== null || "cron" in others || "timezone" in others;
  const next: JsonObject = { ...before, ...others, updated_at: isoTime(now) };
  if (interval !== null) next["interval"] = interval;
  // A first time that is still to come stays where it is; after it, or after the time that is waited for, the new grid begins.
  const begins = isImmediate ? now : Math.max(now, state.due ?? now);
  if (isMoved && calendarOf(before).anchorMs <= now)
    Object.assign(next, { anchor: isoTime(begins), starts_at_anchor: false });
  limit(next, others);
  const problem = execution.options.calendar?.problem(calendarOf(next)) ?? null;
  if (problem !== null) return { refused: `The schedule stays as it was: ${problem}` };
  writeSchedule(execution, next);
  if (isMoved) state.cursor = isImmediate ? now : state.due;
  if (backfill) state.backfill.push(backfill);
  const wakes = execution.wait?.reason === "until" && (isImmediate || backfill !== null);
  if (wakes) {
    state.replan = true;
    wakeNow(execution);
  }
  writeState(execution, state);
  execution.vars.set(["_runtime", "last_schedule_update"], {
    at: isoTime(now),
    ...others,
    ...(interval === null ? {} : { interval }),
  });
  return { message: "Changed the schedule" };
}

/** A number of runs takes the place of an end, and the other way round; the number that an end comes to is told. */
function limit(next: JsonObject, others: JsonObject): void {
  if (typeof others["repeat_count"] === "number") next["repeat_until"] = null;
  if (typeof next["repeat_until"] === "string") next["repeat_count"] = derivedCount(calendarOf(next));
  else if ("repeat_until" in others && !("repeat_count" in others)) next["repeat_count"] = null;
}

/** Starts a run at once, where the schedule waits for its time; that time stays. False when it does not wait. */
export function runNow(execution: Execution): boolean {
  if (execution.wait?.reason !== "until" || !isRecurrent(readSchedule(execution))) return false;
  const state = readState(execution);
  state.now = true;
  writeState(execution, state);
  wakeNow(execution);
  return true;
}

function wakeNow(execution: Execution): void {
  if (execution.wait) execution.wait = { ...execution.wait, until: isoTime(execution.now()) };
}

type Changes = {
  interval: string | null;
  backfill: { from: number; to: number } | null;
  others: JsonObject;
};

function readChanges(payload: JsonObject): Changes | { refused: string } {
  const given = payload["interval"] ?? payload["schedule"] ?? null;
  if (given !== null && !isDuration(given)) return { refused: "interval must be a duration such as 30s, 5m or 1h" };
  const others: JsonObject = {};
  for (const [name, check] of Object.entries(checks)) {
    const value = payload[name];
    if (value === undefined) continue;
    const wanted = check(value);
    if (wanted !== null) return { refused: `${name} must be ${wanted}` };
    others[name] = value;
  }
  if (typeof others["repeat_count"] === "number" && typeof others["repeat_until"] === "string") {
    return { refused: "repeat_until cannot be combined with repeat_count" };
  }
  const backfill = readBackfill(payload["backfill"]);
  if (backfill && "refused" in backfill) return backfill;
  const interval = typeof given === "string" ? given.trim() : null;
  if (interval === null && backfill === null && Object.keys(others).length === 0) {
    return { refused: "update_schedule names nothing to change" };
  }
  return { interval, backfill, others };
}

function readBackfill(value: Value | undefined): Changes["backfill"] | { refused: string } {
  if (value === undefined || value === null) return null;
  const { from, to } = isObject(value) ? value : {};
  const [start, end] = [from, to].map((time) => (typeof time === "string" ? parseTime(time) : Number.NaN));
  if (start === undefined || end === undefined || !(start <= end)) {
    return { refused: "backfill must be {from, to}: two ISO times, the earlier one first" };
  }
  return { from: start, to: end };
}

function isDuration(value: Value): boolean {
  return typeof value === "string" && (durationMs(value) ?? 0) > 0;
}

function isDurationOrNull(value: Value): string | null {
  return value === null || (typeof value === "string" && durationMs(value) !== null)
    ? null
    : "a duration such as 30s, or null";
}

function isCount(value: Value): boolean {
  const count = numberOf(value);
  return count !== null && Number.isInteger(count) && count >= 1;
}

function isTime(value: Value): boolean {
  return typeof value === "string" && !Number.isNaN(parseTime(value));
}
