import type { CommandDef } from "citty";
import { describeSettings, describeText } from "#config/describe.ts";
import { configInit } from "#config/init.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { print, printJson } from "#cli/terminal.ts";

export function configCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "config", description: "Write a first configuration, or show the one in force" },
    subCommands: { init: initCommand(context), status: statusCommand(context) },
  });
}

function initCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "init", description: "Write .env with a new token and the folders to use" },
    args: {
      "env-file": { type: "string", valueHint: "file", description: "File to write (default: .env)" },
      force: { type: "boolean", description: "Replace the file when it exists" },
      "auth-token": { type: "string", description: "Token to write (default: a new one)" },
      "allowed-origins": { type: "string", valueHint: "globs", description: "Web pages that may call the gateway" },
      "data-dir": {
        type: "string",
        valueHint: "folder",
        description: "Folder of everything that lasts (default: ./runtime)",
      },
      "flows-dir": {
        type: "string",
        valueHint: "folder",
        description: "Folder of installed bundles (default: in the data folder)",
      },
      json: { type: "boolean", description: "Print JSON, without the token" },
    },
    run: async ({ args }) => {
      const given = {
        envFile: args["env-file"],
        authToken: args["auth-token"],
        allowedOrigins: args["allowed-origins"],
        dataDir: args["data-dir"],
        flowsDir: args["flows-dir"],
      };
      const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const { path } = await configInit({ cwd: context.cwd, force: args.force ?? false, ...named });
      if (args.json) return printJson(context, { path });
      print(context, [`Wrote ${path}`, ...hints].join("\n"));
    },
  });
}

const hints = [
  "  It holds the token that clients send: keep it to yourself.",
  "  `abstractgateway serve` here starts the gateway with it.",
  "  `abstractgateway config status` shows what is in force.",
];

function statusCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "status", description: "Show the settings in force, without secrets" },
    args: { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      if (args.json) return printJson(context, describeSettings(settings));
      print(context, describeText(settings));
    },
  });
}
