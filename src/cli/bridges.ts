import type { CommandDef } from "citty";
import { startTelegramBridge } from "#app/bridges.ts";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import { define } from "#cli/define.ts";
import { stopSignal, untilStopped } from "#cli/drain.ts";
import { createLog } from "#cli/log.ts";
import { settingsFor } from "#cli/settings.ts";
import { print } from "#cli/terminal.ts";

export function telegramCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "telegram", description: "Run the Telegram bridge by itself, also against a gateway elsewhere" },
    args: connectArgs,
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { telegram } = settings;
      if (!telegram) throw new AppError("invalid_request", "There is no bot: set ABSTRACT_TELEGRAM_BOT_TOKEN.");
      const token = args.token ?? telegram.gatewayToken ?? undefined;
      await withGateway(context, { ...args, token }, { runner: true }, async ({ client }) => {
        const signal = stopSignal(context);
        const bridge = await startTelegramBridge(settings, telegram, client, createLog(context, settings));
        try {
          print(context, `The Telegram bridge works for ${client.baseUrl}`);
          await untilStopped(context, { signal, settings });
        } finally {
          await bridge.stop();
          signal.release();
        }
      });
    },
  });
}
