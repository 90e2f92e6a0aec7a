import { existsSync, realpathSync, statSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";

/**
 * Whether a living process holds a lock on a file: this gateway's lock, or the advisory lock of the Python one. Linux tells of both without
 * the file being touched; elsewhere only our own lock can be seen.
 */
export async function isLocked(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  if (existsSync("/proc/locks")) return isListed(path);
  try {
    const lock = takeProcessLock(path);
    lock?.release();
    return lock === null;
  } catch {
    // The Python gateway's lock file is no database of ours.
    return false;
  }
}

async function isListed(path: string): Promise<boolean> {
  const { ino } = statSync(path);
  const table = await readFile("/proc/locks", "utf8");
  const holders = table
    .split("\n")
    .map((line) => /^\d+: (?:FLOCK|POSIX|OFDLCK)\s+\S+\s+\S+\s+(-?\d+) \S+:(\d+) /.exec(line))
    .filter((match) => Number(match?.[2]) === ino)
    .map((match) => Number(match?.[1]));
  const real = realpathSync(path);
  for (const pid of holders) if (await hasOpen(pid, real)) return true;
  return false;
}

/** Another file system may have a file of the same number. Whose files cannot be seen is believed. */
async function hasOpen(pid: number, path: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = pid > 0 ? await readdir(folder).catch(() => null) : null;
  if (names === null) return true;
  for (const name of names) {
    if ((await readlink(`${folder}/${name}`).catch(() => "")) === path) return true;
  }
  return false;
}
