import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { cacheFolders, ensurePack } from "#artifacts/native/extract-pack.ts";
import { nativePacks } from "#artifacts/native/native-packs.ts";
import type { WorkerSettings } from "#models/local/protocol.ts";

/** Builds of llama.cpp, the fastest first. `folder` is one that the operator named; on macOS the plain build uses Metal. */
const allKinds = ["folder", "cuda", "vulkan", "cpu"] as const;
export type LlamaKind = (typeof allKinds)[number];

export interface LlamaKinds {
  /** Those that are here, the fastest first. */
  kinds: LlamaKind[];
  /** Where the files are; unpacks them when that was not done yet. */
  folderOf(kind: LlamaKind): Promise<string>;
}

interface Options {
  cacheDir: string | null;
  llamaDir?: string | null;
  env: Record<string, string | undefined>;
}

/** The builds inside this executable, or in `node_modules` while it is developed. */
export function llamaKinds({ cacheDir, llamaDir = null, env }: Options): LlamaKinds {
  const isHere = (kind: LlamaKind) =>
    kind === "folder" ? llamaDir !== null : nativePacks[`llama-${kind}`] !== undefined || packageFolder(kind) !== null;
  return {
    kinds: allKinds.filter(isHere),
    async folderOf(kind) {
      if (kind === "folder") return llamaDir ?? "";
      const pack = nativePacks[`llama-${kind}`];
      return pack ? ensurePack(`llama-${kind}`, pack, cacheFolders(cacheDir, env)) : (packageFolder(kind) ?? "");
    },
  };
}

/** The kind that a setting asks for. */
export function kindOf(gpu: Exclude<WorkerSettings["gpu"], "auto">): LlamaKind {
  return gpu === "cuda" || gpu === "vulkan" ? gpu : "cpu";
}

/** Whether there may be a card for it: loading a driver's library only to find that there is none costs time and memory. */
export function hasDevice(kind: LlamaKind): boolean {
  if (kind === "folder" || kind === "cpu") return true;
  if (process.platform === "linux") return existsSync(kind === "cuda" ? "/dev/nvidiactl" : "/dev/dri");
  return process.platform === "win32";
}

function packageFolder(kind: Exclude<LlamaKind, "folder">): string | null {
  const { platform, arch } = process;
  const system = platform === "win32" ? "win" : platform === "darwin" ? "mac" : "linux";
  const plain = platform === "darwin" && arch === "arm64" ? "mac-arm64-metal" : `${system}-${arch}`;
  const name = kind === "cpu" ? plain : `${system}-${arch}-${kind}`;
  // In the executable nothing can be resolved, and nothing need be.
  if (Object.keys(nativePacks).length > 0) return null;
  try {
    const manifest = createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}/package.json`);
    return join(dirname(manifest), "bins", name);
  } catch {
    return null;
  }
}
