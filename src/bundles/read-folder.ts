import { readFileSync, realpathSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { type ArchiveLimits, defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { shown } from "#bundles/entry-path.ts";
import { parseDocument } from "#bundles/json-document.ts";
import { readManifest } from "#bundles/manifest.ts";
import { packFiles } from "#bundles/pack-files.ts";
import { refused, tooLarge } from "#bundles/zip-directory.ts";
import { errnoOf, storageError } from "#bundles/durable-file.ts";

/**
 * The archive of a `.flow` file, or of a folder with the same layout: of that, the files that its manifest names, uncompressed and in a
 * fixed order, so that the archive's digest is the folder's. AppErrors `not_found`, `invalid_request`, `too_large`, `storage`.
 */
export async function readArchive(path: string, limits: ArchiveLimits = defaultArchiveLimits): Promise<Uint8Array> {
  const found = await stat(path).catch((cause: unknown) => {
    if (errnoOf(cause) === "ENOENT") throw new AppError("not_found", `There is no bundle at ${path}`);
    throw storageError(`read ${path}`, cause);
  });
  if (found.isDirectory()) return packFiles(readFolderFiles(path, limits), { store: true });
  return readLimited(path, limits.maxArchiveBytes);
}

/**
 * The files of a folder bundle that its manifest names. A file may be missing; links are refused, for they may lead out of the folder.
 * AppErrors `not_found`, `invalid_request`, `too_large`, `storage`.
 */
export function readFolderFiles(path: string, limits: ArchiveLimits = defaultArchiveLimits): Map<string, Uint8Array> {
  const root = realPath(path);
  const content = root === null ? null : readInside(root, "manifest.json", limits);
  if (root === null || content === null) throw new AppError("not_found", `There is no manifest.json in ${path}`);
  const manifest = readManifest(parseDocument(content, "manifest.json"));
  const files = new Map([["manifest.json", content]]);
  const named = [manifest.flows, manifest.artifacts, manifest.assets].flatMap((each) => Object.values(each));
  let total = content.length;
  for (const name of new Set(named)) {
    const bytes = readInside(root, name, limits);
    if (bytes === null) continue;
    files.set(name, bytes);
    total += bytes.length;
    if (total > limits.maxTotalBytes) throw tooLarge(`its files have more than ${limits.maxTotalBytes} bytes`);
  }
  return files;
}

/** The path without links, or null when there is nothing. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT" || errnoOf(cause) === "ENOTDIR") return null;
    throw storageError(`read ${path}`, cause);
  }
}

function readInside(root: string, name: string, limits: ArchiveLimits): Uint8Array | null {
  const path = join(root, name);
  const real = realPath(path);
  if (real === null) return null;
  if (real !== path) throw refused(`the file ${shown(name)} is behind a symbolic link`);
  try {
    checkFile(path, statSync(path), limits.maxEntryBytes);
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
}

async function readLimited(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    checkFile(path, await stat(path), maxBytes);
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
}

function checkFile(path: string, found: { isFile(): boolean; size: number }, maxBytes: number): void {
  if (!found.isFile()) throw refused(`${path} is not a plain file`);
  if (found.size > maxBytes) throw tooLarge(`${path} has ${found.size} bytes, more than ${maxBytes}`);
}
