import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Check, type Finding, ok, warn } from "#app/doctor/finding.ts";
import { probeLedger } from "#app/doctor/probe.ts";
import { ledgerPath } from "#config/ledger-path.ts";
import { parseTime } from "#core/time.ts";

const gigabyte = 1e9;
const dayMs = 86_400_000;
/** Beyond this, somebody should have decided how long runs are kept. */
const manyRuns = 100_000;
const largeArtifactsBytes = 10 * gigabyte;
const largeLedgerBytes = 10 * gigabyte;

/** What grows, and what keeps it from growing. */
export const checkGrowth: Check = async ({ settings, nowMs }) => {
  if (!existsSync(ledgerPath(settings))) return [];
  const { ended, bytes } = await probeLedger(settings);
  const artifacts = await folderSize(join(settings.dataDir, "artifacts", "blobs"));
  return [
    runs(ended, { nowMs, bytes, runsDays: settings.retention.runsDays }),
    files(artifacts, settings.retention.runsDays),
  ];
};

function runs(
  ended: { count: number; oldest: string | null },
  { nowMs, bytes, runsDays }: { nowMs: number; bytes: number; runsDays: number },
): Finding {
  const name = "ended runs";
  const days = ended.oldest === null ? 0 : Math.max(0, Math.floor((nowMs - parseTime(ended.oldest)) / dayMs));
  const kept = runsDays > 0 ? `they go after ${runsDays} days` : "they are kept for ever";
  const text = `${ended.count}, the oldest ${days} days old; ${kept}`;
  const isLarge = ended.count > manyRuns || bytes > largeLedgerBytes;
  if (!isLarge || runsDays > 0) return ok(name, text);
  const fix =
    "Set ABSTRACTGATEWAY_RETENTION_RUNS_DAYS; `abstractgateway gc --runs-days 90 --dry-run` tells what would go";
  return warn(name, text, fix);
}

function files({ count, bytes }: { count: number; bytes: number }, runsDays: number): Finding {
  const name = "artifacts";
  const text = `${count} files, ${(bytes / 1e6).toFixed(1)} MB`;
  if (bytes <= largeArtifactsBytes) return ok(name, text);
  const fix =
    runsDays > 0
      ? "`abstractgateway gc --dry-run` tells what is not needed; fewer ABSTRACTGATEWAY_RETENTION_RUNS_DAYS keep less"
      : "Set ABSTRACTGATEWAY_RETENTION_RUNS_DAYS: artifacts go with their runs";
  return warn(name, text, fix);
}

async function folderSize(folder: string): Promise<{ count: number; bytes: number }> {
  const sum = { count: 0, bytes: 0 };
  for (const name of await readdir(folder).catch(() => [])) {
    sum.count += 1;
    sum.bytes += (await stat(join(folder, name)).catch(() => null))?.size ?? 0;
  }
  return sum;
}
