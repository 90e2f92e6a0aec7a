import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { BackupFile } from "#core/backup.ts";

const chunkBytes = 1024 * 1024;

/**
 * Copies a file, flushes the copy to the disk and answers what was copied: hash, size and permission bits. Null when the source is gone.
 * A file that grows meanwhile (a log) is copied up to the size that it had at the start. Never follows a link.
 */
export async function copyFile(from: string, to: string): Promise<Omit<BackupFile, "path"> | null> {
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
  if (source === null) return null;
  try {
    const { size, mode } = await source.stat();
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    const target = await open(to, "wx", mode & 0o777);
    const hash = new Bun.CryptoHasher("sha256");
    let bytes = 0;
    try {
      const buffer = new Uint8Array(Math.max(1, Math.min(chunkBytes, size)));
      while (bytes < size) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size - bytes), bytes);
        if (bytesRead === 0) break;
        const chunk = buffer.subarray(0, bytesRead);
        hash.update(chunk);
        await target.writeFile(chunk);
        bytes += bytesRead;
      }
      await target.sync();
    } finally {
      await target.close();
    }
    return { bytes, sha256: hash.digest("hex"), mode: mode & 0o777 };
  } finally {
    await source.close();
  }
}

/** SHA-256 of a file, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream() as unknown as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash.digest("hex");
}
