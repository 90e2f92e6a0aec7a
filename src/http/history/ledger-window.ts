import type { SealedRecord, StepRecord } from "#core/record.ts";
import { parseTime } from "#core/time.ts";
import { artifactSummaries } from "#http/history/artifact-summary.ts";
import { allRecords } from "#http/history/all-records.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

/** The records of one run that a bundle carries, as JSON text made of the stored texts. */
export interface LedgerWindow {
  /** `"<run id>":{…}` */
  member: string;
  /** Rows of the timeline, each as JSON text. */
  timeline: string[];
}

/** `maxItems` null means all records; otherwise the last ones, with their own cursors. */
export async function ledgerWindow(
  ledger: ScopedLedger,
  runId: string,
  maxItems: number | null,
): Promise<LedgerWindow> {
  const records = maxItems === null ? await everything(ledger, runId) : await ledger.tailRecords(runId, maxItems);
  const total = records.at(-1)?.seq ?? 0;
  const start = records[0]?.seq ?? total + 1;
  const items = records.map((record) => `{"cursor":${record.seq},"record":${record.json}}`);
  const artifacts = JSON.stringify(await artifactSummaries(ledger, runId));
  const id = JSON.stringify(runId);
  return {
    member:
      `${id}:{"run_id":${id},"total":${total},"cursor_start":${start},"cursor_end":${start + records.length - 1},` +
      `"items":[${items.join(",")}],"artifacts":${artifacts}}`,
    timeline: records.map((record) => timelineRow(runId, record)),
  };
}

async function everything(ledger: ScopedLedger, runId: string): Promise<SealedRecord[]> {
  const records: SealedRecord[] = [];
  for await (const page of allRecords(ledger, runId)) records.push(...page);
  return records;
}

function timelineRow(runId: string, sealed: SealedRecord): string {
  const record = JSON.parse(sealed.json) as StepRecord;
  const endedAt = record.ended_at ?? record.started_at;
  const durationMs = Math.max(0, parseTime(endedAt) - parseTime(record.started_at));
  return JSON.stringify({
    run_id: runId,
    cursor: sealed.seq,
    node_id: record.node_id,
    status: record.status,
    effect_type: record.effect?.type ?? null,
    started_at: record.started_at,
    ended_at: endedAt,
    duration_ms: Number.isNaN(durationMs) ? 0 : Math.round(durationMs * 1000) / 1000,
  });
}
