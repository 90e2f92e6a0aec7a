import { availableParallelism } from "node:os";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Llama } from "node-llama-cpp";
import { AppError, messageOf } from "#core/errors.ts";
import { runningFlavour } from "#artifacts/native/flavour.ts";
import { loadLibrary } from "#artifacts/native/load-library.ts";
import { backendsBeside, candidatesFor, llamaKinds, noLlama } from "#models/local/llama-kinds.ts";
import type { WorkerSettings } from "#models/local/protocol.ts";

export interface NativeOptions {
  threads: number | null;
  cacheDir: string | null;
  gpu?: WorkerSettings["gpu"];
  /** Folder with another build of the library, such as one for CUDA; it is tried first. */
  llamaDir?: string | null;
  env: Record<string, string | undefined>;
}

interface CreateOptions {
  bindings: unknown;
  bindingPath: string;
  buildType: "prebuilt";
  buildMetadata: unknown;
  logLevel: string;
  logger: (level: string, message: string) => void;
  vramPadding: (totalBytes: number) => number;
  extBackendsPath?: string;
  ramPadding: number;
  maxThreads: number;
  debug: false;
  numa: false;
  tempDir: false;
}

export interface LoadedLlama {
  llama: Llama;
  /** Why nothing faster computes; null when that was not tried, or is what computes. */
  note: string | null;
}

/**
 * Loads llama.cpp with the fastest means that this machine and this build have. The library's own loader would look for downloads and
 * compilers; the files are known here. AppError `unavailable` when the wanted kind is not there, or none works.
 */
export async function loadLlama(options: NativeOptions): Promise<LoadedLlama> {
  const wanted = options.gpu ?? "auto";
  const llamas = llamaKinds(options);
  if (llamas.kinds.length === 0) throw new AppError("unavailable", capitalised(noLlama(runningFlavour())));
  const candidates = candidatesFor(llamas, wanted);
  if (candidates.length === 0) {
    const there = llamas.kinds.map((kind) => llamas.gpuOf(kind)).join(", ") || "none";
    throw new AppError("unavailable", `This build has no llama.cpp for ${wanted} (there is: ${there})`);
  }
  let failure: unknown = null;
  let note: string | null = null;
  for (const kind of candidates) {
    try {
      const llama = await create(await llamas.folderOf(kind), options);
      const gpu = llamas.gpuOf(kind);
      if (gpu === "cpu" || llama.gpu !== false) return { llama, note };
      const idle = `llama.cpp for ${gpu} found no graphics card that it can use`;
      if (wanted === "auto") return { llama, note: note ?? idle };
      await llama.dispose();
      throw new AppError("unavailable", idle);
    } catch (error) {
      // A driver may be half installed: the next kind may work all the same.
      failure ??= error;
      note ??= messageOf(error);
    }
  }
  throw failure;
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** Of the card's memory, left to the screen and others: what the library leaves itself when nobody says. */
function vramPadding(totalBytes: number): number {
  return Math.floor(Math.min(totalBytes * 0.08, 1.6 * 1024 ** 3));
}

async function create(folder: string, options: NativeOptions): Promise<Llama> {
  const bindingPath = join(folder, "llama-addon.node");
  const bindings = loadLibrary("llama.cpp", bindingPath);
  const { Llama: Library } = await import("node-llama-cpp");
  const library = Library as unknown as { _create(options: CreateOptions): Promise<Llama> };
  return library._create({
    bindings,
    bindingPath,
    ...backendsBeside(folder),
    buildType: "prebuilt",
    buildMetadata: JSON.parse(readFileSync(join(folder, "_nlcBuildMetadata.json"), "utf8")),
    logLevel: "error",
    logger: () => undefined,
    vramPadding,
    ramPadding: 0,
    maxThreads: threadCount(options.threads),
    debug: false,
    numa: false,
    tempDir: false,
  });
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
