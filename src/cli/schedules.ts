import type { CommandDef } from "citty";
import type { ScheduleItem } from "#sdk/wire.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { plain, print, printJson, table } from "#cli/terminal.ts";

const jsonArg = { type: "boolean", description: "Print JSON" } as const;

export function schedulesCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "schedules", description: "List schedules, or show the next times of one (runs steers them)" },
    args: {
      schedule: { type: "positional", description: "Id of one schedule", required: false },
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args }) =>
      withGateway(context, args, { runner: false }, async ({ client }) => {
        const items = args.schedule ? [await client.schedule(args.schedule)] : await client.schedules();
        if (args.json) return printJson(context, args.schedule ? items[0] : items);
        if (items.length === 0) return print(context, "No schedules.");
        print(context, table([header, ...items.map(row)]));
        if (args.schedule)
          for (const time of items[0]?.next_fire_times ?? []) print(context, `  ${time.slice(0, 19)} UTC`);
      }),
  });
}

const header = ["SCHEDULE", "STATUS", "RUNS", "EVERY", "SO FAR", "NEXT (UTC)"];

function row({ schedule_id, status, paused, schedule, next_fire_times }: ScheduleItem): string[] {
  const patterns = schedule.cron?.join("; ") ?? "";
  const zone = patterns !== "" && schedule.timezone ? ` (${schedule.timezone})` : "";
  return [
    schedule_id,
    paused ? `${status} (paused)` : status,
    schedule.target_workflow_id ?? "",
    [schedule.interval, patterns].filter(Boolean).join(", ") + zone || "once",
    String(schedule.executions ?? 0),
    next_fire_times[0]?.slice(0, 19) ?? "",
  ].map(plain);
}
