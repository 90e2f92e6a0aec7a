import { type RunProgress, type RunStatus, isTerminal, runStatuses } from "#core/run.ts";
import type { RunQuery } from "#ledger/ledger.ts";
import type { EndedCursor } from "#ledger/upkeep.ts";
import { type StoredRun, movingPart } from "#ledger/file/stored-run.ts";

/** All runs in memory, and the ways to find them. */
export class RunIndex {
  /** In the order of starts. */
  #runs = new Map<string, StoredRun>();
  /** Those that have not ended, in the order of starts. */
  #live = new Set<StoredRun>();
  #children = new Map<string, Set<StoredRun>>();
  /** Runs by the one whose state they began with, which may be gone. */
  #forks = new Map<string, Set<StoredRun>>();
  #waiting = new Map<string, Set<StoredRun>>();
  #listening = new Map<string, Set<StoredRun>>();
  #timers = new Set<StoredRun>();
  /** Earliest timer; undefined when it has to be looked for. */
  #nextWake: number | null | undefined = null;

  get(runId: string): StoredRun | null {
    return this.#runs.get(runId) ?? null;
  }

  get size(): number {
    return this.#runs.size;
  }

  all(): Iterable<StoredRun> {
    return this.#runs.values();
  }

  /** Runs have to be added in the order of their numbers. */
  add(run: StoredRun): void {
    this.#runs.set(run.runId, run);
    if (run.parentRunId !== null) put(this.#children, run.parentRunId, run);
    if (run.forkOf !== null) put(this.#forks, run.forkOf, run);
    for (const key of run.listens) put(this.#listening, key, run);
    this.#enter(run);
  }

  move(run: StoredRun, progress: RunProgress): void {
    this.#leave(run);
    Object.assign(run, movingPart(progress));
    this.#enter(run);
    if (!isTerminal(run.status)) return;
    this.#live.delete(run);
    this.#deafen(run);
    run.mail.clear();
  }

  listen(run: StoredRun, key: string): void {
    run.listens.add(key);
    put(this.#listening, key, run);
  }

  remove(run: StoredRun): void {
    this.#leave(run);
    this.#deafen(run);
    this.#live.delete(run);
    if (run.parentRunId !== null) drop(this.#children, run.parentRunId, run);
    if (run.forkOf !== null) drop(this.#forks, run.forkOf, run);
    this.#runs.delete(run.runId);
    run.isGone = true;
  }

  /** The first fork of a run, or else of its root, that is not among those that go too. */
  heirOf(run: StoredRun, except: ReadonlySet<string>): string | null {
    for (const runId of [run.runId, run.rootRunId]) {
      for (const fork of this.#forks.get(runId) ?? []) if (!except.has(fork.runId)) return fork.runId;
    }
    return null;
  }

  children(runId: string): string[] {
    return [...(this.#children.get(runId) ?? [])].map((run) => run.runId);
  }

  descendants(runId: string, limit: number): string[] {
    const found: string[] = [];
    let level = [runId];
    while (level.length > 0 && found.length < limit) {
      const runs = level.flatMap((id) => [...(this.#children.get(id) ?? [])]).toSorted(byNo);
      level = runs.map((run) => run.runId);
      found.push(...level);
    }
    return found.slice(0, limit);
  }

  /** Live runs after a number that run and are not paused, or that have mail. */
  pending(afterNo: number, limit: number): StoredRun[] {
    const found: StoredRun[] = [];
    for (const run of this.#live) {
      if (found.length === limit) break;
      const isActive = run.status === "running" && !run.isPaused;
      if (run.no > afterNo && (isActive || run.mail.size > 0)) found.push(run);
    }
    return found;
  }

  due(nowMs: number, limit: number): string[] {
    const due = [...this.#timers].filter((run) => (run.wakeAtMs ?? Infinity) <= nowMs);
    due.sort((one, other) => (one.wakeAtMs ?? 0) - (other.wakeAtMs ?? 0) || one.no - other.no);
    return due.slice(0, limit).map((run) => run.runId);
  }

  nextWake(): number | null {
    if (this.#nextWake === undefined) {
      let next = Infinity;
      for (const { wakeAtMs } of this.#timers) if (wakeAtMs !== null && wakeAtMs < next) next = wakeAtMs;
      this.#nextWake = next === Infinity ? null : next;
    }
    return this.#nextWake;
  }

  listeners(
    keys: string[],
    { runtimeId, limit }: { runtimeId: string | null; limit: number },
  ): { run_id: string; key: string }[] {
    const found: { run: StoredRun; key: string }[] = [];
    for (const key of new Set(keys)) {
      const waiting = this.#waiting.get(key) ?? new Set();
      for (const run of waiting) found.push({ run, key });
      for (const run of this.#listening.get(key) ?? [])
        if (!run.isPaused && !waiting.has(run)) found.push({ run, key });
    }
    const own = found.filter(({ run }) => isOf(run, runtimeId));
    own.sort((one, other) => one.run.no - other.run.no || (one.key < other.key ? -1 : 1));
    return own.slice(0, limit).map(({ run, key }) => ({ run_id: run.runId, key }));
  }

  /** The last updated first. */
  list(query: RunQuery): StoredRun[] {
    const runs = query.parentRunId === undefined ? this.all() : (this.#children.get(query.parentRunId) ?? []);
    // The last started are mostly the last updated: what comes after them is passed over quickly.
    return firstOf([...runs].toReversed(), {
      limit: query.limit,
      order: byUpdate,
      matches: (run) => matches(run, query),
    });
  }

  /** Ended runs that were last changed before a time, oldest first. */
  ended({ before, after, limit }: { before: string; after: EndedCursor | null; limit: number }): StoredRun[] {
    const order = (one: StoredRun, other: StoredRun) => byUpdate(other, one);
    const isAfter = ({ updatedAt, no }: StoredRun) =>
      after === null || updatedAt > after.updatedAt || (updatedAt === after.updatedAt && no > after.no);
    const isWanted = (run: StoredRun) => isTerminal(run.status) && run.updatedAt < before && isAfter(run);
    return firstOf(this.all(), { limit, order, matches: isWanted });
  }

  liveCounts(runtimeId: string | null): { running: number; waiting: number; paused: number } {
    const counts = { running: 0, waiting: 0, paused: 0 };
    for (const run of this.#live)
      if (isOf(run, runtimeId)) counts[run.isPaused ? "paused" : (run.status as "running" | "waiting")]++;
    return counts;
  }

  counts(): { runs: number; records: number; byStatus: Record<RunStatus, number> } {
    const byStatus = Object.fromEntries(runStatuses.map((status) => [status, 0])) as Record<RunStatus, number>;
    let records = 0;
    for (const run of this.all()) {
      byStatus[run.status]++;
      records += run.head;
    }
    return { runs: this.size, records, byStatus };
  }

  #enter(run: StoredRun): void {
    if (!isTerminal(run.status)) this.#live.add(run);
    if (run.wakeKey !== null) put(this.#waiting, run.wakeKey, run);
    if (run.wakeAtMs === null) return;
    this.#timers.add(run);
    if (this.#nextWake !== undefined) this.#nextWake = Math.min(this.#nextWake ?? Infinity, run.wakeAtMs);
  }

  #leave(run: StoredRun): void {
    if (run.wakeKey !== null) drop(this.#waiting, run.wakeKey, run);
    if (this.#timers.delete(run) && run.wakeAtMs === this.#nextWake) this.#nextWake = undefined;
  }

  #deafen(run: StoredRun): void {
    for (const key of run.listens) drop(this.#listening, key, run);
    run.listens.clear();
  }
}

/** The first of those that match. Keeps a few times `limit` at most, however many there are. */
function firstOf(
  runs: Iterable<StoredRun>,
  options: {
    limit: number;
    order: (one: StoredRun, other: StoredRun) => number;
    matches: (run: StoredRun) => boolean;
  },
): StoredRun[] {
  const { limit, order } = options;
  const most = Math.max(1000, limit * 4);
  let found: StoredRun[] = [];
  let last: StoredRun | null = null;
  for (const run of runs) {
    if (!options.matches(run) || (last && order(run, last) > 0)) continue;
    found.push(run);
    if (found.length < most) continue;
    found = found.sort(order).slice(0, limit);
    last = found.at(-1) ?? null;
  }
  return found.sort(order).slice(0, limit);
}

function isOf(run: StoredRun, runtimeId: string | null): boolean {
  return runtimeId === null || run.runtimeId === runtimeId;
}

function matches(run: StoredRun, query: RunQuery): boolean {
  if (!isOf(run, query.runtimeId)) return false;
  if (query.sessionId !== undefined && run.sessionId !== query.sessionId) return false;
  if (query.status !== undefined && run.status !== query.status) return false;
  if (query.workflowId !== undefined) {
    if (run.workflowId !== query.workflowId) return false;
  } else if (!query.includeInternal && run.workflowId.startsWith("__")) return false;
  if (query.scheduled && run.scheduleId === null) return false;
  if (query.rootOnly && run.parentRunId !== null) return false;
  return query.includeDrafts === true || !run.isDraft;
}

function byNo(one: StoredRun, other: StoredRun): number {
  return one.no - other.no;
}

function byUpdate(one: StoredRun, other: StoredRun): number {
  if (one.updatedAt !== other.updatedAt) return one.updatedAt > other.updatedAt ? -1 : 1;
  return other.no - one.no;
}

function put(map: Map<string, Set<StoredRun>>, key: string, run: StoredRun): void {
  const runs = map.get(key);
  if (runs) runs.add(run);
  else map.set(key, new Set([run]));
}

function drop(map: Map<string, Set<StoredRun>>, key: string, run: StoredRun): void {
  const runs = map.get(key);
  runs?.delete(run);
  if (runs?.size === 0) map.delete(key);
}
