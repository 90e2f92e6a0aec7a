import { availableParallelism } from "node:os";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Llama } from "node-llama-cpp";
import { AppError } from "#core/errors.ts";
import { cacheFolders, ensurePack } from "#artifacts/native/extract-pack.ts";
import { loadLibrary } from "#artifacts/native/load-library.ts";
import { nativePacks } from "#artifacts/native/native-packs.ts";

export interface NativeOptions {
  threads: number | null;
  cacheDir: string | null;
  env: Record<string, string | undefined>;
}

interface CreateOptions {
  bindings: unknown;
  bindingPath: string;
  buildType: "prebuilt";
  buildMetadata: unknown;
  logLevel: string;
  logger: (level: string, message: string) => void;
  vramPadding: number;
  ramPadding: number;
  maxThreads: number;
  debug: false;
  numa: false;
  tempDir: false;
}

/** Loads llama.cpp. The library's own loader would look for downloads and compilers; the files are known here. */
export async function loadLlama(options: NativeOptions): Promise<Llama> {
  const folder = await nativeFolder(options);
  const bindingPath = join(folder, "llama-addon.node");
  const bindings = loadLibrary("llama.cpp", bindingPath);
  const { Llama: Library } = await import("node-llama-cpp");
  const create = Library as unknown as { _create(options: CreateOptions): Promise<Llama> };
  return create._create({
    bindings,
    bindingPath,
    buildType: "prebuilt",
    buildMetadata: JSON.parse(readFileSync(join(folder, "_nlcBuildMetadata.json"), "utf8")),
    logLevel: "error",
    logger: () => undefined,
    vramPadding: 0,
    ramPadding: 0,
    maxThreads: threadCount(options.threads),
    debug: false,
    numa: false,
    tempDir: false,
  });
}

async function nativeFolder({ cacheDir, env }: NativeOptions): Promise<string> {
  const pack = nativePacks["llama-cpu"];
  if (pack) return ensurePack("llama-cpu", pack, cacheFolders(cacheDir, env));
  const platform = `${process.platform === "win32" ? "win" : process.platform === "darwin" ? "mac" : "linux"}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`@node-llama-cpp/${platform}/package.json`);
    return join(dirname(manifest), "bins", platform);
  } catch (error) {
    throw new AppError("unavailable", `This build has no llama.cpp for ${platform}`, { cause: error });
  }
}

/**
 * One less than there are processors, as many as the container may use at most. More threads than free cores make generation
 * thousands of times slower, because they spin while they wait for each other.
 */
export function threadCount(configured: number | null): number {
  if (configured !== null) return configured;
  return Math.max(1, Math.min(availableParallelism(), containerProcessors()) - 1);
}

function containerProcessors(): number {
  const path = "/sys/fs/cgroup/cpu.max";
  if (!existsSync(path)) return Number.POSITIVE_INFINITY;
  const [quota, period] = readFileSync(path, "utf8").trim().split(" ").map(Number);
  return quota && period ? Math.max(1, Math.floor(quota / period)) : Number.POSITIVE_INFINITY;
}
