import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { libraryVersions } from "#app/version.ts";
import { cacheFolders, ensurePack } from "#artifacts/native/extract-pack.ts";
import { nativePacks } from "#artifacts/native/native-packs.ts";
import type { Settings } from "#config/settings.ts";
import { messageOf } from "#core/errors.ts";
import { openVectorStore } from "#memory/lancedb.ts";
import { loadLlama } from "#models/local/native.ts";

/** What became of one native library: unpacked, loaded and used once. */
export interface LibraryCheck {
  name: string;
  version: string;
  /** Folder with its files and their size; null when the sources run, whose libraries lie in `node_modules`. */
  unpacked: { folder: string; bytes: number } | null;
  /** Seconds for the unpacking (next to none when it was done before), and for loading and using it. */
  unpackS: number;
  useS: number;
  /** One sentence, or null when it works. */
  problem: string | null;
}

type Environment = Record<string, string | undefined>;

interface Library {
  name: string;
  pack: string;
  version: string | null;
  use(settings: Settings, env: Environment): Promise<void>;
}

const libraries: readonly Library[] = [
  { name: "llama.cpp", pack: "llama-cpu", version: libraryVersions.llama, use: startLlama },
  { name: "LanceDB", pack: "lancedb", version: libraryVersions.lancedb, use: searchVectors },
];

/** Unpacks, loads and uses every native library that this executable has, one after the other. */
export async function* checkLibraries(settings: Settings, env: Environment): AsyncGenerator<LibraryCheck> {
  for (const { version, ...library } of libraries) {
    if (version !== null) yield await check({ ...library, version }, settings, env);
  }
}

type PresentLibrary = Library & { version: string };

async function check({ name, pack: kind, version, use }: PresentLibrary, settings: Settings, env: Environment) {
  const result: LibraryCheck = { name, version, unpacked: null, unpackS: 0, useS: 0, problem: null };
  try {
    const pack = nativePacks[kind];
    const from = performance.now();
    if (pack) {
      const folder = await ensurePack(kind, pack, cacheFolders(settings.models.cacheDir, env));
      result.unpacked = { folder, bytes: pack.unpackedBytes };
    }
    const unpacked = performance.now();
    await use(settings, env);
    result.unpackS = seconds(unpacked - from);
    result.useS = seconds(performance.now() - unpacked);
  } catch (error) {
    result.problem = messageOf(error);
  }
  return result;
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

async function startLlama({ models }: Settings, env: Environment): Promise<void> {
  const { llama } = await loadLlama({ threads: models.localThreads, cacheDir: models.cacheDir, env });
  try {
    if (llama.systemInfo === "") throw new Error("llama.cpp found no processor that it knows");
  } finally {
    await llama.dispose();
  }
}

async function searchVectors({ models }: Settings, env: Environment): Promise<void> {
  // A root folder with nothing but the executable and the run-time libraries has none.
  await mkdir(tmpdir(), { recursive: true });
  const dir = await mkdtemp(join(tmpdir(), "abstractgateway-check-"));
  try {
    const store = await openVectorStore({ place: dir, cacheDir: models.cacheDir, env });
    const table = await store.createTable("check", [
      { id: "north", vector: [0, 1] },
      { id: "east", vector: [1, 0] },
    ]);
    const [nearest] = (await table.vectorSearch([0.1, 0.9]).limit(1).toArray()) as { id: string }[];
    store.close();
    if (nearest?.id !== "north") throw new Error(`LanceDB found '${nearest?.id}' where 'north' is nearest`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
