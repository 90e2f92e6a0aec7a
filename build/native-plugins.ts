import type { BunPlugin } from "bun";
import { lancedbPlugin } from "./lancedb-plugin.ts";
import { llamaPlugin } from "./llama-plugin.ts";
import { packageHome } from "./native-packages.ts";
import { buildPacks, nativePacksPlugin, usualPackLevel } from "./native-packs.ts";
import { type Flavour, type NativeLibrary, type Target, type TargetName, targets } from "./targets.ts";

interface Library {
  /** As it is imported. */
  name: string;
  /** What else only this library needs. */
  needs: string[];
  plugin: () => BunPlugin;
}

const lancedb: Library = { name: "@lancedb/lancedb", needs: ["apache-arrow"], plugin: lancedbPlugin };
const llama: Library = { name: "node-llama-cpp", needs: [], plugin: llamaPlugin };

/** The plugins for the native libraries of a build: what the target has of each, in its version, and a stand-in for what it lacks. */
export async function nativePlugins(
  name: TargetName,
  flavour: Flavour,
  packLevel: number = usualPackLevel,
): Promise<BunPlugin[]> {
  const target: Target = targets[name];
  // LanceDB alone is half as much again as everything else: without it the graph of the light build lies in SQLite.
  const parts = flavour === "light" ? { lancedb: null, llama: null } : { lancedb: target.lancedb, llama: target.llama };
  const chosen = [
    { library: llama, native: parts.llama },
    { library: lancedb, native: parts.lancedb },
  ];
  const packs = [];
  const plugins: BunPlugin[] = [];
  for (const { library, native } of chosen) {
    if (native === null) plugins.push(absent(library));
    else {
      packs.push(...(await buildPacks(target, native, packLevel)));
      plugins.push(await inVersion(library, native, target), library.plugin());
    }
  }
  const info = {
    flavour: flavour === "light" ? ("light" as const) : ("default" as const),
    target: name,
    libraries: { lancedb: parts.lancedb?.version ?? null, llama: parts.llama?.version ?? null },
  };
  // First of all: the packs' list is a source file, which a later plugin would load as it is.
  return [nativePacksPlugin(packs, info), ...plugins];
}

/** The library's TypeScript side in the version of its native side. */
async function inVersion({ name }: Library, { version }: NativeLibrary, target: Target): Promise<BunPlugin> {
  const home = await packageHome({ name, version, target });
  return {
    name: `${name}@${version}`,
    setup(build) {
      build.onResolve({ filter: exactly([name]) }, () => ({ path: Bun.resolveSync(name, home) }));
    },
  };
}

function absent({ name, needs }: Library): BunPlugin {
  const namespace = `absent-${name}`;
  return {
    name: namespace,
    setup(build) {
      build.onResolve({ filter: exactly([name, ...needs]) }, ({ path }) => ({ path, namespace }));
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: `throw new Error(${JSON.stringify(`${path} is not part of this executable`)});`,
        loader: "js",
      }));
    },
  };
}

function exactly(names: string[]): RegExp {
  return new RegExp(`^(${names.join("|")})$`);
}
