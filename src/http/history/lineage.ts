import type { Run } from "#core/run.ts";
import { allRecords } from "#http/history/all-records.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

/** A chain of forks longer than this is cut; it can be read on from its last run. */
const maxAncestors = 100;

/**
 * Where a fork comes from, nearest ancestor first, each entry as JSON text. The chain ends at a run that began at the beginning, or at one
 * that is gone. With `hasLedgers` each has its records up to the fork, `limit` of them at most, the last ones.
 */
export async function lineage(
  ledger: ScopedLedger,
  run: Run,
  { hasLedgers, limit }: { hasLedgers: boolean; limit: number | null },
): Promise<string[]> {
  const entries: string[] = [];
  let from = run.forked_from;
  while (from && entries.length < maxAncestors) {
    const ancestor = await ledger.getRun(from.run_id);
    const head = { ...from, workflow_id: ancestor?.workflow_id ?? null, available: ancestor !== null };
    const records = hasLedgers && ancestor ? await recordsBefore(ledger, from, limit) : null;
    entries.push(JSON.stringify(head).slice(0, -1) + (records === null ? "}" : `,"ledger":[${records.join(",")}]}`));
    from = ancestor?.forked_from ?? null;
  }
  return entries;
}

async function recordsBefore(
  ledger: ScopedLedger,
  { run_id, cursor }: { run_id: string; cursor: number },
  limit: number | null,
): Promise<string[]> {
  const after = limit === null ? 0 : Math.max(0, cursor - limit);
  const items: string[] = [];
  for await (const page of allRecords(ledger, run_id, { after, limit: cursor - after })) {
    items.push(...page.map(({ seq, json }) => `{"cursor":${seq},"record":${json}}`));
  }
  return items;
}
