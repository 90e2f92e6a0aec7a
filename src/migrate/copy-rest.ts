import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NewCommand } from "#core/command.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import { copyFile, hashFile } from "#ledger/backup/copy-file.ts";
import type { ArtifactRow, Ledger } from "#ledger/ledger.ts";
import type { Contents } from "#migrate/contents.ts";
import type { MigratedArtifact, MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

const atOnce = 500;

/**
 * Copies commands in their order: those that were applied with their outcome, the others for their runs to apply, so their runs are there
 * already. What is there stays as it is.
 */
export async function copyCommands(source: MigrationSource, ledger: Ledger): Promise<Contents["commands"]> {
  const count = { applied: 0, waiting: 0 };
  let some: NewCommand[] = [];
  const send = async () => {
    if (some.length > 0) await ledger.commit({ commands: some });
    some = [];
  };
  for await (const command of source.commands()) {
    count[command.past ? "applied" : "waiting"] += 1;
    some.push(command);
    if (some.length >= atOnce) await send();
  }
  await send();
  return count;
}

/** Keys of starts, each a commit of its own; many share a flush. */
export async function copyStartKeys(source: MigrationSource, ledger: Ledger): Promise<void> {
  let some: Promise<unknown>[] = [];
  for await (const startKey of source.startKeys()) {
    some.push(ledger.commit({ startKey }));
    if (some.length < atOnce) continue;
    await Promise.all(some);
    some = [];
  }
  await Promise.all(some);
}

/** The memory log, from where it ends in the target. */
export async function copyMemory(source: MigrationSource, ledger: Ledger): Promise<number> {
  const known = await ledger.memoryHead();
  let count = 0;
  let some: MemoryEvent[] = [];
  const send = async () => {
    if (some.length > 0) await ledger.commit({ memory: some });
    some = [];
  };
  for await (const event of source.memory()) {
    count += 1;
    if (count > known) some.push(event);
    if (some.length >= atOnce) await send();
  }
  await send();
  return count;
}

/** Copies the bytes of artifacts, each checked against its name, and then their rows. */
export async function copyArtifacts(
  source: MigrationSource,
  ledger: Ledger,
  { blobsDir, warnings, onArtifact }: { blobsDir: string; warnings: Warnings; onArtifact: () => void },
): Promise<void> {
  let rows: ArtifactRow[] = [];
  const send = async () => {
    if (rows.length > 0) await ledger.commit({ artifacts: rows });
    rows = [];
  };
  for await (const artifact of source.artifacts()) {
    if (artifact.path !== null) await copyBytes(artifact.row, artifact.path, { blobsDir, warnings });
    rows.push(artifact.row);
    if (rows.length >= atOnce) await send();
    onArtifact();
  }
  await send();
}

async function copyBytes(
  { artifact_id, blob_id }: MigratedArtifact["row"],
  from: string,
  { blobsDir, warnings }: { blobsDir: string; warnings: Warnings },
): Promise<void> {
  const to = join(blobsDir, `${blob_id}.bin`);
  const damaged = `The bytes of artifact ${artifact_id} are damaged: they are not those that its name tells`;
  if (existsSync(to)) {
    if ((await hashFile(to)) !== blob_id) warnings.add("artifact", damaged);
    return;
  }
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const temporary = `${to}.migration.tmp`;
  await rm(temporary, { force: true });
  const copied = await copyFile(from, temporary);
  if (copied?.sha256 === blob_id) return rename(temporary, to);
  await rm(temporary, { force: true });
  warnings.add("artifact", damaged);
}
