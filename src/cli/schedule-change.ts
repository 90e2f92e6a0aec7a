import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import type { ScheduleChanges } from "#sdk/wire.ts";
import { type ConnectArgs, connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { describeSchedule } from "#cli/schedule-text.ts";
import { timesArgs, timesOf } from "#cli/schedule-times.ts";
import { notices, print, printJson } from "#cli/terminal.ts";

const scheduleArg = { type: "positional", description: "Id of the schedule", required: true } as const;
const jsonArg = { type: "boolean", description: "Print what became of it as JSON" } as const;

export function updateCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "update", description: "Change when a schedule runs, and how" },
    args: {
      schedule: scheduleArg,
      ...timesArgs,
      "after-next": { type: "boolean", description: "The time that is waited for stays; the change counts after it" },
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args, rawArgs }) => {
      const times = timesOf(args, rawArgs);
      if (Object.keys(times).length === 0) {
        throw new AppError("invalid_request", "Nothing to change: use --interval, --cron or another option of --help.");
      }
      return change(context, args, { ...times, ...(args["after-next"] ? { apply_immediately: false } : {}) });
    },
  });
}

export function backfillCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "backfill", description: "Make up for the times of a past range, one by one" },
    args: {
      schedule: scheduleArg,
      from: { type: "string", valueHint: "time", description: "First ISO time", required: true },
      to: { type: "string", valueHint: "time", description: "Last ISO time", required: true },
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args }) => {
      const { from, to } = args;
      if (from === undefined || to === undefined) {
        throw new AppError("invalid_request", "A range needs --from and --to: two ISO times.");
      }
      return change(context, args, { backfill: { from, to } });
    },
  });
}

function change(
  context: CliContext,
  args: ConnectArgs & { schedule: string; json?: boolean | undefined },
  changes: ScheduleChanges,
): Promise<void> {
  return withGateway(context, args, { runner: true }, async ({ client }) => {
    const changed = await client.changeSchedule(args.schedule, changes);
    if (args.json) return printJson(context, changed);
    notices(context).log(changed.message);
    print(context, describeSchedule(context, await client.schedule(args.schedule)));
  });
}
