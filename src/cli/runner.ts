import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { stopSignal, untilStopped } from "#cli/drain.ts";
import { settingsArgs, serverSettingsFor } from "#cli/settings.ts";
import { createLog } from "#cli/log.ts";
import { print } from "#cli/terminal.ts";

export function runnerCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "runner", description: "Run workflows without serving HTTP (beside `serve --no-runner`)" },
    args: settingsArgs,
    run: async ({ args }) => {
      const settings = serverSettingsFor(context, args, { runner: true });
      const signal = stopSignal(context);
      try {
        const app = await context.createApp(settings, { log: createLog(context, settings), isShared: true });
        try {
          await app.listen({ http: false });
          print(context, `Running workflows of ${settings.dataDir}`);
          await untilStopped(context, { signal, settings });
        } finally {
          await app.stop();
        }
      } finally {
        signal.release();
      }
    },
  });
}
