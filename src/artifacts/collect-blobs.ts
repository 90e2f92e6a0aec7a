import { readdir, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

export interface Collected {
  count: number;
  bytes: number;
}

export interface CollectOptions {
  /** Only files that were stored before this, ms: what is on its way into a commit stays. */
  beforeMs: number;
  /** Those of the blobs that nobody needs. */
  unused: (blobIds: string[]) => Promise<string[]>;
  isDryRun: boolean;
}

const chunk = 500;
const blobFile = /^([0-9a-f]{64})\.bin$/;
const leftover = /\.(?:tmp|gone)$/;

/** Removes blobs on disk (`disk-blobs.ts`) that nobody needs, and what interrupted writes left. */
export async function collectBlobs(dir: string, options: CollectOptions): Promise<Collected> {
  const folder = join(dir, "blobs");
  const sum: Collected = { count: 0, bytes: 0 };
  const old = await oldFiles(folder, options.beforeMs);
  for (const { name, bytes } of old.filter((file) => leftover.test(file.name))) {
    if (!options.isDryRun) await unlink(join(folder, name)).catch(() => undefined);
    add(sum, bytes);
  }
  const blobs = old.filter((file) => blobFile.test(file.name));
  for (let at = 0; at < blobs.length; at += chunk) {
    const some = new Map(blobs.slice(at, at + chunk).map(({ name, bytes }) => [name.slice(0, 64), bytes]));
    for (const blobId of await options.unused([...some.keys()])) {
      const path = join(folder, `${blobId}.bin`);
      if (options.isDryRun || (await removeIfOld(path, options.beforeMs))) add(sum, some.get(blobId) ?? 0);
    }
  }
  return sum;
}

function add(sum: Collected, bytes: number): void {
  sum.count += 1;
  sum.bytes += bytes;
}

async function oldFiles(folder: string, beforeMs: number): Promise<{ name: string; bytes: number }[]> {
  const found: { name: string; bytes: number }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (!blobFile.test(name) && !leftover.test(name)) continue;
    const file = await stat(join(folder, name)).catch(() => null);
    if (file && file.mtimeMs < beforeMs) found.push({ name, bytes: file.size });
  }
  return found;
}

/**
 * Storing the same bytes again touches the file, in this process or another. Out of everybody's way first, then looked at: whoever touched it
 * before gets it back, whoever comes afterwards does not find it and writes it again.
 */
async function removeIfOld(path: string, beforeMs: number): Promise<boolean> {
  const aside = `${path}.gone`;
  try {
    await rename(path, aside);
    if ((await stat(aside)).mtimeMs < beforeMs) {
      await unlink(aside);
      return true;
    }
    await rename(aside, path);
  } catch {
    // Somebody else was faster; the next sweep looks again.
  }
  return false;
}
