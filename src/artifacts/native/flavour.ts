import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BuildInfo, buildInfo } from "#artifacts/native/native-packs.ts";

/** `cuda` is the default executable with llama.cpp for NVIDIA's cards in a folder beside it; `sources` is none. */
export type RunningFlavour = BuildInfo["flavour"] | "cuda" | "sources";

/** CUDA's libraries are larger than everything else together, so they are no part of the one file. */
const cudaFolderName = "abstractgateway-cuda";

export function runningFlavour(): RunningFlavour {
  if (buildInfo === null) return "sources";
  return buildInfo.flavour === "default" && cudaFolder() !== null ? "cuda" : buildInfo.flavour;
}

/** Folder with llama.cpp for CUDA beside the executable, or where packages of a system keep such; null when there is none. */
export function cudaFolder(executable: string = process.execPath): string | null {
  if (buildInfo === null) return null;
  return cudaFoldersOf(executable).find((folder) => existsSync(join(folder, "llama-addon.node"))) ?? null;
}

export function cudaFoldersOf(executable: string): string[] {
  const folder = dirname(resolved(executable));
  return [join(folder, cudaFolderName), join(dirname(folder), "lib", cudaFolderName)];
}

/** A link on the path is not where the files lie. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
