import type { ScheduleItem } from "#sdk/wire.ts";
import type { CliContext } from "#cli/context.ts";
import { paintFor } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

export const scheduleHeader = ["SCHEDULE", "STATUS", "RUNS", "EVERY", "SO FAR", "LEFT", "NEXT (UTC)"];

export function scheduleRow(item: ScheduleItem): string[] {
  const { schedule_id, schedule, next_fire_times, runs_left: left } = item;
  return [
    schedule_id,
    statusOf(item),
    schedule.target_workflow_id ?? "",
    rhythm(item),
    String(schedule.executions ?? 0),
    left === null ? "" : String(left),
    next_fire_times[0]?.slice(0, 19) ?? "",
  ].map(plain);
}

/** Everything about one schedule, and when it comes next. */
export function describeSchedule(context: CliContext, item: ScheduleItem): string {
  const { schedule, next_fire_times: times } = item;
  const paint = paintFor(context, context.stdout);
  const fields: [string, unknown][] = [
    ["schedule", item.schedule_id],
    ["runs", schedule.target_workflow_id],
    ["status", statusOf(item)],
    ["why", item.pause_reason],
    ["every", rhythm(item)],
    ["starts", schedule.start_at],
    ["until", schedule.repeat_until],
    ["overlap", schedule.overlap],
    ["catch-up", schedule.catchup_window],
    ["jitter", schedule.jitter],
    ["on failure", schedule.pause_on_failure ? "pauses" : null],
    ["note", schedule.note],
    ["so far", `${schedule.executions ?? 0} runs, ${schedule.skipped ?? 0} times skipped`],
    ["left", item.runs_left],
    ["last run", schedule.last_run_id],
  ];
  const present = fields.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const lines = present.map(([name, value]) => `${paint("dim", name.padEnd(12))} ${plain(String(value))}`);
  const next = times.length === 0 ? ["No further times."] : ["Next times (UTC):", ...times.map(timeLine)];
  return [...lines, "", ...next].join("\n");
}

function timeLine(time: string): string {
  return `  ${plain(time.slice(0, 19))}`;
}

function statusOf({ status, paused }: ScheduleItem): string {
  return paused ? `${status} (paused)` : status;
}

function rhythm({ schedule }: ScheduleItem): string {
  const patterns = schedule.cron?.join("; ") ?? "";
  const zone = patterns !== "" && schedule.timezone ? ` (${schedule.timezone})` : "";
  return [schedule.interval, patterns].filter(Boolean).join(", ") + zone || "once";
}
