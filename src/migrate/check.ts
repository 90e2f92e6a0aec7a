import { existsSync } from "node:fs";
import { join } from "node:path";
import { unseal } from "#ledger/chain.ts";
import { hashFile } from "#ledger/backup/copy-file.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { isUnderWay } from "#migrate/copy-runs.ts";
import type { MigrationSource } from "#migrate/source.ts";

export interface Checked {
  runs: number;
  records: number;
  commands: number;
  artifacts: number;
  /** SHA-256 over the hashes of all runs' records, in the order of the runs. */
  sha256: string;
  /** Sentences; none means that everything is there. */
  problems: string[];
}

const pageSize = 2000;

/** Reads source and target once more and compares them: records by count and hash, commands one by one, artifacts byte by byte, the chains. */
export async function checkMigration(
  source: MigrationSource,
  ledger: Ledger,
  { blobsDir, runIds, onRun }: { blobsDir: string; runIds: string[]; onRun: () => void },
): Promise<Checked> {
  const checked: Checked = { runs: 0, records: 0, commands: 0, artifacts: 0, sha256: "", problems: [] };
  const all = new Bun.CryptoHasher("sha256");
  for (const runId of runIds) {
    const [wanted, found] = [await sumOf(source.records(runId)), await sumOf(bodiesOf(ledger, runId))];
    const run = await ledger.getRun(runId);
    checked.runs += 1;
    checked.records += found.count;
    all.update(`${runId} ${found.sha256}\n`);
    if (!run || isUnderWay(run)) checked.problems.push(`The run ${runId} is not complete in the target`);
    else if (wanted.count !== found.count)
      checked.problems.push(`The run ${runId} has ${found.count} records instead of ${wanted.count}`);
    else if (wanted.sha256 !== found.sha256)
      checked.problems.push(`The records of run ${runId} are not those of the source`);
    onRun();
  }
  checked.sha256 = all.digest("hex");
  await checkRest(source, ledger, { blobsDir, checked });
  for await (const { run_id, message } of ledger.verify({})) checked.problems.push(`${run_id}: ${message}`);
  return checked;
}

async function checkRest(
  source: MigrationSource,
  ledger: Ledger,
  { blobsDir, checked }: { blobsDir: string; checked: Checked },
): Promise<void> {
  const missing = (what: string) => checked.problems.push(`${what} is missing in the target`);
  for await (const { command_id, principal } of source.commands()) {
    checked.commands += 1;
    if (!(await ledger.getCommand(command_id, principal))) missing(`The command ${command_id}`);
  }
  const hashed = new Map<string, boolean>();
  for await (const { row, path } of source.artifacts()) {
    checked.artifacts += 1;
    const stored = await ledger.getArtifact(row.artifact_id, null);
    if (stored?.blob_id !== row.blob_id) missing(`The artifact ${row.artifact_id}`);
    if (path === null || hashed.has(row.blob_id)) continue;
    const isWhole = await isBlob(join(blobsDir, `${row.blob_id}.bin`), row.blob_id);
    hashed.set(row.blob_id, isWhole);
    // Bytes that are damaged in the source are a warning already.
    if (!isWhole && (await isBlob(path, row.blob_id))) missing(`The bytes of artifact ${row.artifact_id}`);
  }
}

async function isBlob(path: string, blobId: string): Promise<boolean> {
  return existsSync(path) && (await hashFile(path)) === blobId;
}

async function sumOf(bodies: AsyncIterable<string>): Promise<{ count: number; sha256: string }> {
  const hash = new Bun.CryptoHasher("sha256");
  let count = 0;
  for await (const body of bodies) {
    hash.update(body).update("\n");
    count += 1;
  }
  return { count, sha256: hash.digest("hex") };
}

async function* bodiesOf(ledger: Ledger, runId: string): AsyncGenerator<string> {
  for (let after = 0; ;) {
    const page = await ledger.readRecords(runId, after, { limit: pageSize });
    for (const { json } of page) yield unseal(json)?.body ?? json;
    const last = page.at(-1);
    if (!last) return;
    after = last.seq;
  }
}
