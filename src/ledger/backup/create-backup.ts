import { existsSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { BackupFile, BackupManifest } from "#core/backup.ts";
import { AppError } from "#core/errors.ts";
import { inspectBackup } from "#ledger/backup/inspect-backup.ts";
import { copyFile, hashFile } from "#ledger/backup/copy-file.ts";
import { type Listing, listFiles } from "#ledger/backup/data-files.ts";
import { holdFiles } from "#ledger/file/locks.ts";
import { snapshotDatabase } from "#ledger/backup/snapshot-database.ts";

export interface BackupOptions {
  dataDir: string;
  /** The ledger, a database file or the folder of a file store; lies under `dataDir`. */
  ledgerPath: string;
  /** Folder of installed bundles; copied apart where it does not lie under `dataDir`. */
  flowsDir: string;
  /** The folder to make. It must not exist. */
  target: string;
  /** Of the program, for the manifest. */
  version: string;
  createdAt: string;
  /** Folders directly under `dataDir` to leave out, such as `models`. */
  leaveOut: string[];
  /** Hears which stage is under way, and how far. */
  onProgress?: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  stage: "database" | "files" | "check";
  done: number;
  /** Files in all; 0 while that is not known. */
  total: number;
}

/** Made anew by whoever needs them, true only of one process, or the ledger as it was before an upgrade. */
const neverKept = /^(gateway_runner\.lock.*|gateway\.url|.*\.sock|\.restoring|.*\.schema-\d+)$/;
const isLeftOutOfLedger = /\.lock(-journal)?$|\.tmp$/;
const unfinished = /(^|\/)[^/]*\.(tmp|part|partial)$|-(wal|shm|journal)$/;

/**
 * Makes a consistent copy of a data folder, beside a running gateway: first the ledger as of one moment, then the files, whose
 * contents the ledger can only know when they were complete. The copy is read back and checked before it gets its name, so a folder with
 * the target's name is a good backup. AppError `conflict` when the target exists, `not_found` without a ledger, `storage` when the disk
 * fails, `unprocessable` when what there is to copy is damaged.
 */
export async function createBackup(options: BackupOptions): Promise<BackupManifest> {
  const { dataDir, ledgerPath, target } = options;
  if (!existsSync(ledgerPath)) throw new AppError("not_found", `There is no ledger at ${ledgerPath}`);
  if (existsSync(target)) throw new AppError("conflict", `${target} exists already: name a new folder`);
  if (isUnder(target, dataDir)) throw new AppError("invalid_request", "A backup cannot lie inside the data folder");
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const manifest = await fill(partial, options);
    await rename(partial, target);
    await syncFolder(dirname(target));
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function fill(folder: string, options: BackupOptions): Promise<BackupManifest> {
  const { dataDir, ledgerPath, onProgress = () => undefined } = options;
  const database = `data/${slashed(relative(dataDir, ledgerPath))}`;
  onProgress({ stage: "database", done: 0, total: 0 });
  const isFolder = (await stat(ledgerPath)).isDirectory();
  const files = isFolder
    ? await keepFileLedger(ledgerPath, folder, database)
    : [await keepDatabase(ledgerPath, folder, database)];
  const { work, links } = await plan(options, database);
  for (const [done, item] of work.entries()) {
    onProgress({ stage: "files", done, total: work.length });
    const keep = item.isDatabase ? keepDatabase : keepFile;
    const kept = await keep(item.from, folder, item.path);
    if (kept) files.push(kept);
  }
  const manifest: BackupManifest = {
    format: 1,
    created_at: options.createdAt,
    version: options.version,
    database: { path: database, runs: 0, records: 0 },
    files,
    links,
    left_out: options.leaveOut.filter((name) => name === "artifacts" || existsSync(join(dataDir, name))),
  };
  const findings = await inspectBackup(folder, manifest, {
    hashes: false,
    onProgress: (done, total) => onProgress({ stage: "check", done, total }),
  });
  if (findings.problems.length > 0) {
    throw new AppError("unprocessable", `The backup is not sound: ${findings.problems.slice(0, 3).join("; ")}`);
  }
  Object.assign(manifest.database, { runs: findings.runs, records: findings.records });
  await writeManifest(folder, manifest);
  return manifest;
}

interface Item {
  from: string;
  path: string;
  isDatabase: boolean;
}

async function plan(
  options: BackupOptions,
  database: string,
): Promise<{ work: Item[]; links: BackupManifest["links"] }> {
  const { dataDir, flowsDir, leaveOut } = options;
  const isLeftOut = (path: string) =>
    neverKept.test(path) || unfinished.test(path) || leaveOut.includes(path) || isIn(`data/${path}`, database);
  const data = prefixed("data", dataDir, await listFiles(dataDir, isLeftOut));
  if (isUnder(flowsDir, dataDir) || !existsSync(flowsDir)) return data;
  const flows = prefixed("flows", flowsDir, await listFiles(flowsDir, (path) => unfinished.test(path)));
  return { work: [...data.work, ...flows.work], links: [...data.links, ...flows.links] };
}

function prefixed(prefix: "data" | "flows", root: string, { files, links }: Listing) {
  return {
    work: files.map((path) => ({
      from: join(root, path),
      path: `${prefix}/${path}`,
      isDatabase: path.endsWith(".sqlite3"),
    })),
    links: links.map(({ path, target }) => ({ path: `${prefix}/${path}`, target })),
  };
}

async function keepDatabase(from: string, folder: string, path: string): Promise<BackupFile> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  snapshotDatabase(from, to);
  await syncFile(to);
  return { path, bytes: (await stat(to)).size, sha256: await hashFile(to), mode: 0o600 };
}

/** Journal and files fit together as long as no checkpoint changes them; commits go on into the journal. */
async function keepFileLedger(from: string, folder: string, path: string): Promise<BackupFile[]> {
  const lock = await holdFiles(from);
  try {
    const { files } = await listFiles(from, (name) => isLeftOutOfLedger.test(name));
    const kept: BackupFile[] = [];
    for (const name of files) {
      const file = await keepFile(join(from, name), folder, `${path}/${name}`);
      if (file) kept.push(file);
    }
    return kept;
  } finally {
    lock.release();
  }
}

async function keepFile(from: string, folder: string, path: string): Promise<BackupFile | null> {
  const copy = await copyFile(from, join(folder, path));
  return copy && { path, ...copy };
}

async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  const file = await open(join(folder, "manifest.json"), "wx", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether a path of the backup is the ledger or a file of it. */
function isIn(path: string, database: string): boolean {
  return path === database || path.startsWith(`${database}/`);
}

function isUnder(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return inside === "" || (!inside.startsWith("..") && !inside.startsWith(sep) && !/^[A-Za-z]:/.test(inside));
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}
