import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { exitCodeOfFindings } from "#cli/exit-codes.ts";
import { type SettingsArgs, settingsArgs, settingsFor } from "#cli/settings.ts";
import { notices, print, printJson } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

export function verifyCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "verify", description: "Check the hash chains of the ledger and of the audit log" },
    args: {
      run: { type: "string", valueHint: "id", description: "Only this run (default: all)" },
      file: { type: "string", valueHint: "file", description: "Check an export instead of the ledger" },
      json: { type: "boolean", description: "Print JSON" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const result = await check(context, args);
      if (args.run !== undefined && result.runs === 0) throw new AppError("not_found", `Run '${args.run}' not found`);
      const audit = args.run === undefined && args.file === undefined ? await checkAudit(context, args) : null;
      if (result.problems.length + (audit?.problems.length ?? 0) > 0) context.exitCode = exitCodeOfFindings;
      if (args.json) return printJson(context, audit === null ? result : { ...result, audit });
      for (const { run_id, seq, message } of result.problems) {
        notices(context).error(`${run_id}${seq === null ? "" : ` record ${seq}`}: ${plain(message)}`);
      }
      const found = result.problems.length === 0 ? "sound" : `${result.problems.length} problems`;
      print(context, `${result.runs} runs, ${result.records} records: ${found}.`);
      if (audit === null || audit.lines === 0) return;
      for (const problem of audit.problems) notices(context).error(plain(problem));
      const state = audit.problems.length === 0 ? "sound" : `${audit.problems.length} problems`;
      print(context, `${audit.lines} lines of the audit log: ${state}.`);
    },
  });
}

async function checkAudit(context: CliContext, args: SettingsArgs) {
  const { verifyAuditLog } = await import("#app/offline.ts");
  return verifyAuditLog(settingsFor(context, args));
}

async function check(
  context: CliContext,
  args: SettingsArgs & { run?: string | undefined; file?: string | undefined },
) {
  const { verifyLedger, verifyExportFile } = await import("#app/offline.ts");
  if (args.file === undefined) {
    return verifyLedger(settingsFor(context, args), args.run === undefined ? {} : { runId: args.run });
  }
  if (args.run !== undefined) throw new AppError("invalid_request", "Name either --run or --file");
  return verifyExportFile(resolve(context.cwd, args.file));
}
