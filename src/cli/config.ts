import type { CommandDef } from "citty";
import { describeSettings, describeText } from "#config/describe.ts";
import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { bootstrapAdminCommand } from "#cli/bootstrap-admin.ts";
import { getCommand } from "#cli/config-get.ts";
import { initCommand } from "#cli/config-init.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { optionValues } from "#cli/flags.ts";
import { type SettingsArgs, configurationFor, settingsArgs, settingsFor } from "#cli/settings.ts";
import { notices, print, printJson, table } from "#cli/terminal.ts";

export function configCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "config", description: "Write a first configuration, show the one in force, set default models" },
    args: statusArgs,
    run: ({ args }) => printStatus(context, args),
    subCommands: {
      init: initCommand(context),
      status: statusCommand(context),
      get: getCommand(context),
      "bootstrap-admin": bootstrapAdminCommand(context),
      defaults: defaultsCommand(context),
      "set-default": setDefaultCommand(context),
      "clear-default": clearDefaultCommand(context),
    },
  });
}

const statusArgs = { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs } as const;

function statusCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "status", description: "Show the settings in force, without secrets" },
    args: statusArgs,
    run: ({ args }) => printStatus(context, args),
  });
}

async function printStatus(context: CliContext, args: SettingsArgs & { json?: boolean | undefined }): Promise<void> {
  const { settings, warnings } = configurationFor(context, args);
  const { createModelConfig } = await import("#app/model-config.ts");
  const defaults = createModelConfig(settings)
    .defaults.list({})
    .filter(({ provider }) => provider !== null);
  if (args.json) {
    const routes = defaults.map(({ key, provider, model }) => [key, { provider, model }]);
    return printJson(context, {
      capability_defaults: Object.fromEntries(routes),
      ...describeSettings(settings),
      warnings,
    });
  }
  for (const warning of warnings) notices(context).warn(warning);
  const routes = defaults.map(({ key, provider, model }) => `  - ${key}: ${provider}/${model}`);
  print(context, describeText(settings, routes.length === 0 ? [] : ["- capability_defaults:", ...routes]));
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
        description: "Further option of the call, its value in JSON or as text; may be given several times",
      },
      "base-url": { type: "string" },
      json: { type: "boolean", description: "Print JSON" },
      ...settingsArgs,
    },
    run: async ({ args, rawArgs }) => {
      const { route, provider, model } = args;
      if (args["base-url"]) {
        const remedy = "make a connection for it (README), and name that as the provider";
        throw new AppError("invalid_request", `--base-url cannot be given with a default: ${remedy}.`);
      }
      const options = readOptions(optionValues(rawArgs, "option"));
      const { createModelConfig } = await import("#app/model-config.ts");
      const { defaults } = createModelConfig(settingsFor(context, args));
      await defaults.set(route, {
        ...(provider === undefined ? {} : { provider }),
        ...(model === undefined ? {} : { model }),
        ...(options === null ? {} : { options }),
      });
      const set = defaults.get(route);
      if (args.json) return printJson(context, set);
      print(context, `${route} is ${set?.provider}/${set?.model}.`);
    },
  });
}

/** `a=1` and `b=text`: values are JSON where they can be. Null without any. */
function readOptions(pairs: string[]): JsonObject | null {
  if (pairs.length === 0) return null;
  return Object.fromEntries(
    pairs.map((pair) => {
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
