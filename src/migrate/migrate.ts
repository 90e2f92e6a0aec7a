import { existsSync } from "node:fs";
import { join } from "node:path";
import { createArchiveStore } from "#bundles/archive-store.ts";
import type { ArchiveLimits } from "#bundles/archive-limits.ts";
import { writeDurably } from "#bundles/durable-file.ts";
import { AppError } from "#core/errors.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { type Checked, checkMigration } from "#migrate/check.ts";
import { type Contents, countRun, noContents } from "#migrate/contents.ts";
import { copyArtifacts, copyCommands, copyMemory, copyStartKeys } from "#migrate/copy-rest.ts";
import { copyRuns } from "#migrate/copy-runs.ts";
import type { MigratedRun, MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

export interface MigrationTarget {
  ledger: Ledger;
  dataDir: string;
  /** Folder where bundles are installed; null: they are where the source has them, and stay there. */
  flowsDir: string | null;
}

export type MigrationStage = "runs" | "artifacts" | "check";
export type OnProgress = (stage: MigrationStage, done: number, total: number) => void;

/** Reads everything and writes nothing. */
export async function countContents(source: MigrationSource, onProgress: OnProgress): Promise<Contents> {
  const contents = noContents();
  const runIds = await source.runIds();
  for (const [index, runId] of runIds.entries()) {
    countRun(contents, await source.run(runId));
    for await (const _body of source.records(runId)) contents.records += 1;
    onProgress("runs", index + 1, runIds.length);
  }
  for await (const { past } of source.commands()) contents.commands[past ? "applied" : "waiting"] += 1;
  for await (const _artifact of source.artifacts()) contents.artifacts += 1;
  for await (const _event of source.memory()) contents.memory += 1;
  for await (const { installedAs } of source.bundles()) contents.bundles[installedAs ? "installed" : "kept"] += 1;
  return contents;
}

/**
 * Copies everything, in an order in which it can be interrupted anywhere and begun again: what is there is not written twice. Ends with a
 * comparison of both sides.
 */
export async function copyContents(
  source: MigrationSource,
  target: MigrationTarget,
  { limits, warnings, onProgress }: { limits: ArchiveLimits; warnings: Warnings; onProgress: OnProgress },
): Promise<{ contents: Contents; checked: Checked }> {
  const { ledger, dataDir } = target;
  const contents = noContents();
  const blobsDir = join(dataDir, "artifacts", "blobs");
  await copyBundles(source, target, { limits, warnings, contents });
  const runIds = await source.runIds();
  let done = 0;
  const onRun = (run: MigratedRun | null) => {
    countRun(contents, run);
    onProgress("runs", ++done, runIds.length);
  };
  // What hangs on runs comes after them: a half run is taken away with all that.
  await copyRuns(source, ledger, { runIds, onRun });
  const onArtifact = () => onProgress("artifacts", ++contents.artifacts, 0);
  await copyArtifacts(source, ledger, { blobsDir, warnings, onArtifact });
  contents.commands = await copyCommands(source, ledger);
  await copyStartKeys(source, ledger);
  contents.memory = await copyMemory(source, ledger);
  let seen = 0;
  const checked = await checkMigration(source, ledger, {
    blobsDir,
    runIds,
    onRun: () => onProgress("check", ++seen, runIds.length),
  });
  contents.records = checked.records;
  return { contents, checked };
}

async function copyBundles(
  source: MigrationSource,
  { dataDir, flowsDir }: MigrationTarget,
  { limits, warnings, contents }: { limits: ArchiveLimits; warnings: Warnings; contents: Contents },
): Promise<void> {
  const store = createArchiveStore({ folder: join(dataDir, "bundles"), limits, maxOpen: 1 });
  for await (const { digest, archive, installedAs } of source.bundles()) {
    contents.bundles[installedAs ? "installed" : "kept"] += 1;
    await store.put(digest, archive);
    if (installedAs === null || flowsDir === null) continue;
    const path = join(flowsDir, `${installedAs}.flow`);
    if (!existsSync(path)) await writeDurably(path, archive);
    else if (Bun.SHA256.hash(await Bun.file(path).bytes(), "hex") !== digest)
      warnings.add("bundle", `${installedAs} is installed in the target already, with other content; that stays`);
  }
}

/** AppError `unprocessable` with everything that is not as it should be. */
export function requireSound({ problems }: Checked): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, 5).join("; ");
  const more = problems.length > 5 ? ` and ${problems.length - 5} more` : "";
  throw new AppError("unprocessable", `The copy is not what the source is: ${shown}${more}`, { fields: { problems } });
}
