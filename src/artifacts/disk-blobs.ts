import { existsSync } from "node:fs";
import { mkdir, open, rename, rm, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { BlobStore } from "#artifacts/blob-store.ts";
import { diskError } from "#artifacts/disk-error.ts";
import { AppError, messageOf } from "#core/errors.ts";

const blobName = /^[0-9a-f]{64}$/;

/** Blobs as files `<dir>/blobs/<sha256>.bin`. A file with that name is complete: it gets its name after its bytes are on the disk. */
export function createDiskBlobs(dir: string): BlobStore {
  const folder = join(dir, "blobs");
  const pathOf = (blobId: string) => join(folder, `${blobId}.bin`);
  const isKnown = (blobId: string) => blobName.test(blobId) && existsSync(pathOf(blobId));
  // Two puts of the same bytes at once are one write.
  const writing = new Map<string, Promise<void>>();
  return {
    async put(bytes) {
      const blobId = Bun.SHA256.hash(bytes, "hex");
      if (await touch(pathOf(blobId))) return blobId;
      const running = writing.get(blobId) ?? write(folder, pathOf(blobId), bytes);
      writing.set(blobId, running);
      try {
        await running;
      } finally {
        writing.delete(blobId);
      }
      return blobId;
    },
    async adopt(path, blobId) {
      try {
        if (await touch(pathOf(blobId))) return;
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await syncFile(path);
        // Written long ago perhaps, but needed from now on.
        await touch(path);
        await rename(path, pathOf(blobId));
        await syncFolder(folder);
      } catch (error) {
        throw diskError(error, "The artifact");
      } finally {
        await rm(path, { force: true });
      }
    },
    async get(blobId) {
      return isKnown(blobId) ? reading(() => Bun.file(pathOf(blobId)).bytes(), blobId) : null;
    },
    open(blobId) {
      if (!isKnown(blobId)) return Promise.resolve(null);
      const file = Bun.file(pathOf(blobId));
      const body = (range?: { start: number; end: number }) => (range ? file.slice(range.start, range.end + 1) : file);
      return Promise.resolve({ size: file.size, body });
    },
    async delete(blobId) {
      if (isKnown(blobId)) await reading(() => unlink(pathOf(blobId)), blobId);
    },
  };
}

/** Whoever stores bytes that are there already needs them from now on: `collect-blobs.ts` must see that. False when they are not there. */
async function touch(path: string): Promise<boolean> {
  const now = new Date();
  try {
    await utimes(path, now, now);
    return existsSync(path);
  } catch {
    return false;
  }
}

async function write(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeSynced(temporary, bytes);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw diskError(error, "The artifact");
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name itself durable. Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function reading<T>(work: () => Promise<T>, blobId: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new AppError("storage", `Blob '${blobId}' cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
