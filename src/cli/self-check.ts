import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { showFindings } from "#cli/findings.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";

export function selfCheckCommand(context: CliContext): CommandDef {
  return define({
    meta: {
      name: "self-check",
      description: "Try this executable: libraries, a run, and whether it can take over the data folder",
    },
    args: { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { selfCheck } = await import("#app/self-check.ts");
      await showFindings(context, selfCheck(settings, context.env), { json: args.json ?? false });
    },
  });
}
