import type { CommandDef } from "citty";
import type { LibraryCheck } from "#app/check-libraries.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { exitCodeOfFindings } from "#cli/exit-codes.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { notices, print, printJson } from "#cli/terminal.ts";

export function checkCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "check", description: "Unpack the native libraries and try each one" },
    args: { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { checkLibraries } = await import("#app/check-libraries.ts");
      const checks: LibraryCheck[] = [];
      for await (const each of checkLibraries(settings, context.env)) {
        checks.push(each);
        if (each.problem !== null) context.exitCode = exitCodeOfFindings;
        if (!args.json) show(each, context);
      }
      if (args.json) printJson(context, checks);
    },
  });
}

function show({ name, version, unpacked, unpackS, useS, problem }: LibraryCheck, context: CliContext): void {
  if (problem !== null) return notices(context).error(`${name} ${version}: ${problem}`);
  const source = unpacked ? `${Math.round(unpacked.bytes / 1e6)} MB in ${unpacked.folder}` : "from node_modules";
  print(context, `${name} ${version} works: ${source}, unpacked in ${unpackS} s, used in ${useS} s`);
}
