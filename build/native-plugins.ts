import type { BunPlugin } from "bun";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type PackKind, buildPacks, nativePacksPlugin } from "./native-packs.ts";
import { root } from "./paths.ts";

/** Libraries with native code: the plugin that makes them loadable from inside the executable, and the pack with their files. */
const libraries: { plugin: string; factory: string; pack: PackKind }[] = [
  { plugin: "llama-plugin.ts", factory: "llamaPlugin", pack: "llama-cpu" },
  { plugin: "lancedb-plugin.ts", factory: "lancedbPlugin", pack: "lancedb" },
];

/** The plugins of the native libraries that this build has; a library without its plugin is left out together with its pack. */
export async function nativePlugins(target: string): Promise<BunPlugin[]> {
  const present = libraries.filter(({ plugin }) => existsSync(join(import.meta.dirname, plugin)));
  const plugins: BunPlugin[] = [];
  for (const { plugin, factory } of present) {
    const module = (await import(`./${plugin}`)) as Record<string, (() => BunPlugin) | undefined>;
    const create = module[factory];
    if (!create) throw new Error(`build/${plugin} does not export ${factory}`);
    plugins.push(create());
  }
  if (!existsSync(join(root, "src/artifacts/native/native-packs.ts"))) return plugins;
  const packs = await buildPacks(
    target,
    present.map(({ pack }) => pack),
  );
  // First of all: the packs' list is a source file, which a later plugin would load as it is.
  return [nativePacksPlugin(packs), ...plugins];
}
