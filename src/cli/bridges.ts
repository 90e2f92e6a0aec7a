import type { CommandDef } from "citty";
import { startEmailBridge, startTelegramBridge } from "#app/bridges.ts";
import type { Settings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { CliContext } from "#cli/context.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import { define } from "#cli/define.ts";
import { stopSignal, untilStopped } from "#cli/drain.ts";
import { createLog } from "#cli/log.ts";
import { settingsFor } from "#cli/settings.ts";
import { print } from "#cli/terminal.ts";

/** A bridge with what it is configured with. */
interface Configured {
  gatewayToken: string | null;
  start(sdk: GatewayClient, log: Log): Promise<{ stop(): Promise<void> }>;
}

export function telegramCommand(context: CliContext): CommandDef {
  return bridgeCommand(context, "Telegram", (settings) => {
    const { telegram } = settings;
    if (!telegram) throw new AppError("invalid_request", "There is no bot: set ABSTRACT_TELEGRAM_BOT_TOKEN.");
    return { ...telegram, start: (sdk, log) => startTelegramBridge(settings, telegram, sdk, log) };
  });
}

export function emailCommand(context: CliContext): CommandDef {
  return bridgeCommand(context, "email", (settings) => {
    const { email } = settings;
    if (!email?.account.imap || !email.account.smtp) {
      throw new AppError(
        "invalid_request",
        "There is no account: set ABSTRACT_EMAIL_IMAP_HOST and ABSTRACT_EMAIL_SMTP_HOST.",
      );
    }
    return { ...email, start: (sdk, log) => startEmailBridge(settings, email, { sdk, log }) };
  });
}

function bridgeCommand(context: CliContext, name: string, configure: (settings: Settings) => Configured): CommandDef {
  return define({
    meta: {
      name: name.toLowerCase(),
      description: `Run the ${name} bridge by itself, also against a gateway elsewhere`,
    },
    args: connectArgs,
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { gatewayToken, start } = configure(settings);
      const token = args.token ?? gatewayToken ?? undefined;
      await withGateway(context, { ...args, token }, { runner: true }, async ({ client }) => {
        const signal = stopSignal(context);
        const bridge = await start(client, createLog(context, settings));
        try {
          print(context, `The ${name} bridge works for ${client.baseUrl}`);
          await untilStopped(context, { signal, settings });
        } finally {
          await bridge.stop();
          signal.release();
        }
      });
    },
  });
}
