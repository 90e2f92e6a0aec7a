import type { CommandDef } from "citty";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { createCommand } from "#cli/schedule-create.ts";
import { backfillCommand, updateCommand } from "#cli/schedule-change.ts";
import { deleteCommand, pauseCommand, resumeCommand, runNowCommand } from "#cli/schedule-steer.ts";
import { describeSchedule, scheduleHeader, scheduleRow } from "#cli/schedule-text.ts";
import { print, printJson, table } from "#cli/terminal.ts";

const jsonArg = { type: "boolean", description: "Print JSON" } as const;

export function schedulesCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "schedules", description: "List schedules; create, show, steer, change or end one" },
    args: { json: jsonArg, ...connectArgs },
    subCommands: {
      create: createCommand(context),
      show: showCommand(context),
      pause: pauseCommand(context),
      resume: resumeCommand(context),
      "run-now": runNowCommand(context),
      update: updateCommand(context),
      backfill: backfillCommand(context),
      delete: deleteCommand(context),
    },
    run: ({ args }) =>
      withGateway(context, args, { runner: false }, async ({ client }) => {
        const items = await client.schedules();
        if (args.json) return printJson(context, items);
        print(context, items.length === 0 ? "No schedules." : table([scheduleHeader, ...items.map(scheduleRow)]));
      }),
  });
}

function showCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "show", description: "Show one schedule and its next ten times" },
    args: {
      schedule: { type: "positional", description: "Id of the schedule", required: true },
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args }) =>
      withGateway(context, args, { runner: false }, async ({ client }) => {
        const item = await client.schedule(args.schedule);
        if (args.json) return printJson(context, item);
        print(context, describeSchedule(context, item));
      }),
  });
}
