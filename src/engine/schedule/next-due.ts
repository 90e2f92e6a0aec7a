import type { Calendar, CalendarMath } from "#core/schedule.ts";
import type { JsonObject } from "#core/value.ts";
import { calendarOf, countOf, optionalMs, overlapOf } from "#engine/schedule/calendar.ts";
import type { ScheduleState } from "#engine/schedule/state.ts";

/** Makes the state wait for the next time. False when there is none any more. Nothing is looked up but in the arguments. */
export function planNext(schedule: JsonObject, state: ScheduleState, math: CalendarMath, nowMs: number): boolean {
  const count = countOf(schedule);
  if (count !== null && state.fired >= count) return false;
  const calendar = calendarOf(schedule);
  if (planBackfill(calendar, state, math)) return true;
  const afterMs = state.cursor ?? calendar.anchorMs - 1;
  const first = math.next(calendar, afterMs);
  const due = first !== null && first <= nowMs ? overdue({ schedule, calendar, state, math, nowMs }, first) : first;
  if (due === null) return false;
  state.due = due;
  state.mode = "calendar";
  return true;
}

/** The oldest time of a past range that nobody has made up for. */
function planBackfill(calendar: Calendar, state: ScheduleState, math: CalendarMath): boolean {
  for (let range = state.backfill[0]; range; range = state.backfill[0]) {
    const due = math.next(reachingBack(calendar, range.from), range.from - 1);
    if (due !== null && due <= range.to) {
      state.due = due;
      state.mode = "backfill";
      range.from = due + 1;
      return true;
    }
    state.backfill.shift();
  }
  return false;
}

/** The same grid, begun early enough to cover the past, and without an end. */
function reachingBack(calendar: Calendar, fromMs: number): Calendar {
  const { anchorMs, intervalMs } = calendar;
  if (anchorMs <= fromMs) return { ...calendar, untilMs: null };
  const steps = intervalMs === null ? 0 : Math.ceil((anchorMs - fromMs) / intervalMs) + 1;
  const earlier = intervalMs === null ? fromMs : anchorMs - steps * intervalMs;
  return { ...calendar, anchorMs: earlier, includesAnchor: false, untilMs: null };
}

interface Overdue {
  schedule: JsonObject;
  calendar: Calendar;
  state: ScheduleState;
  math: CalendarMath;
  nowMs: number;
}

/** Times have passed: while the last run worked, while the schedule was paused, or while the gateway was down. */
function overdue(asked: Overdue, first: number): number | null {
  const { schedule, calendar, state, math, nowMs } = asked;
  const windowMs = optionalMs(schedule, "catchup_window");
  const oldest = windowMs === null ? Number.NEGATIVE_INFINITY : nowMs - windowMs;
  let from = state.cursor ?? calendar.anchorMs - 1;
  let due: number | null = first;
  if (first < oldest) {
    state.skipped += countOfPassed(asked, from, oldest - 1);
    from = oldest - 1;
    due = math.next(calendar, from);
  }
  const policy = overlapOf(schedule);
  if (policy === "skip" && due !== null && state.ended !== null && due > (state.started ?? 0) && due <= state.ended) {
    state.skipped += countOfPassed(asked, due - 1, state.ended);
    from = state.ended;
    due = math.next(calendar, from);
  }
  if (due === null || due > nowMs || policy === "buffer_all" || policy === "allow_all") return due;
  const latest = math.latest(calendar, from, nowMs);
  if (!latest) return due;
  state.skipped += latest.others;
  return latest.atMs;
}

function countOfPassed({ calendar, math }: Overdue, afterMs: number, untilMs: number): number {
  const latest = math.latest(calendar, afterMs, untilMs);
  return latest ? latest.others + 1 : 0;
}
