import { mkdir, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";

/**
 * Puts a file in place all at once: after a crash it is the old one or the new one, and when this resolves it is on the disk.
 * AppError `storage` in one sentence; what was there stays.
 */
export async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw storageError(`write ${path}`, cause);
  }
}

export async function removeDurably(path: string): Promise<void> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
  } catch (cause) {
    if (errnoOf(cause) !== "ENOENT") throw storageError(`remove ${path}`, cause);
  }
}

/** The names in a folder are durable only after the folder itself was flushed. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

const reasons: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of its path is not a folder",
  EEXIST: "a part of its path is not a folder",
};

export function storageError(action: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const reason = reasons[errnoOf(cause)] ?? messageOf(cause);
  return new AppError("storage", `Cannot ${action}: ${reason}`, { cause, retryable: errnoOf(cause) === "ENOSPC" });
}
