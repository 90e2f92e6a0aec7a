import { type Static, Type as t } from "@sinclair/typebox";
import { anyValue, count, flag, jsonObject, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

export const ScheduleRunRequest = t.Object(
  {
    bundle_id: text("Bundle, `id` or `id@version`."),
    flow_id: text("`flow`, or `bundle[@version]:flow`."),
    bundle_version: optionalText("Version; the latest one when absent. It stays the same for all runs."),
    registry_scope: optionalText("`private`."),
    input_data: t.Object({}, { additionalProperties: true, default: {}, description: "Input of every run." }),
    start_at: optionalText("`now`, an ISO time, or a duration such as 10m."),
    interval: optionalText("Time from one run to the next, such as 30m: a fixed rate."),
    repeat_count: t.Optional(t.Union([t.Integer(), t.Null()], { description: "So many runs." })),
    repeat_until: optionalText("No run after this ISO time."),
    share_context: t.Boolean({ default: true, description: "All runs are in the schedule's session." }),
    session_id: optionalText("Session of the schedule."),
    cron: t.Optional(anyValue("A cron pattern of 5 or 6 fields, or several.")),
    timezone: optionalText("IANA time zone of the patterns; UTC when absent."),
    overlap: t.String({
      default: "skip",
      description:
        "When a time comes while the last run works: skip, buffer_one, buffer_all, cancel_other or allow_all.",
    }),
    catchup_window: optionalText("A time that was missed by more than this is not made up for."),
    jitter: optionalText("Up to so much later, at random."),
    pause_on_failure: t.Boolean({ default: false, description: "Pause the schedule when a run fails." }),
    note: optionalText("For people."),
  },
  { $id: "ScheduleRunRequest", description: "What to run, and when." },
);
export type ScheduleRunRequest = Omit<Static<typeof ScheduleRunRequest>, "cron"> & { cron?: string | string[] | null };

const ScheduleJson = t.Object(
  {
    schedule_id: text("Id of the schedule: that of its run."),
    status: text("Status of its run."),
    paused: flag("Whether it is paused."),
    pause_reason: textOrNull("Why."),
    schedule: jsonObject("What it runs and when, with `executions`, `skipped` and `last_run_id`."),
    runs_left: t.Union([t.Integer(), t.Null()], {
      description: "Of a limited schedule, so many are to come; else null.",
    }),
    next_fire_times: t.Array(t.String(), {
      description: "The next ten times (in a list the next one); none when it is paused or over.",
    }),
  },
  { $id: "Schedule", description: "A schedule." },
);

export const ScheduleReply = ScheduleJson;

export const ScheduleList = t.Object(
  { items: t.Array(ScheduleJson, { description: "Newest change first." }) },
  { $id: "ScheduleList", description: "Schedules." },
);

export const SchedulesQuery = t.Object({
  limit: t.Integer({ default: 100, minimum: 1, maximum: 500, description: "At most so many." }),
  status: t.Optional(text("Only those whose run has this status.")),
});

export const ScheduleChanges = t.Object(
  {},
  {
    $id: "ScheduleChanges",
    additionalProperties: true,
    description:
      "interval, cron, timezone, overlap, catchup_window, jitter, pause_on_failure, repeat_count, repeat_until, note, or backfill `{from, to}`; apply_immediately.",
  },
);

export const ScheduleChanged = t.Object(
  {
    ok: flag("Whether it was changed."),
    command_id: text("The command that changed it."),
    message: text("What became of it."),
    seq: count("Place of the command in the inbox."),
  },
  { $id: "ScheduleChanged", description: "What became of the change." },
);
