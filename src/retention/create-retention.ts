import { join } from "node:path";
import { collectBlobs } from "#artifacts/collect-blobs.ts";
import { isoTime } from "#core/time.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { EndedCursor } from "#ledger/upkeep.ts";
import { compactEnded } from "#retention/compact-ended.ts";
import { endedTrees } from "#retention/ended-trees.ts";
import { removeLooseArtifacts } from "#retention/loose-artifacts.ts";
import { removeTrees } from "#retention/remove-trees.ts";
import {
  type Retention,
  type RetentionDependencies,
  type Sweep,
  type SweepOptions,
  dayMs,
  graceMs,
} from "#retention/retention.ts";
import { folderBytes, oldWorkspaces, removeWorkspace } from "#retention/run-workspaces.ts";

const maxRuns = 100_000;

export function createRetention(deps: RetentionDependencies): Retention {
  let last: Promise<unknown> = Promise.resolve();
  const memory: Memory = { compacted: null, statesDays: deps.policy.statesDays, usedWorkspaces: new Set() };
  return {
    sweep(options = {}) {
      const next = last.then(() => sweep(deps, options, memory));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/** What need not be looked at again while the process lives. */
interface Memory {
  /** Runs up to here have been compacted. */
  compacted: EndedCursor | null;
  statesDays: number;
  /** Workspaces that some run names. They go with it. */
  usedWorkspaces: Set<string>;
}

async function sweep(deps: RetentionDependencies, options: SweepOptions, memory: Memory): Promise<Sweep> {
  const { ledger, workspacesDir, artifactsDir } = deps;
  const { isDryRun = false, signal } = options;
  const nowMs = deps.now();
  const policy = { ...deps.policy, ...options.policy };
  const work: Work = { ledger, isDryRun, signal, beforeMs: nowMs - graceMs };
  const daysAgo = (days: number) => (days > 0 ? isoTime(nowMs - days * dayMs) : null);
  const trees = await endedTrees(ledger, {
    before: daysAgo(policy.runsDays),
    nowMs,
    nowIso: isoTime(nowMs),
    draftTtlS: policy.draftTtlS,
    maxRuns,
    signal,
  });
  const { drafts, runs, workspaces } = await removeTrees(ledger, trees, { workspacesDir, isDryRun, signal });
  const states = await compactStates(work, { before: daysAgo(policy.statesDays), days: policy.statesDays }, memory);
  const looseBefore = daysAgo(policy.artifactsDays);
  const artifacts = looseBefore
    ? await removeLooseArtifacts(ledger, { before: looseBefore, isDryRun, signal })
    : { count: 0, bytes: 0 };
  const blobs = artifactsDir ? await removeUnusedBlobs(work, artifactsDir) : { count: 0, bytes: 0 };
  const orphans = await removeOrphanWorkspaces(work, workspacesDir, memory.usedWorkspaces);
  workspaces.count += orphans.count;
  workspaces.bytes += orphans.bytes;
  return { dry_run: isDryRun, drafts, runs, states, artifacts, blobs, workspaces };
}

interface Work {
  ledger: Ledger;
  isDryRun: boolean;
  signal: AbortSignal | undefined;
  /** What is younger stays. */
  beforeMs: number;
}

async function compactStates(
  { ledger, isDryRun, signal }: Work,
  { before, days }: { before: string | null; days: number },
  memory: Memory,
): Promise<Sweep["states"]> {
  if (before === null) return { runs: 0, bytes: 0 };
  const isUsual = days === memory.statesDays;
  const after = isUsual ? memory.compacted : null;
  const done = await compactEnded(ledger, { before, after, isDryRun, signal });
  if (isUsual && !isDryRun) memory.compacted = done.after;
  return { runs: done.runs, bytes: done.bytes };
}

async function removeUnusedBlobs({ ledger, isDryRun, signal, beforeMs }: Work, dir: string): Promise<Sweep["blobs"]> {
  const unused = async (blobIds: string[]) => {
    const unnamed = await ledger.unnamedBlobs(blobIds);
    if (unnamed.length === 0) return [];
    const mentioned = await ledger.mentioned(new Set(unnamed), { signal });
    return unnamed.filter((blobId) => !mentioned.has(blobId));
  };
  return collectBlobs(dir, { beforeMs, unused, isDryRun });
}

/** Folders that no run names: a crash came between the run and its folder, or somebody kept them when the run was purged. */
async function removeOrphanWorkspaces(
  { ledger, isDryRun, signal, beforeMs }: Work,
  workspacesDir: string,
  used: Set<string>,
): Promise<Sweep["workspaces"]> {
  const sum = { count: 0, bytes: 0 };
  const old = (await oldWorkspaces(workspacesDir, beforeMs)).filter((name) => !used.has(name));
  if (old.length === 0) return sum;
  const mentioned = await ledger.mentioned(new Set(old), { signal });
  for (const name of old) {
    if (mentioned.has(name)) {
      used.add(name);
      continue;
    }
    sum.count += 1;
    sum.bytes += await folderBytes(join(workspacesDir, name));
    if (!isDryRun) await removeWorkspace(name, workspacesDir);
  }
  return sum;
}
