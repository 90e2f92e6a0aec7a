import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Bundle } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import type { ArchiveLimits } from "#bundles/archive-limits.ts";
import { digestOf, readBundle } from "#bundles/read-bundle.ts";
import { errnoOf, storageError, writeDurably } from "#bundles/durable-file.ts";

/** Every archive that was ever installed, as `<folder>/<digest>.flow`: a run keeps the bundle it was started with. */
export interface ArchiveStore {
  has(digest: string, bytes: number): Promise<boolean>;
  put(digest: string, archive: Uint8Array): Promise<void>;
  /** AppError `gone` when the archive is nowhere or damaged. The last ones opened are kept in memory. */
  open(digest: string): Promise<Bundle>;
}

export interface ArchiveStoreOptions {
  folder: string;
  limits: ArchiveLimits;
  /** How many opened bundles stay in memory. */
  maxOpen: number;
}

export function createArchiveStore({ folder, limits, maxOpen }: ArchiveStoreOptions): ArchiveStore {
  // A Map keeps its order of insertion: the first key is the one that was not used for the longest time.
  const opened = new Map<string, Promise<Bundle>>();
  const pathOf = (digest: string) => join(folder, `${digest}.flow`);
  const has = async (digest: string, bytes: number) => {
    const found = await stat(pathOf(digest)).catch(() => null);
    return found?.size === bytes;
  };
  return {
    has,
    async put(digest, archive) {
      if (!(await has(digest, archive.length))) await writeDurably(pathOf(digest), archive);
    },
    open(digest) {
      if (!/^[0-9a-f]{64}$/.test(digest)) return Promise.reject(gone(digest, "is not the digest of a bundle"));
      const bundle = opened.get(digest) ?? openArchive(pathOf(digest), digest, limits);
      opened.delete(digest);
      opened.set(digest, bundle);
      bundle.catch(() => opened.delete(digest));
      const oldest = opened.keys().next().value;
      if (opened.size > maxOpen && oldest !== undefined) opened.delete(oldest);
      return bundle;
    },
  };
}

async function openArchive(path: string, digest: string, limits: ArchiveLimits): Promise<Bundle> {
  const archive = await readFile(path).catch((cause: unknown) => {
    if (errnoOf(cause) === "ENOENT") throw gone(digest, "is not stored here any more");
    throw storageError(`read ${path}`, cause);
  });
  if (digestOf(archive) !== digest) throw gone(digest, "is damaged on the disk");
  return readBundle(archive, { limits, completely: false });
}

function gone(digest: string, reason: string): AppError {
  return new AppError("gone", `The bundle ${digest.slice(0, 64)} ${reason}`);
}
