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

export interface BucketAccess {
  endpoint: string | null;
  region: string | null;
  accessKeyId: string | null;
  secretAccessKey: string | null;
  sessionToken: string | null;
}

export interface VectorStoreOptions {
  /** Folder of the tables, made when it is not there, or `s3://bucket/prefix`. */
  place: string;
  /** How to reach that. */
  bucket?: BucketAccess;
  /** Another process writes the tables: each look is at what is there then. */
  isShared?: boolean;
  /** Where native files are unpacked; null for the user's cache. */
  cacheDir: string | null;
  env: Record<string, string | undefined>;
}

/** The library itself would try for minutes while somebody waits for an answer. */
const patience = { client_max_retries: "2", client_retry_timeout: "20", connect_timeout: "5s", timeout: "60s" };
const maxReasonChars = 300;

/**
 * Opens a LanceDB database. The library is unpacked, loaded and imported by the first call, so that a gateway without vectors never pays
 * for its 200 MB. AppError `storage` when it cannot be unpacked or the folder cannot be used, `unavailable` when it cannot be loaded or the
 * object store cannot be reached.
 */
export async function openVectorStore(options: VectorStoreOptions): Promise<Connection> {
  const { place, bucket, cacheDir, env, isShared } = options;
  await provideNative(cacheDir, env);
  const { connect } = await import("@lancedb/lancedb");
  try {
    if (!bucket) await mkdir(place, { recursive: true });
    return await connect(place, {
      ...(isShared ? { readConsistencyInterval: 0 } : {}),
      ...(bucket ? { storageOptions: storageOptions(bucket) } : {}),
    });
  } catch (error) {
    const why = messageOf(error).slice(0, maxReasonChars);
    const message = `The vector store in ${place} could not be opened: ${why}`;
    throw new AppError(bucket ? "unavailable" : "storage", message, { cause: error, retryable: bucket !== undefined });
  }
}

/** Light executables have none, nor have those for systems that its makers publish none for. */
export function hasLancedb(): boolean {
  return buildInfo === null || nativePacks["lancedb"] !== undefined;
}

/** Without a key it looks for one as Amazon's machines have it. A server on this machine may be spoken to without TLS. */
function storageOptions({ endpoint, region, accessKeyId, secretAccessKey, sessionToken }: BucketAccess) {
  const given = {
    aws_endpoint: endpoint,
    aws_region: region ?? (endpoint === null ? null : "us-east-1"),
    aws_access_key_id: accessKeyId,
    aws_secret_access_key: secretAccessKey,
    aws_session_token: sessionToken,
    allow_http: endpoint !== null && isLoopback(endpoint) ? "true" : null,
  };
  const known = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null);
  return { ...Object.fromEntries(known), ...patience };
}

function isLoopback(address: string): boolean {
  return /^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/i.test(address);
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
