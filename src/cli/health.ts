import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { createClient } from "#sdk/client.ts";
import { readAddress } from "#cli/address-file.ts";
import { localUrl } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { print } from "#cli/terminal.ts";

export function healthCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "health", description: "Ask a gateway whether it is up (for health checks of containers)" },
    args: {
      url: {
        type: "string",
        valueHint: "address",
        description: "Gateway to ask (default: the one of the data folder)",
      },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const baseUrl = args.url ?? (await defaultUrl(context, args));
      if (await createClient({ baseUrl }).isHealthy()) return print(context, `${baseUrl} is healthy.`);
      throw new AppError("unavailable", `No gateway answers at ${baseUrl}.`);
    },
  });
}

async function defaultUrl(context: CliContext, args: Parameters<typeof settingsFor>[1]): Promise<string> {
  const settings = settingsFor(context, args);
  return (await readAddress(settings.dataDir)) ?? localUrl(settings.host, settings.port);
}
