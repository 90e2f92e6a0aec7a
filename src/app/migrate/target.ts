import { existsSync, statSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { Layout } from "#app/migrate/detect.ts";
import type { MigrateOptions } from "#app/migrate/options.ts";
import { AppError } from "#core/errors.ts";
import { isoTime } from "#core/time.ts";
import { isLocked } from "#ledger/python/lock.ts";
import { type ProcessLock, takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import { type Marker, readMarker } from "#migrate/marker.ts";

/** File or folder of the target's ledger. */
export function targetLedger({ targetDir, dbPath, to }: MigrateOptions): string {
  if (to === "file") return join(targetDir, "ledger");
  const path = dbPath ?? join(targetDir, "gateway.sqlite3");
  const inside = relative(targetDir, path);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || resolve(inside) === inside)
    throw new AppError(
      "invalid_request",
      `--db-path must lie under the target's data folder ${targetDir}, not at ${path}`,
    );
  return path;
}

/** AppError `conflict` when a gateway works on one of the folders. */
export async function requireStopped(folders: string[]): Promise<void> {
  for (const folder of new Set(folders)) {
    if (await isLocked(join(folder, "gateway_runner.lock")))
      throw new AppError("conflict", `A gateway is running on ${folder}: stop it first`);
  }
}

/**
 * Whether there is room: nothing there, or this very migration, which was interrupted. AppError `conflict` says what is in the way.
 * Answers the marker of the migration to go on with.
 */
export async function requireRoom(options: MigrateOptions, layout: Layout, path: string): Promise<Marker | null> {
  const { dataDir, targetDir, overwrites } = options;
  if (layout.path !== null && resolve(layout.path) === resolve(path))
    throw new AppError(
      "conflict",
      `${path} is the source itself: name another folder with --target-dir, or another file with --db-path`,
    );
  const marker = await readMarker(targetDir);
  if (overwrites) return null;
  const isThere = existsSync(options.to === "file" ? join(path, "store.json") : path) && statSync(path).size > 0;
  if (marker && marker.finished_at === null) {
    if (marker.from === dataDir) return marker;
    throw new AppError(
      "conflict",
      `A migration from ${marker.from} into ${targetDir} was interrupted: finish it first, or begin anew with --overwrite`,
    );
  }
  if (!isThere) return null;
  const when = marker ? ` since the migration from ${marker.from} at ${marker.finished_at}` : "";
  throw new AppError(
    "conflict",
    `There is a ledger at ${path} already${when}: name an empty folder with --target-dir, or move it aside with --overwrite`,
  );
}

/** Moves a ledger aside. Answers where it is now, or null when there was none. */
export async function moveAside(path: string, nowMs: number): Promise<string | null> {
  if (!existsSync(path)) return null;
  const suffix = `.before-${isoTime(nowMs).slice(0, 19).replaceAll(":", "-")}`;
  for (const part of ["-wal", "-shm", ""]) {
    if (existsSync(path + part)) await rename(path + part, path + suffix + part);
  }
  return path + suffix;
}

/** Two migrations into one folder would write everything twice. */
export async function lockTarget(targetDir: string): Promise<ProcessLock> {
  await mkdir(targetDir, { recursive: true, mode: 0o700 });
  const lock = takeProcessLock(join(targetDir, lockName));
  if (lock === null) throw new AppError("conflict", `Another migration into ${targetDir} is under way`);
  return lock;
}

export const lockName = "migration.lock";
