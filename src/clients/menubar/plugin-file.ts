import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { type MenuFormat, shellWord } from "#clients/menubar/menu-line.ts";

export interface PluginPlace {
  format: MenuFormat;
  folder: string;
}

export interface PluginSurroundings {
  platform: string;
  home: string;
  /** Folder that somebody chose in SwiftBar, where it is known. */
  swiftbarFolder: string | null;
}

const mark = "# Written by `abstractgateway menubar install`; it may be replaced and removed by it.";

/** Where the menu bar programs of this machine look for plugins: of those that are there, or all that could be. */
export function pluginPlaces({ platform, home, swiftbarFolder }: PluginSurroundings): PluginPlace[] {
  if (platform !== "darwin") return [{ format: "argos", folder: join(home, ".config/argos") }];
  const support = join(home, "Library/Application Support");
  return [
    { format: "swiftbar", folder: swiftbarFolder ?? join(support, "SwiftBar/Plugins") },
    { format: "xbar", folder: join(support, "xbar/plugins") },
  ];
}

/** The first place whose folder is there; AppError `not_found` says what was looked for. */
export function presentPlace(places: PluginPlace[]): PluginPlace {
  const found = places.find(({ folder }) => existsSync(folder));
  if (found) return found;
  const looked = places.map(({ format, folder }) => `${format} (${folder})`).join(", ");
  throw new AppError(
    "not_found",
    `None of these is here: ${looked}. Install one of them, or name a folder with --folder.`,
  );
}

/** Writes the plugin that calls this program. A file of that name that somebody else made is left as it is: AppError `conflict`. */
export async function installPlugin({ format, folder }: PluginPlace, command: string[]): Promise<string> {
  const path = pluginPath({ format, folder });
  await refuseForeign(path);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path, script(command), { mode: 0o755 });
    await chmod(path, 0o755);
  } catch (cause) {
    throw new AppError("storage", `The plugin cannot be written to ${path}: ${messageOf(cause)}`, { cause });
  }
  return path;
}

/** Answers the path that was removed, or null when there was none. */
export async function uninstallPlugin(place: PluginPlace): Promise<string | null> {
  const path = pluginPath(place);
  if (!existsSync(path)) return null;
  await refuseForeign(path);
  await rm(path);
  return path;
}

/** The name says how often it is asked: every ten seconds. Argos takes `10s`, and a `+` for menus that are not rebuilt while open. */
function pluginPath({ format, folder }: PluginPlace): string {
  return join(folder, format === "argos" ? "abstractgateway.10s+.sh" : "abstractgateway.10s.sh");
}

async function refuseForeign(path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null || text.includes(mark)) return;
  throw new AppError("conflict", `${path} was not written by this command and stays as it is.`);
}

function script(command: string[]): string {
  return `#!/bin/sh
${mark}
# <xbar.title>AbstractGateway</xbar.title>
# <xbar.desc>Runs and questions of a gateway</xbar.desc>
# <swiftbar.hideAbout>true</swiftbar.hideAbout>
# <swiftbar.hideRunInTerminal>true</swiftbar.hideRunInTerminal>
exec ${command.map(shellWord).join(" ")}
`;
}
