import { join } from "node:path";
import { requireLedger } from "#app/chosen-ledger.ts";
import { version } from "#app/version.ts";
import { ledgerPath } from "#config/ledger-path.ts";
import type { Settings } from "#config/settings.ts";
import type { BackupManifest } from "#core/backup.ts";
import { AppError } from "#core/errors.ts";
import { isoTime, systemClock } from "#core/time.ts";
import { type BackupProgress, createBackup } from "#ledger/backup/create-backup.ts";
import { type BackupFindings, inspectBackup, readManifest } from "#ledger/backup/inspect-backup.ts";
import { type Restored, restoreBackup } from "#ledger/backup/restore-backup.ts";

/** Makes a checked backup of a data folder. `target` defaults to a new folder named after the time, in the working directory. */
export async function backUp(
  settings: Settings,
  options: { target?: string; cwd: string; leaveOut: string[]; onProgress: (progress: BackupProgress) => void },
): Promise<{ target: string; manifest: BackupManifest }> {
  const createdAt = isoTime(systemClock());
  const target = options.target ?? join(options.cwd, `abstractgateway-backup-${fileTime(createdAt)}`);
  const { dataDir, flowsDir } = settings;
  const { onProgress } = options;
  const leaveOut = [...options.leaveOut, ...(settings.s3 ? ["artifacts"] : [])];
  const places = { dataDir, ledgerPath: ledgerPath(settings), flowsDir, target };
  requireLedger(settings);
  const manifest = await createBackup({ ...places, version, createdAt, leaveOut, onProgress });
  return { target, manifest };
}

/** Reads a backup from end to end. AppError `unprocessable` names what is damaged. */
export async function checkBackup(
  source: string,
  onProgress: (stage: "check", done: number, total: number) => void,
): Promise<BackupFindings> {
  const findings = await inspectBackup(source, await readManifest(source), {
    hashes: true,
    onProgress: (done, total) => onProgress("check", done, total),
  });
  if (findings.problems.length === 0) return findings;
  throw new AppError("unprocessable", `The backup is damaged: ${findings.problems.join("; ")}`, {
    fields: { problems: findings.problems },
  });
}

export function restore(
  settings: Settings,
  options: {
    source: string;
    replaces: boolean;
    onProgress: (stage: "check" | "files", done: number, total: number) => void;
  },
): Promise<Restored> {
  const { dataDir, dbPath, ledgerDir, flowsDir } = settings;
  const suffix = `before-${fileTime(isoTime(systemClock()))}`;
  return restoreBackup({ ...options, dataDir, dbPath, ledgerDir, flowsDir, suffix });
}

/** `2026-11-24T08:30:00Z` as a name that every file system takes. */
function fileTime(iso: string): string {
  return iso.slice(0, 19).replaceAll(":", "-");
}
