import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { isoTime, systemClock } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { type ConnectArgs, connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { print, printJson } from "#cli/terminal.ts";

const args = {
  schedule: { type: "positional", description: "Id of the schedule", required: true },
  json: { type: "boolean", description: "Print what became of it as JSON" },
  ...connectArgs,
} as const;

export function pauseCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "pause", description: "Let no further time come, and pause what runs" },
    args: { ...args, note: { type: "string", description: "Why; shown with the schedule" } },
    run: ({ args: given }) => {
      const payload = given.note === undefined ? {} : { reason: given.note };
      return steer(context, given, { type: "pause", payload });
    },
  });
}

export function resumeCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "resume", description: "Go on with a paused schedule; a recurrent one starts a run at once" },
    args,
    run: ({ args: given }) => steer(context, given, { type: "resume", payload: {} }),
  });
}

export function runNowCommand(context: CliContext): CommandDef {
  return define({
    meta: {
      name: "run-now",
      description: "Start a run at once, where the schedule waits for its time; that time stays",
    },
    args,
    run: ({ args: given }) => {
      const payload = { mode: "run_now", requested_at: isoTime(systemClock()) };
      return steer(context, given, { type: "resume", payload: { payload } });
    },
  });
}

export function deleteCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "delete", description: "End a schedule and what it runs; its records stay" },
    args,
    run: ({ args: given }) =>
      withGateway(context, given, { runner: true }, async ({ client }) => {
        const ended = await client.endSchedule(given.schedule);
        if (given.json) return printJson(context, ended);
        print(context, ended.message);
      }),
  });
}

interface Order {
  type: "pause" | "resume";
  payload: JsonObject;
}

async function steer(
  context: CliContext,
  given: ConnectArgs & { schedule: string; json?: boolean | undefined },
  { type, payload }: Order,
): Promise<void> {
  await withGateway(context, given, { runner: true }, async ({ client }) => {
    // A run that is no schedule must not be steered by this name.
    const { schedule_id } = await client.schedule(given.schedule);
    const receipt = await client.command({ run_id: schedule_id, type, payload });
    const state = await client.outcome(receipt.command_id);
    if (state.outcome?.status === "refused") throw new AppError("conflict", sentence(state.outcome.message));
    if (given.json) return printJson(context, state);
    print(context, state.outcome?.message ?? `Accepted as command ${receipt.seq}; no runner has applied it yet.`);
  });
}

function sentence(message: string): string {
  return message.startsWith("The run waits for a child run") ? "A run of the schedule is working now." : message;
}
