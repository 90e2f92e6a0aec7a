import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "@lancedb/lancedb";
import { AppError, messageOf } from "#core/errors.ts";
import { cacheFolders, ensurePack } from "#artifacts/native/extract-pack.ts";
import { loadLibrary } from "#artifacts/native/load-library.ts";
import { buildInfo, nativePacks } from "#artifacts/native/native-packs.ts";

/**
 * Where the library finds its native part inside the executable: a global of this name, since it asks for it while it is imported.
 * `build/lancedb-plugin.ts` writes the other side.
 */
export const nativeSlot = "abstractgateway.lancedb";

export interface VectorStoreOptions {
  /** Folder of the tables; made when it is not there. */
  dir: string;
  /** Where native files are unpacked; null for the user's cache. */
  cacheDir: string | null;
  env: Record<string, string | undefined>;
}

/**
 * Opens a LanceDB database. The library is unpacked, loaded and imported by the first call, so that a gateway without vectors never pays
 * for its 200 MB. AppError `storage` when it cannot be unpacked or the folder cannot be used, `unavailable` when it cannot be loaded.
 */
export async function openVectorStore({ dir, cacheDir, env }: VectorStoreOptions): Promise<Connection> {
  await provideNative(cacheDir, env);
  const { connect } = await import("@lancedb/lancedb");
  try {
    await mkdir(dir, { recursive: true });
    return await connect(dir);
  } catch (error) {
    throw new AppError("storage", `The vector store in ${dir} could not be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Light executables have none, nor have those for systems that its makers publish none for. */
export function hasLancedb(): boolean {
  return buildInfo === null || nativePacks["lancedb"] !== undefined;
}

async function provideNative(cacheDir: string | null, env: VectorStoreOptions["env"]): Promise<void> {
  const pack = nativePacks["lancedb"];
  if (!hasLancedb()) throw new AppError("unavailable", "This executable has no LanceDB");
  // From sources the library finds its native package in node_modules by itself.
  if (!pack) return;
  const folder = await ensurePack("lancedb", pack, cacheFolders(cacheDir, env));
  const file = (await readdir(folder)).find((name) => name.endsWith(".node"));
  if (file === undefined) throw new AppError("unavailable", "This build has no LanceDB");
  const slots = globalThis as unknown as Record<symbol, unknown>;
  slots[Symbol.for(nativeSlot)] ??= loadLibrary("LanceDB", join(folder, file));
}
