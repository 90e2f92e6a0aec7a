import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { errorCodeOf } from "#tools/file-error.ts";

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * An absolute path with the symbolic links of everything that exists followed; what does not exist yet is appended as it is.
 * A link that leads to nothing is followed too: writing to it would make its target.
 */
export async function realPathOf(path: string, links = 0): Promise<string> {
  if (links > maxLinks) throw new AppError("invalid_request", `'${path}' leads through too many symbolic links`);
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCodeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
  }
  const target = await linkTarget(path);
  if (target !== null) return realPathOf(resolve(await realPathOf(dirname(path), links), target), links + 1);
  return join(await realPathOf(dirname(path), links), basename(path));
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") return null;
    throw error;
  }
}
