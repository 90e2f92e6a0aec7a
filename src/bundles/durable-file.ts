import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";

/** Writes a file so that a crash leaves the old one or the new one, never a part. AppError `storage` on a full or read-only disk. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${process.pid}-${crypto.randomUUID()}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw new AppError("storage", `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** A rename is durable when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
