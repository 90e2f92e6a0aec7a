import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type BackupManifest, parseManifest } from "#core/backup.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { hashFile } from "#ledger/backup/copy-file.ts";
import { inspectFiles } from "#ledger/backup/inspect-files.ts";
import { inspectLedger } from "#ledger/backup/snapshot-database.ts";

export interface BackupFindings {
  runs: number;
  records: number;
  /** One sentence each; none means that everything is there and sound. */
  problems: string[];
}

/** AppError `not_found` when the folder is no backup, `unprocessable` when its manifest cannot be used. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  let text: string;
  try {
    text = await readFile(join(folder, "manifest.json"), "utf8");
  } catch (cause) {
    throw new AppError("not_found", `${folder} is no backup: its manifest.json cannot be read`, { cause });
  }
  try {
    return parseManifest(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("unprocessable", `The backup's manifest cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Reads a backup as a restore would: every file is there with its size (and its hash, with `hashes`), the ledger is sound, and the bytes of
 * every artifact that it names are among the files.
 */
export async function inspectBackup(
  folder: string,
  manifest: BackupManifest,
  options: { hashes: boolean; onProgress?: (done: number, total: number) => void },
): Promise<BackupFindings> {
  const problems: string[] = [];
  for (const [done, file] of manifest.files.entries()) {
    options.onProgress?.(done, manifest.files.length);
    const problem = await fileProblem(join(folder, file.path), file, options.hashes);
    if (problem !== null) problems.push(`${file.path}: ${problem}`);
    if (isMisnamedBlob(file)) problems.push(`${file.path}: its content is not what its name says`);
  }
  const database = join(folder, manifest.database.path);
  if (!existsSync(database)) return { runs: 0, records: 0, problems: [...problems, "The ledger is missing"] };
  const isFolder = (await stat(database)).isDirectory();
  const { runs, records, problems: found, blobs } = await (isFolder ? inspectFiles : inspectLedger)(database);
  const kept = new Set(manifest.files.flatMap(({ path }) => blobName.exec(path)?.[1] ?? []));
  // Where they lie in a bucket, they are no part of the backup.
  const lost = manifest.left_out.includes("artifacts") ? [] : [...blobs].filter((blob) => !kept.has(blob));
  const missing = lost.map((blob) => `The bytes of an artifact are missing: ${blob}`);
  return { runs, records, problems: [...problems, ...found, ...missing] };
}

const blobName = /^data\/artifacts\/blobs\/([0-9a-f]{64})\.bin$/;

function isMisnamedBlob({ path, sha256 }: BackupManifest["files"][number]): boolean {
  const name = blobName.exec(path)?.[1];
  return name !== undefined && name !== sha256;
}

async function fileProblem(
  path: string,
  { bytes, sha256 }: BackupManifest["files"][number],
  checksHash: boolean,
): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return "it is missing";
  if (found.size !== bytes) return `it has ${found.size} bytes, not ${bytes}`;
  return checksHash && (await hashFile(path)) !== sha256 ? "its content was changed" : null;
}
