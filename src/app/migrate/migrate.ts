import { realpathSync, existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Layout, detectLayout } from "#app/migrate/detect.ts";
import type { MigrateOptions } from "#app/migrate/options.ts";
import { type PythonFolder, openPython, pythonFolders } from "#app/migrate/python-folders.ts";
import { lockName, lockTarget, moveAside, requireRoom, requireStopped, targetDatabase } from "#app/migrate/target.ts";
import { defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { isoTime, systemClock } from "#core/time.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { copyFiles, countDeprecations, nameLeftBehind } from "#migrate/copy-files.ts";
import { type Marker, writeMarker } from "#migrate/marker.ts";
import type { Contents } from "#migrate/contents.ts";
import { type OnProgress, copyContents, countContents, requireSound } from "#migrate/migrate.ts";
import type { MigrationSource } from "#migrate/source.ts";
import { Warnings } from "#migrate/warnings.ts";

export interface MigrationReport {
  /** "the Python gateway's file store" */
  source: string;
  from: string;
  into: string;
  dry_run: boolean;
  /** It went on with a migration that was interrupted. */
  resumed: boolean;
  /** Where the ledger is now that was in the way. */
  moved_to: string | null;
  contents: Contents;
  deprecations: number;
  /** Of the records as compared on both sides; null in a dry run. */
  sha256: string | null;
  warnings: ReturnType<Warnings["list"]>;
}

/**
 * Moves a data folder into a ledger of ours. The source is only read. AppErrors: `not_found`, `invalid_request` (nothing to migrate),
 * `conflict` (a gateway runs, the target is in use), `storage` (damaged), `unprocessable` (the copy is not what the source is).
 */
export async function migrate(options: MigrateOptions, onProgress: OnProgress): Promise<MigrationReport> {
  const warnings = new Warnings();
  const layout = await detectLayout(options);
  const folders = await pythonFolders(options);
  const dbPath = targetDatabase(options);
  const marker = await requireRoom(options, layout, dbPath);
  await requireStopped([...folders.map(({ dataDir }) => dataDir), options.targetDir]);
  const context = { targetDir: options.targetDir, now: systemClock, warnings };
  const source = await openPython(folders, layout, context);
  try {
    nameLeftBehind(options.dataDir, warnings);
    const shared = {
      source: source.name,
      from: options.dataDir,
      into: options.targetDir,
      resumed: marker !== null,
      deprecations: await countDeprecations(options.dataDir, warnings),
    };
    const done = options.dryRun
      ? { contents: await countContents(source, onProgress), sha256: null, moved_to: null }
      : await copy({ options, layout, folders, source, marker, dbPath, warnings, onProgress });
    return { ...shared, dry_run: options.dryRun, ...done, warnings: warnings.list() };
  } finally {
    await source.close();
  }
}

interface Copying {
  options: MigrateOptions;
  layout: Layout;
  folders: PythonFolder[];
  source: MigrationSource;
  marker: Marker | null;
  dbPath: string;
  warnings: Warnings;
  onProgress: OnProgress;
}

async function copy(copying: Copying): Promise<Pick<MigrationReport, "contents" | "sha256" | "moved_to">> {
  const { options, folders, source, dbPath, warnings, onProgress } = copying;
  const { dataDir, targetDir } = options;
  const lock = await lockTarget(targetDir);
  try {
    const movedTo = options.overwrites ? await moveAside(dbPath, systemClock()) : null;
    const startedAt = copying.marker?.started_at ?? isoTime(systemClock());
    const marker: Marker = { from: dataDir, source: source.name, started_at: startedAt, finished_at: null };
    await writeMarker(targetDir, marker);
    const ledger = await openSqliteLedger({ path: dbPath, now: systemClock });
    try {
      const isSame = isSameFolder(dataDir, targetDir);
      const target = { ledger, dataDir: targetDir, flowsDir: isSame ? null : join(targetDir, "flows") };
      const limits = defaultArchiveLimits;
      const { contents, checked } = await copyContents(source, target, { limits, warnings, onProgress });
      if (!isSame) for (const folder of folders) await copyFiles(folder.dataDir, targetDir);
      requireSound(checked);
      await writeMarker(targetDir, { ...marker, finished_at: isoTime(systemClock()) });
      return { contents, sha256: checked.sha256, moved_to: movedTo };
    } finally {
      await ledger.close();
    }
  } finally {
    lock.release();
    await rm(join(targetDir, lockName), { force: true });
  }
}

function isSameFolder(one: string, other: string): boolean {
  if (resolve(one) === resolve(other)) return true;
  return existsSync(one) && existsSync(other) && realpathSync(one) === realpathSync(other);
}
