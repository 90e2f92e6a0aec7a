/** What happens when a time comes while the run of an earlier one still works. */
export const overlapPolicies = ["skip", "buffer_one", "buffer_all", "cancel_other", "allow_all"] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** Times at which something happens: a fixed rate, cron patterns, or single times; all of them together. */
export interface Calendar {
  /** First time; the grid of the interval begins here. Nothing happens before. */
  anchorMs: number;
  intervalMs: number | null;
  /** Patterns of 5 or 6 fields. */
  cron: readonly string[];
  /** IANA name for the patterns, or null for UTC. */
  timezone: string | null;
  /** Whether the anchor itself is one of the times, as it is for a schedule that starts at once or at a given time. */
  includesAnchor: boolean;
  /** Nothing happens after this. */
  untilMs: number | null;
}

/** The arithmetic of calendars (`scheduler/calendar.ts`), handed to the engine, which has none of its own. */
export interface CalendarMath {
  /** First time after `afterMs`, or null when there is none. */
  next(calendar: Calendar, afterMs: number): number | null;
  /** Last time in (`afterMs`, `untilMs`], and how many others lie there before it. Null when there is none. */
  latest(calendar: Calendar, afterMs: number, untilMs: number): { atMs: number; others: number } | null;
  /** What is wrong with a calendar, in one sentence, or null. */
  problem(calendar: Calendar): string | null;
}

/** Prefix of the workflow ids of scheduled runs. */
export const schedulePrefix = "scheduled:";

export function isScheduleWorkflow(workflowId: string): boolean {
  return workflowId.startsWith(schedulePrefix);
}
