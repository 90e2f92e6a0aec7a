import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import type { SealedRecord } from "#core/record.ts";

const pageRecords = 1000;
const pageBytes = 4 * 1024 * 1024;

/** Every record of a run after a cursor, read in pages, at most `limit`. */
export async function* allRecords(
  ledger: ScopedLedger,
  runId: string,
  { after = 0, limit = Number.POSITIVE_INFINITY }: { after?: number; limit?: number } = {},
): AsyncGenerator<SealedRecord[]> {
  let left = limit;
  for (let cursor = after; left > 0;) {
    const page = await ledger.readRecords(runId, cursor, { limit: Math.min(pageRecords, left), maxBytes: pageBytes });
    if (page.length === 0) return;
    cursor += page.length;
    left -= page.length;
    yield page;
  }
}
