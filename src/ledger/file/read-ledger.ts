import { isTerminal } from "#core/run.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { exportLines } from "#ledger/export-lines.ts";
import { verifyLedger } from "#ledger/verify.ts";
import { type Reads, readsOf } from "#ledger/file/ledger-reads.ts";
import { fileError } from "#ledger/file/file-error.ts";
import { LineReader } from "#ledger/file/line-reader.ts";
import { holdFiles } from "#ledger/file/locks.ts";
import { openForReading } from "#ledger/file/open-store.ts";
import { RunReader } from "#ledger/file/run-reader.ts";
import type { Store } from "#ledger/file/store.ts";
import type { StoredRun } from "#ledger/file/stored-run.ts";

export interface FileLedgerReader extends Reads, Pick<Ledger, "verify"> {
  /** The lines of an export (`ledger/export-lines.ts`). */
  exportLines(options: { runId?: string }): AsyncGenerator<string>;
  /** Blobs that rows name. */
  blobs(): Set<string>;
  /** Time of the last change of any run, ISO. */
  lastUpdate(): string | null;
  /** Runs that have ended, and when the oldest was last changed. */
  ended(): { count: number; oldest: string | null };
  close(): void;
}

/**
 * Reads a ledger as of now, beside the process that writes it or without one, and changes nothing. The files are held for as long as this is
 * open, so whoever writes cannot bring its journal into them: close it soon. A folder that nobody writes (`isStill`), such as a backup, is not held.
 */
export async function readFileLedger(folder: string, { isStill }: { isStill: boolean }): Promise<FileLedgerReader> {
  const lock = isStill ? null : await holdFiles(folder);
  try {
    const store = openForReading(folder);
    const reader = new RunReader(store, new LineReader());
    // oxlint-disable-next-line require-await -- what throws must reject
    const reads = readsOf(store, reader, async (from) => {
      try {
        return await from();
      } catch (error) {
        throw fileError(error);
      }
    });
    return {
      ...reads,
      verify: (wanted) =>
        verifyLedger(
          reader.verifySource(() => undefined),
          wanted,
        ),
      exportLines: (options) =>
        exportLines({ ...reads, runIds: () => [...store.runs.all()].map(({ runId }) => runId) }, options),
      blobs: () => new Set([...store.artifacts.all()].map(({ blob_id }) => blob_id)),
      lastUpdate: () => times(store).at(-1) ?? null,
      ended() {
        const ended = times(store, (run) => isTerminal(run.status));
        return { count: ended.length, oldest: ended[0] ?? null };
      },
      close() {
        store.close();
        lock?.release();
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** When runs were last changed, oldest first. */
function times(store: Store, matches: (run: StoredRun) => boolean = () => true): string[] {
  return [...store.runs.all()]
    .filter(matches)
    .map((run) => run.updatedAt)
    .toSorted();
}
