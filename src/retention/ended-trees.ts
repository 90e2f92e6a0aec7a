import { isTerminal } from "#core/run.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { EndedRun } from "#ledger/upkeep.ts";
import { draftExpiryMs, isEphemeralDraft } from "#retention/draft-expiry.ts";
import { turn } from "#retention/retention.ts";

/** A run with all runs below it. They go together or not at all. */
export interface Tree {
  top: string;
  runIds: string[];
  isDraft: boolean;
  /** Its artifacts must be older as well; null: whatever their age is. */
  before: string | null;
}

export interface TreeQuery {
  /** ISO; null: runs do not go by their age. */
  before: string | null;
  nowMs: number;
  nowIso: string;
  draftTtlS: number;
  /** So many runs at most; the rest comes with the next sweep. */
  maxRuns: number;
  signal?: AbortSignal | undefined;
}

const page = 200;
/** A larger tree is kept: it could not be looked at as one. */
const maxFamily = 100_000;

/**
 * Trees in which every run has ended and is old enough, and that no live run, schedule or session needs. A tree begins at a root, or at a run
 * that a schedule started, since the schedule itself may live for years.
 */
export async function endedTrees(ledger: Ledger, query: TreeQuery): Promise<Tree[]> {
  const trees: Tree[] = [];
  const sessions = new Map<string, boolean>();
  let runs = 0;
  // Drafts have times of their own, so everything that has ended is looked at.
  const before = query.nowIso;
  for (let after: Parameters<Ledger["endedRuns"]>[0]["after"] = null; ;) {
    const { items, next } = await ledger.endedRuns({ before, after, limit: page });
    for (const item of items) {
      if (query.signal?.aborted || runs >= query.maxRuns) return trees;
      const tree = await treeAt(ledger, item, query, sessions);
      if (!tree) continue;
      trees.push(tree);
      runs += tree.runIds.length;
      await turn();
    }
    if (!next) return trees;
    after = next;
    await turn();
  }
}

async function treeAt(
  ledger: Ledger,
  item: EndedRun,
  query: TreeQuery,
  sessions: Map<string, boolean>,
): Promise<Tree | null> {
  const isOld = query.before !== null && item.updated_at < query.before;
  if (item.is_draft && item.parent_run_id === null) {
    const run = await ledger.getRun(item.run_id);
    const expiresMs = run && isEphemeralDraft(run) ? draftExpiryMs(run, query.draftTtlS) : null;
    const isExpired = expiresMs !== null && expiresMs <= query.nowMs;
    return isExpired ? family(ledger, item.run_id, { before: null, isDraft: true }) : null;
  }
  if (!isOld || query.before === null) return null;
  if (item.parent_run_id !== null && !(await isDoneWith(ledger, item, item.parent_run_id))) return null;
  if (await isSessionLive(ledger, item, query.before, sessions)) return null;
  return family(ledger, item.run_id, { before: query.before, isDraft: false });
}

/** Whether the run of a schedule has taken note of this child's end and starts another one for its next time. */
async function isDoneWith(ledger: Ledger, item: EndedRun, parentId: string): Promise<boolean> {
  const parent = await ledger.getRun(parentId);
  if (!parent || parent.schedule_id === null || parent.run_id !== parent.schedule_id) return false;
  if (parent.schedule?.["last_run_id"] === item.run_id || parent.wait?.wait_key?.includes(item.run_id)) return false;
  return (await ledger.readMail(parent.run_id, 1)).length === 0;
}

/** A session goes as a whole: while somebody still works in it, its earlier runs are its history. */
async function isSessionLive(
  ledger: Ledger,
  item: EndedRun,
  before: string,
  known: Map<string, boolean>,
): Promise<boolean> {
  const { session_id: sessionId, root_run_id: rootId } = item;
  if (sessionId === null) return false;
  const key = JSON.stringify([sessionId, rootId]);
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const all = { runtimeId: null, sessionId, rootOnly: true, includeDrafts: true, includeInternal: true, limit: 2 };
  const found = await Promise.all([
    ledger.listRuns(all),
    ledger.listRuns({ ...all, status: "running" }),
    ledger.listRuns({ ...all, status: "waiting" }),
  ]);
  const others = found.flat().filter((run) => run.run_id !== rootId);
  const isLive = others.some((run) => !isTerminal(run.status) || run.updated_at >= before);
  known.set(key, isLive);
  return isLive;
}

async function family(
  ledger: Ledger,
  top: string,
  { before, isDraft }: { before: string | null; isDraft: boolean },
): Promise<Tree | null> {
  const below = await ledger.descendants(top, maxFamily);
  if (below.length >= maxFamily) return null;
  for (const runId of below) {
    const run = await ledger.getRun(runId);
    if (run && (!isTerminal(run.status) || (before !== null && run.updated_at >= before))) return null;
  }
  // The top goes last: after a crash in between it still leads to the rest.
  return { top, runIds: [...below.toReversed(), top], isDraft, before };
}
