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
