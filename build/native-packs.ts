import type { BunPlugin } from "bun";
import type { BuildInfo } from "#artifacts/native/native-packs.ts";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import * as zlib from "node:zlib";
import { packageHome } from "./native-packages.ts";
import { root } from "./paths.ts";
import type { NativeLibrary, PackKind, Target } from "./targets.ts";

/** One group of native files as one compressed file, ready to be embedded. */
export interface Pack {
  kind: PackKind;
  /** SHA-256 of the uncompressed content. */
  hash: string;
  path: string;
  /** Bytes before compression. */
  unpackedBytes: number;
  packedBytes: number;
}

/**
 * What a first build can wait for. LanceDB's 202 MB become 56 MB in 7 seconds on two cores; level 19 makes them 49 MB, but in two minutes.
 */
export const usualPackLevel = 12;

/** Where the files of a group lie inside its package, and which of them are needed. */
const layouts: Record<PackKind, { folder: (name: string) => string; files: RegExp }> = {
  "llama-cpu": { folder: binsFolder, files: /\.(node|so|dylib|dll|metal|json)$/ },
  "llama-vulkan": { folder: binsFolder, files: /\.(node|so|dll|json)$/ },
  lancedb: { folder: () => ".", files: /\.node$/ },
};

export function binsFolder(name: string): string {
  return join("bins", basename(name));
}

/** Packs the native files of a library for a target, from the cache when their content is known there. Fails with the name of a package that is missing. */
export async function buildPacks(target: Target, library: NativeLibrary, level: number): Promise<Pack[]> {
  const packs: Pack[] = [];
  for (const kind of Object.keys(layouts) as PackKind[]) {
    const name = library.packages[kind];
    if (name === undefined) continue;
    const home = await packageHome({ name, version: library.version, target });
    packs.push(await buildPack(kind, join(home, "node_modules", name, layouts[kind].folder(name)), name, level));
  }
  return packs;
}

async function buildPack(kind: PackKind, folder: string, packageName: string, level: number): Promise<Pack> {
  const content = await packContent(kind, folder, packageName);
  const hash = createHash("sha256").update(content).digest("hex");
  const path = join(root, ".cache", "packs", `${kind}-${hash.slice(0, 16)}-${level}.pack`);
  if (!existsSync(path)) await compress(content, path, level);
  return { kind, hash, path, unpackedBytes: content.length, packedBytes: (await stat(path)).size };
}

/** `[header length, u32 little-endian][header: JSON][bytes of the files, one after the other]`. Read by `artifacts/native/unpack.ts`. */
async function packContent(kind: PackKind, folder: string, packageName: string): Promise<Buffer> {
  if (!existsSync(folder)) throw new Error(`${packageName} has no folder for ${kind}, so it cannot be embedded`);
  const names = (await readdir(folder)).filter((name) => layouts[kind].files.test(name)).sort();
  if (names.length === 0) throw new Error(`${packageName} has no files for ${kind}`);
  const bodies = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const files = names.map((name, index) => ({ name, bytes: bodies[index]!.length }));
  const header = Buffer.from(JSON.stringify({ kind, files }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, ...bodies]);
}

/** Zstandard of Bun's `node:zlib`, which the types of Node 20 do not know. */
const zstd = zlib as unknown as {
  constants: Record<"ZSTD_c_compressionLevel" | "ZSTD_c_checksumFlag" | "ZSTD_c_nbWorkers", number>;
  zstdCompressSync(data: Uint8Array, options: { params: Record<number, number> }): Uint8Array;
};

export function compressPack(content: Uint8Array, level: number = usualPackLevel): Uint8Array {
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_nbWorkers } = zstd.constants;
  // The bytes are the same with any number of workers but none.
  const params = {
    [ZSTD_c_compressionLevel]: level,
    [ZSTD_c_checksumFlag]: 1,
    [ZSTD_c_nbWorkers]: availableParallelism(),
  };
  return zstd.zstdCompressSync(content, { params });
}

async function compress(content: Buffer, path: string, level: number): Promise<void> {
  const packed = compressPack(content, level);
  await mkdir(dirname(path), { recursive: true });
  // Two builds may pack at once: each writes its own file, and the last rename wins with equal bytes.
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, packed);
  await rename(unfinished, path);
}

/** Gives the executable its packs: replaces `src/artifacts/native/native-packs.ts`. Must come before other plugins that load sources. */
export function nativePacksPlugin(packs: readonly Pack[], info: BuildInfo): BunPlugin {
  return {
    name: "native-packs",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]artifacts[\\/]native[\\/]native-packs\.ts$/ }, () => {
        const imports = packs.map(
          (pack, index) => `import f${index} from ${JSON.stringify(pack.path)} with { type: "file" };`,
        );
        const entries = packs.map((pack, index) => {
          const { kind, hash, unpackedBytes } = pack;
          return `${JSON.stringify(kind)}: { hash: ${JSON.stringify(hash)}, path: f${index}, unpackedBytes: ${unpackedBytes} }`;
        });
        const contents = [
          ...imports,
          `export const nativePacks = { ${entries.join(", ")} };`,
          `export const buildInfo = ${JSON.stringify(info)};`,
        ];
        return { contents: `${contents.join("\n")}\n`, loader: "js" };
      });
    },
  };
}
