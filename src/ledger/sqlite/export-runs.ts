import type { Database } from "bun:sqlite";
import { type ExportSource, exportLines } from "#ledger/export-lines.ts";
import { openForReading } from "#ledger/sqlite/database.ts";
import { LedgerReader } from "#ledger/sqlite/reader.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";
import { verifySource } from "#ledger/sqlite/verify-source.ts";

const pageRuns = 500;

/** The lines of an export (`ledger/export-lines.ts`) of a ledger file, beside whoever writes it. */
export async function* exportRuns(path: string, options: { runId?: string } = {}): AsyncGenerator<string> {
  const db = openForReading(path);
  try {
    yield* exportLines(sourceOf(db), options);
  } catch (error) {
    throw storageError(error);
  } finally {
    db.close(true);
  }
}

function sourceOf(db: Database): ExportSource {
  const reader = new LedgerReader(db);
  return {
    runIds: () => allRuns(db),
    // oxlint-disable-next-line require-await -- what throws must reject
    getRun: async (runId) => reader.run(runId),
    // oxlint-disable-next-line require-await -- as above
    readInput: async (runId) => reader.input(runId),
    // oxlint-disable-next-line require-await -- as above
    readRecords: async (runId, after, options) => reader.records(runId, after, options),
    // oxlint-disable-next-line require-await -- as above
    descendants: async (runId, limit) => reader.descendants(runId, limit),
  };
}

async function* allRuns(db: Database): AsyncGenerator<string> {
  const source = verifySource(db, () => false);
  for (let after = 0; ;) {
    const runs = source.runs(after, pageRuns);
    for (const { run_id } of runs) yield run_id;
    const last = runs.at(-1);
    if (!last) return;
    after = last.no;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
