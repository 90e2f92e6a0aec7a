import { realpathSync, existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { detectLayout } from "#app/migrate/detect.ts";
import type { MigrateOptions, StoreKind } from "#app/migrate/options.ts";
import { copyOwnFiles, openOwn } from "#app/migrate/own-folder.ts";
import { type PythonFolder, openPython, pythonFolders } from "#app/migrate/python-folders.ts";
import { type PythonUser, copyUsers, readPythonUsers } from "#app/migrate/users.ts";
import { lockName, lockTarget, moveAside, requireRoom, requireStopped, targetLedger } from "#app/migrate/target.ts";
import { defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { isoTime, systemClock } from "#core/time.ts";
import { openFileLedger } from "#ledger/file/file-ledger.ts";
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
  store: StoreKind;
  dry_run: boolean;
  /** It went on with a migration that was interrupted. */
  resumed: boolean;
  /** Where the ledger is now that was in the way. */
  moved_to: string | null;
  contents: Contents;
  deprecations: number;
  users: number;
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
  const isPython = layout.writer === "python";
  const users = isPython ? await readPythonUsers(options.dataDir, warnings) : [];
  const folders = isPython ? await pythonFolders(options, users) : [];
  const path = targetLedger(options);
  const marker = await requireRoom(options, layout, path);
  await requireStopped([options.dataDir, ...folders.map(({ dataDir }) => dataDir), options.targetDir]);
  if (users.length > 0) warnings.add("left", tokensSentence);
  const context = { targetDir: options.targetDir, now: systemClock, warnings };
  const source =
    layout.writer === "python" ? await openPython(folders, layout, context) : await openOwn(options, layout, warnings);
  try {
    if (isPython) nameLeftBehind(options.dataDir, warnings);
    const shared = {
      source: source.name,
      from: options.dataDir,
      into: options.targetDir,
      store: options.to,
      resumed: marker !== null,
      deprecations: await countDeprecations(options.dataDir, warnings),
    };
    const done = options.dryRun
      ? { contents: await countContents(source, onProgress), users: users.length, sha256: null, moved_to: null }
      : await copy({ options, folders, users, source, marker, path, warnings, onProgress });
    return { ...shared, dry_run: options.dryRun, ...done, warnings: warnings.list() };
  } finally {
    await source.close();
  }
}

const tokensSentence =
  "tokens of users, kept as hashes of another kind: `config bootstrap-admin --rotate-token` gives the administrator one, who makes those of the others";

interface Copying {
  options: MigrateOptions;
  /** Data folders of a Python gateway. */
  folders: PythonFolder[];
  users: PythonUser[];
  source: MigrationSource;
  marker: Marker | null;
  path: string;
  warnings: Warnings;
  onProgress: OnProgress;
}

async function copy(copying: Copying): Promise<Pick<MigrationReport, "contents" | "users" | "sha256" | "moved_to">> {
  const { options, folders, source, path, warnings, onProgress } = copying;
  const { dataDir, targetDir } = options;
  const lock = await lockTarget(targetDir);
  try {
    const movedTo = options.overwrites ? await moveAside(path, systemClock()) : null;
    const startedAt = copying.marker?.started_at ?? isoTime(systemClock());
    const marker: Marker = { from: dataDir, source: source.name, started_at: startedAt, finished_at: null };
    await writeMarker(targetDir, marker);
    const open = options.to === "file" ? openFileLedger : openSqliteLedger;
    const ledger = await open({ path, now: systemClock });
    try {
      const isSame = isSameFolder(dataDir, targetDir);
      const target = { ledger, dataDir: targetDir, flowsDir: isSame ? null : join(targetDir, "flows") };
      const limits = defaultArchiveLimits;
      const { contents, checked } = await copyContents(source, target, { limits, warnings, onProgress });
      if (!isSame) {
        for (const folder of folders) await copyFiles(folder.dataDir, targetDir);
        if (folders.length === 0) await copyOwnFiles(dataDir, targetDir);
      }
      const users = copyUsers(copying.users, options, warnings);
      requireSound(checked);
      await writeMarker(targetDir, { ...marker, finished_at: isoTime(systemClock()) });
      return { contents, users, sha256: checked.sha256, moved_to: movedTo };
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
