import type { BunPlugin } from "bun";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { compressPack } from "./native-packs.ts";
import { root } from "./paths.ts";
import type { Flavour, TargetName } from "./targets.ts";
import { thirdParty } from "./third-party.ts";

/** Gives the executable the licences of what it holds: replaces the path in `src/app/licences.ts`. */
export async function licencesPlugin(target: TargetName, flavour: Flavour): Promise<BunPlugin> {
  const components = thirdParty(target, flavour).map(({ name, version, license, text }) => ({
    name,
    version,
    license,
    text,
  }));
  const content = Buffer.from(JSON.stringify(components));
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const path = join(root, ".cache", "packs", `licences-${hash}.zst`);
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, compressPack(content));
    await rename(unfinished, path);
  }
  return {
    name: "licences",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]app[\\/]licences-file\.ts$/ }, () => ({
        contents: `import path from ${JSON.stringify(path)} with { type: "file" };\nexport const licencesPath = path;\n`,
        loader: "js",
      }));
    },
  };
}
