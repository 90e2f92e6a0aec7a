import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { type LedgerFindings, sentence } from "#ledger/backup/ledger-findings.ts";
import { openForReading } from "#ledger/sqlite/database.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";
import { verifySource } from "#ledger/sqlite/verify-source.ts";
import { verifyLedger } from "#ledger/verify.ts";

/**
 * Writes the database as of now into a new file, beside whoever reads and writes it: one read transaction, so every commit is in it wholly
 * or not at all. AppError `storage` when the disk is full or the target exists.
 */
export function snapshotDatabase(from: string, to: string): void {
  try {
    const db = new Database(from, { readonly: true });
    try {
      db.run("PRAGMA busy_timeout = 5000");
      db.query("VACUUM INTO ?").run(to);
    } finally {
      db.close(true);
    }
    chmodSync(to, 0o600);
  } catch (error) {
    throw storageError(error);
  }
}

/** Reads a ledger file from end to end: SQLite's own check, every hash chain, every state. Changes nothing. */
export async function inspectLedger(path: string): Promise<LedgerFindings> {
  const db = openForReading(path);
  try {
    const findings: LedgerFindings = { runs: 0, records: 0, problems: [], blobs: blobsOf(db) };
    const checks = db.query("PRAGMA integrity_check(20)").values() as [string][];
    findings.problems.push(...checks.flatMap(([text]) => (text === "ok" ? [] : [`The database is damaged: ${text}`])));
    const onProgress = (runs: number, records: number) => Object.assign(findings, { runs, records });
    for await (const problem of verifyLedger(
      verifySource(db, () => false),
      { onProgress },
    )) {
      findings.problems.push(sentence(problem));
    }
    return findings;
  } catch (error) {
    throw storageError(error);
  } finally {
    db.close(true);
  }
}

function blobsOf(db: Database): Set<string> {
  return new Set((db.query("SELECT DISTINCT blob_id FROM artifacts").values() as [string][]).map(([id]) => id));
}
