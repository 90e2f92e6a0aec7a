import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { isTerminal } from "#core/run.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { exitCodeOfRun } from "#cli/exit-codes.ts";
import { type RunOutcome, followRun } from "#cli/follow-run.ts";
import { optionValues } from "#cli/flags.ts";
import { readInput } from "#cli/run-input.ts";
import { targetOf } from "#cli/run-target.ts";
import { notices, print, printJson } from "#cli/terminal.ts";

export function runCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "run", description: "Start a workflow, follow it here and answer its questions" },
    args: {
      bundle: {
        type: "positional",
        description: "Installed bundle: name, name@version or name@version:flow",
        required: true,
      },
      input: {
        type: "string",
        alias: "i",
        valueHint: "JSON|name=value|@file",
        description: "Input; may be given several times",
      },
      flow: { type: "string", valueHint: "id", description: "Flow of the bundle (default: its entrypoint)" },
      session: { type: "string", valueHint: "id", description: "Session that the run belongs to" },
      json: { type: "boolean", description: "Print {run_id, status, output, error} instead of steps and output" },
      ...connectArgs,
    },
    run: async ({ args, rawArgs }) => {
      const input = await readInput(optionValues(rawArgs, "input", "i"), context.cwd);
      const body = {
        ...targetOf(args.bundle, args.flow),
        input_data: input,
        ...(args.session ? { session_id: args.session } : {}),
      };
      await withGateway(context, args, { runner: true }, async ({ client, isOwn }) => {
        if (isOwn && !args.json)
          notices(context).log("No gateway is running: this run has its own for as long as it takes.");
        const runId = await client.start(body);
        if (!args.json) notices(context).log(`Run ${runId}`);
        finish(context, await followRun(context, { client, runId, isQuiet: args.json ?? false }), args.json ?? false);
      });
    },
  });
}

/** Says how a run ended that was followed here. */
export function finish(context: CliContext, outcome: RunOutcome, asJson: boolean): void {
  if (!isTerminal(outcome.status))
    throw new AppError("internal", `The stream ended, but the run is ${outcome.status}.`);
  context.exitCode = exitCodeOfRun[outcome.status];
  if (asJson) return printJson(context, outcome);
  if (outcome.status === "completed") {
    notices(context).success("Completed.");
    print(context, typeof outcome.output === "string" ? outcome.output : stringifyIndented(outcome));
  } else {
    notices(context).error(outcome.status === "cancelled" ? `Cancelled: ${outcome.error}` : `Failed: ${outcome.error}`);
  }
}

function stringifyIndented({ output }: RunOutcome): string {
  return JSON.stringify(output, null, 2) ?? stringifyJson(null);
}
