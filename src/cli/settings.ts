import { resolve } from "node:path";
import type { ArgsDef } from "citty";
import { type Configuration, type LoadOptions, loadConfiguration } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import type { CliContext } from "#cli/context.ts";
import { wholeNumber } from "#cli/flags.ts";
import { createLog } from "#cli/log.ts";

/** Options of every command that needs to know where the gateway's data is. Without a description an option works but is not listed. */
export const settingsArgs = {
  "data-dir": {
    type: "string",
    valueHint: "folder",
    description: "Folder of the ledger and everything else that lasts",
  },
  data: { type: "string" },
  "flows-dir": { type: "string", valueHint: "folder", description: "Folder of installed bundles" },
  flows: { type: "string" },
  "env-file": {
    type: "string",
    valueHint: "file",
    description: "File with settings (default: .env, when it is there)",
  },
} as const satisfies ArgsDef;

export type SettingsArgs = { [Key in keyof typeof settingsArgs]?: string | undefined };

export interface ServerFlags {
  host?: string | undefined;
  port?: string | undefined;
  runner?: boolean | undefined;
}

export function settingsFor(context: CliContext, args: SettingsArgs): Settings {
  return configurationFor(context, args).settings;
}

/** Settings of a server: a variable that is set and means nothing is said, since a misspelt limit is no limit. */
export function serverSettingsFor(context: CliContext, args: SettingsArgs, server: ServerFlags): Settings {
  const { settings, warnings } = configurationFor(context, args, server);
  const log = createLog(context, settings);
  for (const warning of warnings) log.write("warn", warning);
  return settings;
}

export function configurationFor(context: CliContext, args: SettingsArgs, server: ServerFlags = {}): Configuration {
  return loadConfiguration(loadOptionsFor(context, args, server));
}

export function loadOptionsFor(context: CliContext, args: SettingsArgs, server: ServerFlags = {}): LoadOptions {
  const dataDir = args["data-dir"] ?? args.data;
  const flowsDir = args["flows-dir"] ?? args.flows;
  const envFile = args["env-file"];
  const flags = {
    ...(dataDir === undefined ? {} : { dataDir: resolve(context.cwd, dataDir) }),
    ...(flowsDir === undefined ? {} : { flowsDir: resolve(context.cwd, flowsDir) }),
    ...(server.host === undefined ? {} : { host: server.host }),
    ...(server.port === undefined ? {} : { port: wholeNumber("port", server.port, { min: 0, max: 65_535 }) }),
    ...(server.runner === undefined ? {} : { runner: server.runner }),
  };
  const file = envFile === undefined ? {} : { envFile: resolve(context.cwd, envFile) };
  return { env: context.env, flags, cwd: context.cwd, ...file };
}
