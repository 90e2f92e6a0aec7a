import { Cron } from "croner";
import { messageOf } from "#core/errors.ts";
import type { Calendar, CalendarMath } from "#core/schedule.ts";

/** Single times of a pattern are counted up to here. */
const maxSteps = 2000;
/** Widths in which the last time of a pattern is looked for, narrow first. */
const windowsMs = [60_000, 3_600_000, 86_400_000, 32 * 86_400_000, 400 * 86_400_000, 10 * 366 * 86_400_000];

/** Fixed rates by arithmetic, cron patterns by croner: in the time zone's own clock, through daylight saving. */
export const calendarMath: CalendarMath = {
  next: nextTime,
  latest: latestTime,
  problem: problemOf,
};

function nextTime(calendar: Calendar, afterMs: number): number | null {
  const { anchorMs, includesAnchor, untilMs } = calendar;
  const times = [
    includesAnchor && anchorMs > afterMs ? anchorMs : null,
    nextOfInterval(calendar, afterMs),
    ...calendar.cron.map((pattern) => nextOfPattern(calendar, pattern, afterMs)),
  ].filter((time) => time !== null);
  if (times.length === 0) return null;
  const next = Math.min(...times);
  return untilMs !== null && next > untilMs ? null : next;
}

function nextOfInterval({ anchorMs, intervalMs }: Calendar, afterMs: number): number | null {
  if (intervalMs === null) return null;
  // The first time after the anchor is one interval later.
  const steps = Math.max(1, Math.floor((afterMs - anchorMs) / intervalMs) + 1);
  return anchorMs + steps * intervalMs;
}

function nextOfPattern({ anchorMs, timezone }: Calendar, pattern: string, afterMs: number): number | null {
  const from = Math.max(afterMs, anchorMs - 1);
  // Croner works in whole seconds and answers what lies after the given one.
  const found = cronOf(pattern, timezone).nextRun(new Date(Math.floor(from / 1000) * 1000));
  return found?.getTime() ?? null;
}

function cronOf(pattern: string, timezone: string | null): Cron {
  return new Cron(pattern, { paused: true, timezone: timezone ?? "UTC", mode: "5-or-6-parts" });
}

function latestTime(calendar: Calendar, afterMs: number, untilMs: number): { atMs: number; others: number } | null {
  const first = nextTime(calendar, afterMs);
  if (first === null || first > untilMs) return null;
  if (calendar.cron.length === 0 && calendar.intervalMs !== null) {
    const end = Math.min(untilMs, calendar.untilMs ?? untilMs);
    const steps = Math.floor((end - first) / calendar.intervalMs);
    const atMs = first === calendar.anchorMs ? latestOnGrid(calendar, first, end) : first + steps * calendar.intervalMs;
    return { atMs, others: Math.round((atMs - first) / calendar.intervalMs) };
  }
  // Where the times are many, the count stops and the last one is looked for near the end.
  const walked = walk(calendar, first, untilMs);
  return walked.others < maxSteps
    ? walked
    : { ...walk(calendar, nearEnd(calendar, first, untilMs), untilMs), others: maxSteps };
}

function latestOnGrid({ anchorMs, intervalMs }: Calendar, first: number, end: number): number {
  const steps = Math.floor((end - anchorMs) / (intervalMs ?? 1));
  return steps < 1 ? first : anchorMs + steps * (intervalMs ?? 1);
}

/** A time so near the end that no year of seconds is walked through. */
function nearEnd(calendar: Calendar, first: number, untilMs: number): number {
  for (const windowMs of windowsMs) {
    if (untilMs - windowMs <= first) return first;
    const next = nextTime(calendar, untilMs - windowMs);
    if (next !== null && next <= untilMs) return next;
  }
  return first;
}

function walk(calendar: Calendar, from: number, untilMs: number): { atMs: number; others: number } {
  let atMs = from;
  for (let others = 0; others < maxSteps; others++) {
    const next = nextTime(calendar, atMs);
    if (next === null || next > untilMs) return { atMs, others };
    atMs = next;
  }
  return { atMs, others: maxSteps };
}

const minIntervalMs = 1000;
const maxIntervalMs = 100 * 366 * 86_400_000;

function problemOf(calendar: Calendar): string | null {
  const { intervalMs, cron, timezone, anchorMs, untilMs } = calendar;
  if (!Number.isFinite(anchorMs) || Math.abs(anchorMs) > 8.64e15) return "the start is not a time";
  if (intervalMs !== null && !(intervalMs >= minIntervalMs && intervalMs <= maxIntervalMs)) {
    return "the interval must be from 1 second to 100 years";
  }
  if (timezone !== null && !isTimeZone(timezone)) return `the time zone '${timezone.slice(0, 60)}' is not known`;
  for (const pattern of cron) {
    const problem = problemOfPattern(pattern, timezone);
    if (problem !== null) return problem;
  }
  if (untilMs !== null && untilMs < anchorMs) return "the end lies before the start";
  return null;
}

function problemOfPattern(pattern: string, timezone: string | null): string | null {
  const shown = pattern.slice(0, 60);
  try {
    const cron = cronOf(pattern, timezone);
    return cron.nextRun(new Date(0)) === null ? `the cron pattern '${shown}' never comes` : null;
  } catch (error) {
    return `the cron pattern '${shown}' cannot be read: ${messageOf(error)}`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name }).format(0);
    return true;
  } catch {
    return false;
  }
}
