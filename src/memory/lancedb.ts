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
  /** Folder of the tables, made when it is not there, or the address of an object store. */
  place: string;
  /** Another process writes the tables: each look is at what is there then. */
  isShared?: boolean;
  /** Where native files are unpacked; null for the user's cache. */
  cacheDir: string | null;
  env: Record<string, string | undefined>;
}

/**
 * Opens a LanceDB database. The library is unpacked, loaded and imported by the first call, so that a gateway without vectors never pays
 * for its 200 MB. AppError `storage` when it cannot be unpacked or the folder cannot be used, `unavailable` when it cannot be loaded.
 */
export async function openVectorStore(options: VectorStoreOptions): Promise<Connection> {
  const { place, cacheDir, env, isShared } = options;
  await provideNative(cacheDir, env);
  const { connect } = await import("@lancedb/lancedb");
  try {
    if (!isAddress(place)) await mkdir(place, { recursive: true });
    return await connect(place, {
      ...(isShared ? { readConsistencyInterval: 0 } : {}),
      ...(isAddress(place) ? { storageOptions: storageOptions(env) } : {}),
    });
  } catch (error) {
    throw new AppError("storage", `The vector store in ${place} could not be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Light executables have none, nor have those for systems that its makers publish none for. */
export function hasLancedb(): boolean {
  return buildInfo === null || nativePacks["lancedb"] !== undefined;
}

/** What is no path but `s3://…` and the like. */
function isAddress(place: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(place);
}

/** Of the usual variables. A server on this machine may be spoken to without TLS. */
function storageOptions(env: VectorStoreOptions["env"]): Record<string, string> {
  const names = {
    aws_access_key_id: env["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key: env["AWS_SECRET_ACCESS_KEY"],
    aws_session_token: env["AWS_SESSION_TOKEN"],
    aws_region: env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"],
    aws_endpoint: env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"] ?? env["AWS_ENDPOINT"],
  };
  const given = Object.entries(names).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const isLoopback = /^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/i.test(names.aws_endpoint ?? "");
  return { ...Object.fromEntries(given), ...(isLoopback ? { allow_http: "true" } : {}) };
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
