import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { paintFor, print, printJson } from "#cli/terminal.ts";

export function licensesCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "licenses", description: "Print the licences of what others made and this executable holds" },
    args: {
      json: { type: "boolean", description: "Print JSON" },
      short: { type: "boolean", description: "Print names and licences only" },
    },
    run: async ({ args }) => {
      const { readLicences } = await import("#app/licences.ts");
      const licences = await readLicences();
      if (args.json) return printJson(context, licences);
      const paint = paintFor(context, context.stdout);
      for (const { name, version, license, text } of licences) {
        print(context, `${paint("bold", `${name} ${version}`)}: ${license || "see its text"}`);
        if (!args.short && text !== "") print(context, `\n${text}\n`);
      }
    },
  });
}
