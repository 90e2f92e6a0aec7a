import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { BackupManifest } from "#core/backup.ts";
import { AppError } from "#core/errors.ts";
import { copyFile } from "#ledger/backup/copy-file.ts";
import { inspectBackup, readManifest } from "#ledger/backup/inspect-backup.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";

export interface RestoreOptions {
  /** Folder that `createBackup` made. */
  source: string;
  dataDir: string;
  /** Where a database goes, and where the folder of a file store; both lie under `dataDir`. */
  dbPath: string;
  ledgerDir: string;
  flowsDir: string;
  /** Moves what is in the data folder aside instead of refusing. */
  replaces: boolean;
  /** Name of the folder beside the data folder that gets what was there, as `<dataDir>.<suffix>`. */
  suffix: string;
  onProgress?: (stage: "check" | "files", done: number, total: number) => void;
}

export interface Restored {
  manifest: BackupManifest;
  /** Where the earlier content went, or null when there was none. */
  movedTo: string | null;
}

const staging = ".restoring";
const lockName = "gateway_runner.lock";

/**
 * Puts a backup back, after reading every byte of it. The files come together in a folder inside the data folder and move up at the end, the
 * ledger last: a restore that is interrupted leaves no gateway that could start on half of it, and is simply run again.
 * AppError `conflict` when the data folder is in use or not empty, `unprocessable` when the backup is damaged.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { source, dataDir } = options;
  const manifest = await readManifest(source);
  const { problems } = await inspectBackup(source, manifest, {
    hashes: true,
    onProgress: (done, total) => options.onProgress?.("check", done, total),
  });
  if (problems.length > 0) {
    const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
    throw new AppError("unprocessable", `The backup is damaged: ${problems.slice(0, 3).join("; ")}${more}`);
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = takeProcessLock(join(dataDir, lockName));
  if (lock === null) throw new AppError("conflict", `A gateway is running on ${dataDir}: stop it first`);
  try {
    const target = isOfFiles(manifest) ? options.ledgerDir : options.dbPath;
    const movedTo = await clear(options, target);
    await stage(manifest, options, target);
    await moveUp(options, target);
    return { manifest, movedTo };
  } finally {
    lock.release();
  }
}

/** Empties the data folder, or refuses to. What an interrupted restore left counts as nothing. */
async function clear({ dataDir, replaces, suffix }: RestoreOptions, target: string): Promise<string | null> {
  const isOurs = isHalfRestored(dataDir, target);
  await rm(join(dataDir, staging), { recursive: true, force: true });
  const entries = (await readdir(dataDir)).filter((name) => !name.startsWith(lockName));
  if (isOurs) {
    for (const name of entries) await rm(join(dataDir, name), { recursive: true, force: true });
    return null;
  }
  if (entries.length === 0) return null;
  if (!replaces) {
    throw new AppError("conflict", `${dataDir} is not empty: use --replace to move what is there aside`);
  }
  const aside = `${dataDir}.${suffix}`;
  await mkdir(aside, { mode: 0o700 });
  for (const name of entries) await rename(join(dataDir, name), join(aside, name));
  return aside;
}

/** A restore was interrupted here: its files are there, and the ledger, which moves last, is not. */
function isHalfRestored(dataDir: string, ledgerPath: string): boolean {
  return existsSync(join(dataDir, staging)) && !existsSync(ledgerPath);
}

/** Whether the ledger of a backup is a folder of files. */
function isOfFiles({ files, database }: BackupManifest): boolean {
  return files.some(({ path }) => path.startsWith(`${database.path}/`));
}

/** AppError `conflict` when a restore was interrupted in this data folder: a gateway must not start an empty ledger there. */
export function requireRestored(dataDir: string, ledgerPath: string): void {
  if (!isHalfRestored(dataDir, ledgerPath)) return;
  throw new AppError("conflict", `A restore into ${dataDir} was interrupted: run \`abstractgateway restore\` again`);
}

async function stage(manifest: BackupManifest, options: RestoreOptions, target: string): Promise<void> {
  const { source, dataDir, onProgress } = options;
  const root = join(dataDir, staging);
  const ledger = join(root, "data", relative(dataDir, target));
  const { path: database } = manifest.database;
  await mkdir(root, { mode: 0o700 });
  for (const [done, { path, sha256 }] of manifest.files.entries()) {
    onProgress?.("files", done, manifest.files.length);
    const isOfLedger = path === database || path.startsWith(`${database}/`);
    const to = isOfLedger ? join(ledger, path.slice(database.length)) : join(root, path);
    const copied = await copyFile(join(source, path), to);
    if (copied?.sha256 !== sha256) throw new AppError("storage", `${path} changed while it was restored`);
  }
  for (const { path, target } of manifest.links) {
    await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o700 });
    await symlink(target, join(root, path));
  }
}

async function moveUp({ dataDir, flowsDir }: RestoreOptions, target: string): Promise<void> {
  const root = join(dataDir, staging);
  const data = join(root, "data");
  const ledger = relative(dataDir, target).split(sep)[0] ?? "";
  const names = (await readdir(data)).filter((name) => name !== ledger);
  if (existsSync(join(root, "flows"))) await addFiles(join(root, "flows"), flowsDir);
  for (const name of [...names, ledger]) await rename(join(data, name), join(dataDir, name));
  await rm(root, { recursive: true, force: true });
}

/** Bundles of a folder outside the data folder are added to what is there: the same name is the same bundle. */
async function addFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (existsSync(join(to, name))) continue;
    await cp(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  }
}
