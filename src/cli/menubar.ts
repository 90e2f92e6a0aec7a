import type { CommandDef } from "citty";
import { ownCommand } from "#app/own-command.ts";
import { menu } from "#clients/menubar/menu.ts";
import { menuFormats } from "#clients/menubar/menu-line.ts";
import { steerAll } from "#clients/menubar/steer-all.ts";
import { connectArgs, reachedGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { answerCommand } from "#cli/menubar-answer.ts";
import { formatOf, gatewayWords, presentGateway } from "#cli/menubar-gateway.ts";
import { installCommand, uninstallCommand } from "#cli/menubar-install.ts";
import { notices, print } from "#cli/terminal.ts";

export function menubarCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "menubar", description: "Print the gateway's state for SwiftBar, xbar or Argos" },
    args: {
      format: { type: "string", valueHint: menuFormats.join("|"), description: "Who reads it (default: who asks)" },
      ...connectArgs,
    },
    subCommands: {
      answer: answerCommand(context),
      "pause-all": steerAllCommand(context, "pause"),
      "resume-all": steerAllCommand(context, "resume"),
      install: installCommand(context),
      uninstall: uninstallCommand(context),
    },
    run: async ({ args }) => {
      const format = formatOf(context, args.format);
      const words = gatewayWords(context, args);
      const isLocal = args.profile === undefined && !words.some((word) => word.startsWith("--url="));
      const options = {
        format,
        // `tui`, `run`, `answer`: whatever a click starts talks to the same gateway.
        commandOf: (...given: string[]) => ownCommand(...given, ...words),
        serve: isLocal ? ownCommand("serve", ...words) : null,
      };
      print(context, await menu(() => reachedGateway(context, args), options));
    },
  });
}

function steerAllCommand(context: CliContext, type: "pause" | "resume"): CommandDef {
  const description = type === "pause" ? "Pause every run and schedule" : "Let every paused run and schedule go on";
  return define({
    meta: { name: `${type}-all`, description },
    args: connectArgs,
    run: async ({ args }) => {
      const { done, refused } = await steerAll(await presentGateway(context, args), type);
      for (const message of refused) notices(context).warn(message);
      print(context, `${type === "pause" ? "Paused" : "Resumed"}: ${done}.`);
    },
  });
}
