import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { exitCodeOfFindings } from "#cli/exit-codes.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { notices, plain, print, printJson } from "#cli/terminal.ts";

export function verifyCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "verify", description: "Check the hash chains of the ledger" },
    args: {
      run: { type: "string", valueHint: "id", description: "Only this run (default: all)" },
      json: { type: "boolean", description: "Print JSON" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { verifyLedger } = await import("#app/offline.ts");
      const result = await verifyLedger(settings, args.run === undefined ? {} : { runId: args.run });
      if (args.run !== undefined && result.runs === 0) throw new AppError("not_found", `Run '${args.run}' not found`);
      if (result.problems.length > 0) context.exitCode = exitCodeOfFindings;
      if (args.json) return printJson(context, result);
      for (const { run_id, seq, message } of result.problems) {
        notices(context).error(`${run_id}${seq === null ? "" : ` record ${seq}`}: ${plain(message)}`);
      }
      const found = result.problems.length === 0 ? "sound" : `${result.problems.length} problems`;
      print(context, `${result.runs} runs, ${result.records} records: ${found}.`);
    },
  });
}
