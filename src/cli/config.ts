import type { CommandDef } from "citty";
import { describeSettings, describeText } from "#config/describe.ts";
import { configInit } from "#config/init.ts";
import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { print, printJson, table } from "#cli/terminal.ts";

export function configCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "config", description: "Write a first configuration, show the one in force, set default models" },
    subCommands: {
      init: initCommand(context),
      status: statusCommand(context),
      defaults: defaultsCommand(context),
      "set-default": setDefaultCommand(context),
      "clear-default": clearDefaultCommand(context),
    },
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

function defaultsCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "defaults", description: "Show which models are used where nobody names one" },
    args: { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const { createModelConfig } = await import("#app/model-config.ts");
      const routes = createModelConfig(settingsFor(context, args)).defaults.list({});
      if (args.json) return printJson(context, routes);
      const rows = routes.map(({ key, provider, model }) => [key, provider === null ? "–" : `${provider}/${model}`]);
      print(context, table([["ROUTE", "SET HERE"], ...rows]));
    },
  });
}

const routeArg = {
  type: "positional",
  description: "Such as input.text, embedding.text, output.image",
  required: true,
} as const;

function setDefaultCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "set-default", description: "Set which model is used; a running gateway follows at once" },
    args: {
      route: routeArg,
      provider: { type: "string", description: "Provider (default: as before)" },
      model: { type: "string", description: "Model (default: as before)" },
      option: {
        type: "string",
        valueHint: "name=value",
        description: "Further option of the call; several with commas",
      },
      json: { type: "boolean", description: "Print JSON" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const { createModelConfig } = await import("#app/model-config.ts");
      const { defaults } = createModelConfig(settingsFor(context, args));
      const { route, provider, model, option } = args;
      await defaults.set(route, {
        ...(provider === undefined ? {} : { provider }),
        ...(model === undefined ? {} : { model }),
        ...(option === undefined ? {} : { options: readOptions(option) }),
      });
      const set = defaults.get(route);
      if (args.json) return printJson(context, set);
      print(context, `${route} is ${set?.provider}/${set?.model}.`);
    },
  });
}

/** `a=1,b=text`: values are JSON where they can be. */
function readOptions(text: string): JsonObject {
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new AppError("invalid_request", `Option '--option' must be name=value, not '${pair}'.`);
      return [pair.slice(0, at).trim(), valueOf(pair.slice(at + 1))];
    }),
  );
}

function valueOf(text: string): Value {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

function clearDefaultCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "clear-default", description: "Forget which model was set" },
    args: { route: routeArg, json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const { createModelConfig } = await import("#app/model-config.ts");
      const { defaults } = createModelConfig(settingsFor(context, args));
      await defaults.remove(args.route);
      if (args.json) return printJson(context, { route: args.route });
      print(context, `${args.route} has no default of its own any more.`);
    },
  });
}
