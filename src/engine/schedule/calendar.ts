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

export function countOf(schedule: JsonObject): number | null {
  return numberOf(schedule["repeat_count"]);
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
