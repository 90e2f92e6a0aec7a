import type { Ledger } from "#ledger/ledger.ts";
import { ownWorkspaces, removeWorkspace } from "#retention/run-workspaces.ts";

const pageRows = 200;
const endOfTime = "9999";

/** Removes everything of a runtime from the ledger, and the folders of its runs. Interrupted, it goes on when it is called again. */
export async function purgeRows(ledger: Ledger, runtimeId: string, workspacesDir: string): Promise<void> {
  for (;;) {
    const query = { runtimeId, limit: pageRows, includeDrafts: true, includeInternal: true };
    const runIds = (await ledger.listRuns(query)).map(({ run_id }) => run_id);
    if (runIds.length === 0) break;
    // They are found through what the runs were started with, so they go before the runs.
    for (const name of await ownWorkspaces(ledger, runIds, workspacesDir)) await removeWorkspace(name, workspacesDir);
    await ledger.deleteRuns(runIds);
  }
  for (let after: string | null = null; ;) {
    const rows = await ledger.looseArtifacts({ before: endOfTime, after, limit: pageRows });
    const own = rows.filter((row) => row.runtime_id === runtimeId).map((row) => row.artifact_id);
    if (own.length > 0) await ledger.deleteArtifacts(own);
    after = rows.at(-1)?.artifact_id ?? null;
    if (rows.length < pageRows) return;
  }
}
