import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { packageHome } from "./native-packages.ts";
import { binsFolder } from "./native-packs.ts";
import { type Target, type TargetName, targets } from "./targets.ts";

/** Lays out what belongs beside the executable as `abstractgateway-cuda`: llama.cpp for CUDA, and in `fallback` NVIDIA's libraries that it needs. */
export async function makeCudaFolder(name: TargetName, folder: string): Promise<void> {
  const target: Target = targets[name];
  const { llama } = target;
  const [build, beside] = [llama?.packages["llama-cuda"], llama?.packages["llama-cuda-ext"]];
  if (!llama || build === undefined || beside === undefined)
    throw new Error(`there is no llama.cpp for CUDA on ${name}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [packageName, from] of [
    [build, binsFolder(build)],
    // The package's folder has the name of the build that it is for.
    [beside, binsFolder(build)],
  ] as const) {
    const home = await packageHome({ name: packageName, version: llama.version, target });
    const source = join(home, "node_modules", packageName, from);
    if ((await readdir(source)).length === 0) throw new Error(`${packageName} has no files`);
    await cp(source, folder, { recursive: true });
  }
}
