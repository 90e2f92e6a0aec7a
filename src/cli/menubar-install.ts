import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { ownCommand } from "#app/own-command.ts";
import { AppError } from "#core/errors.ts";
import {
  type PluginPlace,
  installPlugin,
  pluginPlaces,
  presentPlace,
  uninstallPlugin,
} from "#clients/menubar/plugin-file.ts";
import { type ConnectArgs, connectArgs } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { formatOf, gatewayWords } from "#cli/menubar-gateway.ts";
import { settingsFor } from "#cli/settings.ts";
import { print } from "#cli/terminal.ts";

const placeArgs = {
  format: { type: "string", valueHint: "swiftbar|xbar|argos", description: "For whom (default: who is installed)" },
  folder: { type: "string", valueHint: "folder", description: "Folder of its plugins (default: where it has them)" },
} as const;

export function installCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "install", description: "Put the gateway into the menu bar" },
    args: { ...placeArgs, ...connectArgs },
    run: async ({ args }) => {
      if (args.token !== undefined) {
        const remedy = "abstractgateway profiles save <name> --url <address> --token -";
        throw new AppError("invalid_request", `A token does not belong into a plugin's file. Save it first: ${remedy}`);
      }
      const place = placeOf(context, args);
      const path = await installPlugin(
        place,
        ownCommand("menubar", `--format=${place.format}`, ...wordsOf(context, args)),
      );
      print(context, `Wrote ${path}.`);
    },
  });
}

export function uninstallCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "uninstall", description: "Take it out of the menu bar" },
    args: placeArgs,
    run: async ({ args }) => {
      const place = placeOf(context, args);
      const path = await uninstallPlugin(place);
      print(context, path === null ? `There is no plugin in ${place.folder}.` : `Removed ${path}.`);
    },
  });
}

/** A gateway of this machine is found by its data folder, from wherever the menu bar starts its plugins. */
function wordsOf(context: CliContext, args: ConnectArgs): string[] {
  const words = gatewayWords(context, args);
  if (words.some((word) => /^--(url|profile|data-dir)=/.test(word))) return words;
  return [...words, `--data-dir=${resolve(context.cwd, settingsFor(context, args).dataDir)}`];
}

function placeOf(context: CliContext, args: { format?: string | undefined; folder?: string | undefined }): PluginPlace {
  const home = context.env["HOME"] ?? homedir();
  const places = pluginPlaces({ platform: process.platform, home, swiftbarFolder: swiftbarFolder() });
  if (args.folder !== undefined) {
    const format = args.format === undefined ? (places[0]?.format ?? "swiftbar") : formatOf(context, args.format);
    return { format, folder: resolve(context.cwd, args.folder) };
  }
  if (args.format === undefined) return presentPlace(places);
  const format = formatOf(context, args.format);
  const wanted = places.filter((place) => place.format === format);
  if (wanted.length > 0) return presentPlace(wanted);
  throw new AppError(
    "unsupported",
    `${format} is not for this system. Name a folder with --folder to write it anyway.`,
  );
}

/** SwiftBar asks for its folder when it is first started, and keeps it in its preferences. */
function swiftbarFolder(): string | null {
  if (process.platform !== "darwin") return null;
  const { status, stdout } = spawnSync("defaults", ["read", "com.ameba.SwiftBar", "PluginDirectory"], {
    encoding: "utf8",
  });
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : null;
}
