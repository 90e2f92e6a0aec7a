import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { showFindings } from "#cli/findings.ts";
import { configurationFor, settingsArgs } from "#cli/settings.ts";

export function doctorCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "doctor", description: "Look for what is wrong with this installation, and say how to mend it" },
    args: { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const { settings, warnings } = configurationFor(context, args);
      const { examine } = await import("#app/doctor/doctor.ts");
      const found = examine({ settings, warnings, env: context.env, nowMs: Date.now() });
      await showFindings(context, found, { json: args.json ?? false });
    },
  });
}
