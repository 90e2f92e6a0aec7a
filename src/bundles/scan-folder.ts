import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#core/errors.ts";
import type { ArchiveLimits } from "#bundles/archive-limits.ts";
import { readArchive } from "#bundles/read-folder.ts";
import { errnoOf, storageError } from "#bundles/durable-file.ts";
import { compareText } from "#bundles/versions.ts";

/** A file or folder of the flows folder. */
export interface FoundArchive {
  file: string;
  path: string;
  isFolder: boolean;
  archive: Uint8Array;
}

export interface Skipped {
  file: string;
  reason: string;
}

/** Reads `*.flow` files and folders with a `manifest.json`, by name; hidden ones and everything else are none of ours. */
export async function* scanFolder(folder: string, limits: ArchiveLimits): AsyncGenerator<FoundArchive | Skipped> {
  for (const { name: file, isFolder } of await bundlesIn(folder)) {
    const path = join(folder, file);
    try {
      yield { file, path, isFolder, archive: await readArchive(path, limits) };
    } catch (error) {
      yield { file, reason: messageOf(error) };
    }
  }
}

async function bundlesIn(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    if (errnoOf(cause) === "ENOENT") return [];
    throw storageError(`read the folder ${folder}`, cause);
  });
  const visible = entries.filter((entry) => !entry.name.startsWith(".")).sort((a, b) => compareText(a.name, b.name));
  const found: { name: string; isFolder: boolean }[] = [];
  for (const entry of visible) {
    const isFolder = entry.isDirectory() && (await Bun.file(join(folder, entry.name, "manifest.json")).exists());
    if (isFolder || (!entry.isDirectory() && entry.name.endsWith(".flow"))) found.push({ name: entry.name, isFolder });
  }
  return found;
}
