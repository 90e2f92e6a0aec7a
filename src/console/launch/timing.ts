import type { ScheduleBody } from "#sdk/wire.ts";

/** When a flow runs, as somebody fills it in. */
export interface Timing {
  when: "now" | "once" | "interval" | "cron";
  /** Local time of the browser, as a date control has it. */
  at: string;
  interval: string;
  cron: string;
  timezone: string;
  times: string;
  overlap: string;
  note: string;
}

export const overlaps = [
  ["skip", "leave it out"],
  ["buffer_one", "run once afterwards"],
  ["buffer_all", "run all afterwards"],
  ["cancel_other", "cancel the one that works"],
  ["allow_all", "run beside it"],
] as const;

export function firstTiming(): Timing {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    when: "now",
    at: "",
    interval: "1h",
    cron: "0 9 * * 1-5",
    timezone: timeZone,
    times: "",
    overlap: "skip",
    note: "",
  };
}

/** What is missing, or null. */
export function timingTrouble({ when, at, interval, cron, times }: Timing): string | null {
  if (when === "once" && Number.isNaN(Date.parse(at))) return "Choose a time.";
  if (when === "interval" && !/^\d+(\.\d+)?\s*[smhdw]/.test(interval.trim()))
    return "An interval such as 30m, 1h or 1d.";
  if (when === "cron" && cron.trim() === "") return "At least one cron pattern.";
  return times.trim() === "" || /^[1-9]\d*$/.test(times.trim()) ? null : "How often is a whole number.";
}

export function scheduleTimes(timing: Timing): Partial<ScheduleBody> {
  const { when, at, interval, cron, timezone, times, overlap, note } = timing;
  const shared = { overlap, ...(note.trim() ? { note: note.trim() } : {}) };
  if (when === "once") return { ...shared, start_at: new Date(at).toISOString() };
  const limit = times.trim() ? { repeat_count: Number(times) } : {};
  if (when === "interval") return { ...shared, ...limit, interval: interval.trim() };
  return { ...shared, ...limit, cron: lines(cron), timezone };
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
