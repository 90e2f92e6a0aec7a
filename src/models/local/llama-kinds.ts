import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { cacheFolders, ensurePack } from "#artifacts/native/extract-pack.ts";
import { type RunningFlavour, cudaFolder, runningFlavour } from "#artifacts/native/flavour.ts";
import { buildInfo, nativePacks } from "#artifacts/native/native-packs.ts";
import type { WorkerSettings } from "#models/local/protocol.ts";
import type { ComputeInfo, LoadedModel } from "#models/provider.ts";

/** Builds of llama.cpp, the fastest first. `folder` is one that the operator named; on macOS the plain build uses Metal. */
const allKinds = ["folder", "cuda", "vulkan", "cpu"] as const;
export type LlamaKind = (typeof allKinds)[number];

export interface LlamaKinds {
  /** Those that are here, the fastest first. */
  kinds: LlamaKind[];
  /** Where the files are; unpacks them when that was not done yet. */
  folderOf(kind: LlamaKind): Promise<string>;
  /** What it is made for; a folder says so itself. */
  gpuOf(kind: LlamaKind): Backend;
}

export type Backend = LoadedModel["backend"];

interface Options {
  cacheDir: string | null;
  llamaDir?: string | null;
  env: Record<string, string | undefined>;
}

/** The builds inside this executable, or in `node_modules` while it is developed. */
export function llamaKinds({ cacheDir, llamaDir = null, env }: Options): LlamaKinds {
  const beside = cudaFolder();
  const isHere = (kind: LlamaKind) =>
    kind === "folder"
      ? llamaDir !== null
      : nativePacks[`llama-${kind}`] !== undefined ||
        packageFolder(kind) !== null ||
        (kind === "cuda" && beside !== null);
  return {
    kinds: allKinds.filter(isHere),
    gpuOf: (kind) => {
      if (kind === "folder") return gpuOfFolder(llamaDir ?? "");
      if (kind !== "cpu") return kind;
      return process.platform === "darwin" && process.arch === "arm64" ? "metal" : "cpu";
    },
    async folderOf(kind) {
      if (kind === "folder") return llamaDir ?? "";
      if (kind === "cuda" && beside !== null) return beside;
      const pack = nativePacks[`llama-${kind}`];
      return pack ? ensurePack(`llama-${kind}`, pack, cacheFolders(cacheDir, env)) : (packageFolder(kind) ?? "");
    },
  };
}

/** Those to try, in this order. A named kind is the only one; `auto` takes all for which there may be a card. */
export function candidatesFor({ kinds, gpuOf }: LlamaKinds, wanted: WorkerSettings["gpu"]): LlamaKind[] {
  if (wanted === "auto") return kinds.filter((kind) => kind === "folder" || hasDevice(gpuOf(kind)));
  const gpu = wanted === "off" ? "cpu" : wanted;
  // On a Mac the plain build is the one for Metal, and computes without it when no layer is given to it.
  return kinds.filter((kind) => gpuOf(kind) === gpu || (gpu === "cpu" && kind === "cpu"));
}

/** What local models will run on, told without loading anything. */
export function expectedCompute(options: Options & { gpu: WorkerSettings["gpu"] }): ComputeInfo {
  const llamas = llamaKinds(options);
  const builds = [...new Set(llamas.kinds.map((kind) => llamas.gpuOf(kind)))];
  const setting = options.gpu;
  const flavour = runningFlavour();
  if (builds.length === 0) return { setting, builds, flavour, expected: "cpu", reason: noLlama(flavour) };
  if (setting === "off")
    return { setting, builds, flavour, expected: "cpu", reason: "ABSTRACTGATEWAY_LOCAL_GPU is off" };
  const usable = candidatesFor(llamas, setting).map((kind) => llamas.gpuOf(kind));
  const expected = usable.find(hasDevice) ?? "cpu";
  if (expected !== "cpu")
    return { setting, builds, flavour, expected, reason: `llama.cpp for ${expected} is here, and a card` };
  const card = (["cuda", "vulkan", "metal"] as const).find(hasDevice);
  const reason =
    card === undefined
      ? "no graphics card was found"
      : `there may be a card for ${card}, and no llama.cpp for it: ABSTRACTGATEWAY_LLAMA_DIR names a folder with one`;
  return { setting, builds, flavour, expected, reason };
}

/** Why no local model can run, in one sentence without a full stop. */
export function noLlama(flavour: RunningFlavour): string {
  return flavour === "light"
    ? "the light executable has no llama.cpp: the default one has, or ABSTRACTGATEWAY_LLAMA_DIR names a folder with one"
    : "this build has no llama.cpp: ABSTRACTGATEWAY_LLAMA_DIR names a folder with one";
}

/** Libraries for a card that its driver does not bring: npm has them in a package beside that of the build. */
export function backendsBeside(folder: string): { extBackendsPath?: string } {
  if (existsSync(join(folder, "fallback"))) return { extBackendsPath: folder };
  const packageRoot = dirname(dirname(folder));
  const beside = join(`${packageRoot}-ext`, "bins", basename(folder));
  return existsSync(join(beside, "fallback")) ? { extBackendsPath: beside } : {};
}

/** The build says what it was made for. */
function gpuOfFolder(folder: string): Backend {
  try {
    const { buildOptions } = JSON.parse(readFileSync(join(folder, "_nlcBuildMetadata.json"), "utf8")) as {
      buildOptions?: { gpu?: unknown };
    };
    const gpu = buildOptions?.gpu;
    return gpu === "cuda" || gpu === "vulkan" || gpu === "metal" ? gpu : "cpu";
  } catch {
    return "cpu";
  }
}

/** Whether there may be a card for it: loading a driver's library only to find that there is none costs time and memory. */
function hasDevice(gpu: Backend): boolean {
  if (gpu === "cpu") return true;
  if (gpu === "metal") return process.platform === "darwin" && process.arch === "arm64";
  if (process.platform === "linux") return existsSync(gpu === "cuda" ? "/dev/nvidiactl" : "/dev/dri");
  return process.platform === "win32";
}

function packageFolder(kind: Exclude<LlamaKind, "folder">): string | null {
  const { platform, arch } = process;
  const system = platform === "win32" ? "win" : platform === "darwin" ? "mac" : "linux";
  const plain = platform === "darwin" && arch === "arm64" ? "mac-arm64-metal" : `${system}-${arch}`;
  const name = kind === "cpu" ? plain : `${system}-${arch}-${kind}`;
  // In the executable nothing can be resolved, and nothing need be.
  if (buildInfo !== null) return null;
  try {
    const manifest = createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}/package.json`);
    return join(dirname(manifest), "bins", name);
  } catch {
    return null;
  }
}
