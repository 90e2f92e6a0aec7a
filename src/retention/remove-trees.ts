import { join } from "node:path";
import type { Ledger } from "#ledger/ledger.ts";
import type { MeasuredRuns } from "#ledger/upkeep.ts";
import type { Tree } from "#retention/ended-trees.ts";
import { type RunsFreed, turn } from "#retention/retention.ts";
import { existingWorkspaces, folderBytes, ownWorkspaces, removeWorkspace } from "#retention/run-workspaces.ts";

export interface Removed {
  drafts: RunsFreed;
  runs: RunsFreed;
  workspaces: { count: number; bytes: number };
}

interface Holding {
  tree: Tree;
  artifactIds: string[];
  workspaces: string[];
}

const page = 500;

/** Removes trees with their artifacts and workspaces; those stay of which a run that stays mentions something. */
export async function removeTrees(
  ledger: Ledger,
  trees: Tree[],
  { workspacesDir, isDryRun, signal }: { workspacesDir: string; isDryRun: boolean; signal?: AbortSignal | undefined },
): Promise<Removed> {
  const removed: Removed = { drafts: nothing(), runs: nothing(), workspaces: { count: 0, bytes: 0 } };
  const holdings: Holding[] = [];
  for (const tree of trees) {
    const holding = await holdingOf(ledger, tree, workspacesDir);
    if (holding) holdings.push(holding);
  }
  for (const { tree, workspaces } of await withoutMentioned(ledger, holdings, signal)) {
    if (signal?.aborted) break;
    const measured = await ledger.measureRuns(tree.runIds);
    add(tree.isDraft ? removed.drafts : removed.runs, measured);
    // Folders first: after a crash in between the run is still there to say whose they are.
    for (const name of await existingWorkspaces(workspaces, workspacesDir)) {
      removed.workspaces.count += 1;
      removed.workspaces.bytes += await folderBytes(join(workspacesDir, name));
      if (!isDryRun) await removeWorkspace(name, workspacesDir);
    }
    if (!isDryRun) await ledger.deleteRuns(tree.runIds);
    await turn();
  }
  return removed;
}

function nothing(): RunsFreed {
  return { runs: 0, ledger_records: 0, artifacts: 0, bytes: 0, artifact_bytes: 0 };
}

function add(sum: RunsFreed, more: MeasuredRuns): void {
  for (const key of ["runs", "ledger_records", "artifacts", "bytes", "artifact_bytes"] as const) sum[key] += more[key];
}

/** Null where somebody has put something into it lately, such as an attachment for the next run of its session. */
async function holdingOf(ledger: Ledger, tree: Tree, workspacesDir: string): Promise<Holding | null> {
  const artifactIds: string[] = [];
  for (const runId of tree.runIds) {
    for (let offset = 0; ; offset += page) {
      const { items } = await ledger.listArtifacts(runId, { runtimeId: null, limit: page, offset });
      if (tree.before !== null && items.some((row) => row.created_at >= (tree.before ?? ""))) return null;
      artifactIds.push(...items.map((row) => row.artifact_id));
      if (items.length < page) break;
    }
  }
  await turn();
  return { tree, artifactIds, workspaces: await ownWorkspaces(ledger, tree.runIds, workspacesDir) };
}

/** A tree that stays may itself mention another one, so it is looked again until nothing changes. */
async function withoutMentioned(
  ledger: Ledger,
  holdings: Holding[],
  signal: AbortSignal | undefined,
): Promise<Holding[]> {
  let going = holdings;
  for (;;) {
    const ids = new Set(going.flatMap(({ artifactIds, workspaces }) => [...artifactIds, ...workspaces]));
    if (ids.size === 0) return going;
    const leaving = new Set(going.flatMap(({ tree }) => tree.runIds));
    const mentioned = await ledger.mentioned(ids, { except: leaving, signal });
    const free = going.filter((each) => ![...each.artifactIds, ...each.workspaces].some((id) => mentioned.has(id)));
    if (free.length === going.length) return free;
    going = free;
  }
}
