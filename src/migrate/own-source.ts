import { join } from "node:path";
import { existsSync } from "node:fs";
import { defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { digestOf, readBundle } from "#bundles/read-bundle.ts";
import { scanFolder } from "#bundles/scan-folder.ts";
import type { NewCommand } from "#core/command.ts";
import { messageOf } from "#core/errors.ts";
import type { Command } from "#core/command.ts";
import { unseal } from "#ledger/chain.ts";
import type { ContentsState, LedgerContents } from "#ledger/contents.ts";
import type { MigratedBundle, MigratedRun, MigratedState, MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

export interface OwnSourceOptions {
  name: string;
  contents: LedgerContents;
  dataDir: string;
  flowsDir: string;
  warnings: Warnings;
}

/** A data folder of this gateway: everything as it is, down to each state of each run. */
export function ownSource({ name, contents, dataDir, flowsDir, warnings }: OwnSourceOptions): MigrationSource {
  return {
    name,
    runIds: () => Promise.resolve([...contents.runIds()]),
    run: (runId) => Promise.resolve(runOf(contents, runId)),
    async *records(runId) {
      for (const json of contents.records(runId)) yield unseal(json)?.body ?? json;
    },
    async *commands() {
      for (const command of contents.commands()) yield commandOf(command);
    },
    async *artifacts() {
      for (const row of contents.artifacts()) {
        const path = join(dataDir, "artifacts", "blobs", `${row.blob_id}.bin`);
        const isThere = existsSync(path);
        if (!isThere)
          warnings.add(
            "artifact",
            `The bytes of artifact ${row.artifact_id} (run ${row.run_id ?? "none"}) are missing`,
          );
        yield { row, path: isThere ? path : null };
      }
    },
    bundles: () => bundlesOf(dataDir, flowsDir, warnings),
    async *startKeys() {
      yield* contents.startKeys();
    },
    async *memory() {
      yield* contents.memory();
    },
    close: () => contents.close(),
  };
}

function runOf(contents: LedgerContents, runId: string): MigratedRun | null {
  const found = contents.run(runId);
  if (!found) return null;
  const { head_seq: _seq, head_hash: _hash, epoch: _epoch, ...run } = found.run;
  const [first] = contents.states(runId);
  return {
    run,
    startVars: first?.json ?? "{}",
    startPosition: first?.position ?? { node_id: run.node_id, wait: null },
    states: () => laterStates(contents.states(runId)),
    isCompacted: found.isCompacted,
    listens: found.listens,
    // Commands come by themselves, and bring their mail.
    mail: found.mail.filter((mail) => mail.kind !== "command"),
  };
}

async function* laterStates(states: Iterable<ContentsState>): AsyncGenerator<MigratedState> {
  let isFirst = true;
  for (const state of states) {
    if (!isFirst) yield state;
    isFirst = false;
  }
}

function commandOf({ seq: _seq, applied_at, outcome, ...command }: Command): NewCommand {
  return outcome === null || applied_at === null ? command : { ...command, past: { outcome, applied_at } };
}

/** Bundles that are installed, then those that only runs keep. */
async function* bundlesOf(dataDir: string, flowsDir: string, warnings: Warnings): AsyncGenerator<MigratedBundle> {
  const seen = new Set<string>();
  for await (const found of scanFolder(flowsDir, defaultArchiveLimits)) {
    if ("reason" in found) warnings.add("bundle", `${found.file}: ${found.reason}`);
    else {
      const digest = digestOf(found.archive);
      seen.add(digest);
      const installedAs = refOf(found.file, found.archive, warnings);
      if (installedAs !== null) yield { digest, archive: found.archive, installedAs };
    }
  }
  for await (const found of scanFolder(join(dataDir, "bundles"), defaultArchiveLimits)) {
    if ("reason" in found) warnings.add("bundle", `${found.file}: ${found.reason}`);
    else if (!seen.has(digestOf(found.archive)))
      yield { digest: digestOf(found.archive), archive: found.archive, installedAs: null };
  }
}

function refOf(file: string, archive: Uint8Array, warnings: Warnings): string | null {
  try {
    const { bundle_id, bundle_version } = readBundle(archive).manifest;
    return `${bundle_id}@${bundle_version}`;
  } catch (error) {
    warnings.add("bundle", `${file}: ${messageOf(error)}`);
    return null;
  }
}
