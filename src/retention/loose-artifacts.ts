import type { Ledger } from "#ledger/ledger.ts";
import { turn } from "#retention/retention.ts";

const page = 500;

/** Removes artifacts made before a time that belong to no run that is there, and that nothing in the ledger mentions. */
export async function removeLooseArtifacts(
  ledger: Ledger,
  { before, isDryRun, signal }: { before: string; isDryRun: boolean; signal?: AbortSignal | undefined },
): Promise<{ count: number; bytes: number }> {
  const sizes = new Map<string, number>();
  for (let after: string | null = null; ;) {
    const rows = await ledger.looseArtifacts({ before, after, limit: page });
    for (const row of rows) sizes.set(row.artifact_id, row.size_bytes);
    after = rows.at(-1)?.artifact_id ?? null;
    if (rows.length < page) break;
    await turn();
  }
  if (sizes.size === 0) return { count: 0, bytes: 0 };
  const mentioned = await ledger.mentioned(new Set(sizes.keys()), { signal });
  for (const id of mentioned) sizes.delete(id);
  const ids = [...sizes.keys()];
  if (!isDryRun) {
    for (let at = 0; at < ids.length; at += page) await ledger.deleteArtifacts(ids.slice(at, at + page));
  }
  return { count: ids.length, bytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) };
}
