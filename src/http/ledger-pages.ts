import type { SealedRecord } from "#core/record.ts";
import type { LedgerBatchRequest } from "#http/schemas/ledger.ts";
import { runNotFound } from "#http/route-context.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

/** A page of huge records ends early; the cursor goes on from there. */
const maxPageBytes = 16 * 1024 * 1024;

/** JSON text of a page (contract 1.4.2), made of the stored texts. AppError `not_found`. */
export async function ledgerPage(
  ledger: ScopedLedger,
  runId: string,
  { after, limit }: { after: number; limit: number },
): Promise<string> {
  const records = await ledger.readRecords(runId, after, { limit, maxBytes: maxPageBytes });
  if (records.length === 0 && !(await ledger.getRun(runId))) throw runNotFound(runId);
  return pageText(records, after);
}

/** JSON text of a page of each known run (contract 1.4.3). */
export async function ledgerBatch(ledger: ScopedLedger, request: LedgerBatchRequest): Promise<string> {
  const cursors = new Map(request.runs.map((entry) => [entry.run_id, entry.after ?? 0]));
  const maxBytes = Math.ceil((2 * maxPageBytes) / Math.max(1, cursors.size));
  const pages: string[] = [];
  for (const [runId, after] of cursors) {
    const records = await ledger.readRecords(runId, after, { limit: request.limit, maxBytes });
    if (records.length === 0 && !(await ledger.getRun(runId))) continue;
    pages.push(`${JSON.stringify(runId)}:${pageText(records, after)}`);
  }
  return `{"runs":{${pages.join(",")}}}`;
}

function pageText(records: readonly SealedRecord[], after: number): string {
  return `{"items":[${records.map((record) => record.json).join(",")}],"next_after":${after + records.length}}`;
}
