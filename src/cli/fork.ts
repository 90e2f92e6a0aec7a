import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { followRun } from "#cli/follow-run.ts";
import { finish } from "#cli/run.ts";
import { optionValues } from "#cli/flags.ts";
import { readInput } from "#cli/run-input.ts";
import { notices, print, printJson } from "#cli/terminal.ts";

export function forkCommand(context: CliContext): CommandDef {
  return define({
    meta: {
      name: "fork",
      description: "Start a new run from a run's state at a cursor, with other input or another version",
    },
    args: {
      run: { type: "positional", description: "Run to fork", required: true },
      at: {
        type: "string",
        valueHint: "cursor",
        description: "Record to go on from (default: the last one; 0: again)",
      },
      input: {
        type: "string",
        alias: "i",
        valueHint: "JSON|name=value|@file",
        description: "Input to change; may be given several times",
      },
      "bundle-version": {
        type: "string",
        valueHint: "version",
        description: "Another installed version of the bundle",
      },
      session: { type: "string", valueHint: "id", description: "Session of the new run (default: the same)" },
      follow: { type: "boolean", alias: "f", description: "Follow the new run here and answer its questions" },
      json: { type: "boolean", description: "Print {run_id, forked_from}, or how the run ended when it is followed" },
      ...connectArgs,
    },
    run: async ({ args, rawArgs }) => {
      const at = cursorOf(args.at);
      const version = args["bundle-version"];
      const body = {
        ...(at === null ? {} : { at }),
        input_data: await readInput(optionValues(rawArgs, "input", "i"), context.cwd),
        ...(version ? { bundle_version: version } : {}),
        ...(args.session ? { session_id: args.session } : {}),
      };
      await withGateway(context, args, { runner: args.follow ?? false }, async ({ client }) => {
        const { run_id: runId, forked_from } = await client.fork(args.run, body);
        const asJson = args.json ?? false;
        if (!asJson)
          notices(context).log(`Run ${runId}, forked from ${forked_from.run_id} at cursor ${forked_from.cursor}`);
        if (args.follow) finish(context, await followRun(context, { client, runId, isQuiet: asJson }), asJson);
        else if (asJson) printJson(context, { run_id: runId, forked_from });
        else print(context, runId);
      });
    },
  });
}

function cursorOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw new AppError("invalid_request", `Option '--at' must be a cursor, not '${text}'.`);
  return Number(text);
}
