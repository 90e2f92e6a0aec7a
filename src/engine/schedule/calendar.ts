import { type Calendar, type OverlapPolicy, overlapPolicies } from "#core/schedule.ts";
import { parseTime } from "#core/time.ts";
import { type JsonObject, type Value, numberOf } from "#core/value.ts";
import { durationMs } from "#engine/kernel-effects.ts";

/** More patterns are nobody's schedule. */
export const maxPatterns = 20;

/** Reads the calendar out of a schedule's stored form (contract http-api 5.4, with further keys of ours). */
export function calendarOf(schedule: JsonObject): Calendar {
  const { interval, cron, timezone, anchor, starts_at_anchor: includesAnchor, repeat_until: until } = schedule;
  return {
    anchorMs: parseTime(textOf(anchor) ?? ""),
    intervalMs: intervalOf(interval),
    cron: Array.isArray(cron) ? cron.filter((pattern): pattern is string => typeof pattern === "string") : [],
    timezone: textOf(timezone),
    includesAnchor: includesAnchor === true,
    untilMs: textOf(until) === null ? null : parseTime(textOf(until) ?? ""),
  };
}

/** Milliseconds; null without an interval, NaN when it cannot be read. */
export function intervalOf(interval: Value | undefined): number | null {
  const text = textOf(interval);
  return text === null ? null : (durationMs(text) ?? Number.NaN);
}

/** Whether it comes more than once by itself. */
export function isRecurrent(schedule: JsonObject): boolean {
  const { intervalMs, cron } = calendarOf(schedule);
  return intervalMs !== null || cron.length > 0;
}

export function overlapOf(schedule: JsonObject): OverlapPolicy {
  return overlapPolicies.find((policy) => policy === schedule["overlap"]) ?? "skip";
}

/** Milliseconds of a duration that may be left out. */
export function optionalMs(schedule: JsonObject, name: string): number | null {
  const text = textOf(schedule[name]);
  return text === null ? null : durationMs(text);
}

/** Runs that it is limited to. With an end time that end counts: the number that clients see then follows from it. */
export function countOf(schedule: JsonObject): number | null {
  return textOf(schedule["repeat_until"]) === null ? numberOf(schedule["repeat_count"]) : null;
}

/** Times of a fixed rate until its end, the first one included; null where nobody can tell. */
export function derivedCount({ anchorMs, untilMs, intervalMs, cron, includesAnchor }: Calendar): number | null {
  if (untilMs === null || intervalMs === null || cron.length > 0) return null;
  return Math.max(0, Math.floor((untilMs - anchorMs) / intervalMs) + (includesAnchor ? 1 : 0));
}

/** Runs that are still to come; null when there is no limit, or nobody can tell. */
export function runsLeft(schedule: JsonObject, nowMs: number): number | null {
  const fired = numberOf(schedule["executions"]) ?? 0;
  const count = countOf(schedule);
  if (count !== null) return Math.max(0, count - fired);
  const calendar = calendarOf(schedule);
  const all = derivedCount(calendar);
  if (all === null) return null;
  const passed = derivedCount({ ...calendar, untilMs: nowMs }) ?? 0;
  return Math.max(0, all - passed);
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
