import type { BunPlugin } from "bun";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import * as zlib from "node:zlib";
import { root } from "./paths.ts";

export type PackKind = "llama-cpu" | "lancedb";

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

interface Source {
  package: string;
  /** Folder inside the package. */
  folder: string;
  files: RegExp;
}

/** Where the native files of a target lie. A kind without a source cannot be embedded for that target. */
const sources: Record<string, Partial<Record<PackKind, Source>>> = {
  "bun-linux-x64": {
    "llama-cpu": llama("linux-x64"),
    lancedb: { package: "@lancedb/lancedb-linux-x64-gnu", folder: ".", files: /\.node$/ },
  },
  "bun-linux-arm64": {
    "llama-cpu": llama("linux-arm64"),
    lancedb: { package: "@lancedb/lancedb-linux-arm64-gnu", folder: ".", files: /\.node$/ },
  },
  "bun-darwin-arm64": {
    "llama-cpu": llama("mac-arm64-metal"),
    lancedb: { package: "@lancedb/lancedb-darwin-arm64", folder: ".", files: /\.node$/ },
  },
};

/**
 * What a first build can wait for. LanceDB's 202 MB become 56 MB in 7 seconds on two cores; level 19 makes them 49 MB, but in two minutes.
 */
const compressionLevel = 12;

function llama(platform: string): Source {
  return { package: `@node-llama-cpp/${platform}`, folder: `bins/${platform}`, files: /\.(node|so|dylib|metal|json)$/ };
}

/** Packs the native files for a target, from the cache when their content is known there. Fails when a package is not installed. */
export async function buildPacks(target: string, kinds: readonly PackKind[]): Promise<Pack[]> {
  const packs: Pack[] = [];
  for (const kind of kinds) {
    const source = sources[target.replace(/-(baseline|modern)$/, "")]?.[kind];
    if (!source) throw new Error(`there is no ${kind} for ${target}`);
    packs.push(await buildPack(kind, source));
  }
  return packs;
}

async function buildPack(kind: PackKind, source: Source): Promise<Pack> {
  const content = await packContent(kind, source);
  const hash = createHash("sha256").update(content).digest("hex");
  const path = join(root, ".cache", "packs", `${kind}-${hash.slice(0, 16)}-${compressionLevel}.pack`);
  if (!existsSync(path)) await compress(content, path);
  return { kind, hash, path, unpackedBytes: content.length, packedBytes: (await stat(path)).size };
}

/** `[header length, u32 little-endian][header: JSON][bytes of the files, one after the other]`. Read by `artifacts/native/unpack.ts`. */
async function packContent(kind: PackKind, source: Source): Promise<Buffer> {
  const folder = join(root, "node_modules", source.package, source.folder);
  if (!existsSync(folder)) throw new Error(`${source.package} is not installed, so ${kind} cannot be embedded`);
  const names = (await readdir(folder)).filter((name) => source.files.test(name)).sort();
  if (names.length === 0) throw new Error(`${source.package} has no files for ${kind}`);
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

export function compressPack(content: Uint8Array): Uint8Array {
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_nbWorkers } = zstd.constants;
  // The bytes are the same with any number of workers but none.
  const params = {
    [ZSTD_c_compressionLevel]: compressionLevel,
    [ZSTD_c_checksumFlag]: 1,
    [ZSTD_c_nbWorkers]: availableParallelism(),
  };
  return zstd.zstdCompressSync(content, { params });
}

async function compress(content: Buffer, path: string): Promise<void> {
  const packed = compressPack(content);
  await mkdir(dirname(path), { recursive: true });
  // Two builds may pack at once: each writes its own file, and the last rename wins with equal bytes.
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, packed);
  await rename(unfinished, path);
}

/** Gives the executable its packs: replaces the empty list in `src/artifacts/native/native-packs.ts`. Must come before other plugins that load sources. */
export function nativePacksPlugin(packs: readonly Pack[]): BunPlugin {
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
        return {
          contents: `${imports.join("\n")}\nexport const nativePacks = { ${entries.join(", ")} };\n`,
          loader: "js",
        };
      });
    },
  };
}
