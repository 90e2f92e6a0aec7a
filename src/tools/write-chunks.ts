import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "#core/errors.ts";
import { errorCodeOf, fileError } from "#tools/file-error.ts";
import { replaceFile } from "#tools/replace-file.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

export interface WriteOptions {
  overwrite: boolean;
  makesFolders: boolean;
}

/**
 * Writes bytes to a file of a workspace, so that nobody ever sees half of it. AppErrors `conflict` when it is there and may not be replaced,
 * `invalid_request` for a folder, `not_found` when its folder is missing and may not be made, `storage` when the disk is full.
 */
export async function writeChunks(
  file: ResolvedPath,
  chunks: AsyncIterable<Uint8Array> | string,
  { overwrite, makesFolders }: WriteOptions,
): Promise<void> {
  try {
    const facts = await stat(file.path).catch((error: unknown) => {
      if (errorCodeOf(error) === "ENOENT") return null;
      throw error;
    });
    if (facts?.isDirectory()) throw new AppError("invalid_request", `'${file.shown}' is a folder, not a file`);
    if (facts && !facts.isFile()) throw new AppError("invalid_request", `'${file.shown}' is not a regular file`);
    if (facts && !overwrite) throw new AppError("conflict", `'${file.shown}' exists already`);
    if (makesFolders) await mkdir(dirname(file.path), { recursive: true });
    else await requireFolder(file);
    await replaceFile(file.path, chunks);
  } catch (error) {
    throw fileError(error, file.shown);
  }
}

async function requireFolder({ path, shown }: ResolvedPath): Promise<void> {
  const facts = await stat(dirname(path)).catch(() => null);
  if (!facts?.isDirectory()) throw new AppError("not_found", `The folder of '${shown}' does not exist`);
}
