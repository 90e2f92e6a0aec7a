import { join } from "node:path";
import { parseJson } from "#core/json.ts";
import type { LoggedMemoryEvent, MemoryEvent } from "#core/memory-event.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { artifactStats, searchArtifacts } from "#ledger/file/artifact-search.ts";
import { folderBytes } from "#ledger/file/files.ts";
import type { RunReader } from "#ledger/file/run-reader.ts";
import type { Store } from "#ledger/file/store.ts";
import type { StoredRun } from "#ledger/file/stored-run.ts";
import { listSessions } from "#ledger/file/list-sessions.ts";
import { endedRuns, measureRuns } from "#ledger/file/upkeep.ts";

export type Guard = <T>(from: () => T | Promise<T>) => Promise<T>;
export type Writes = Pick<
  Ledger,
  | "commit"
  | "takeLease"
  | "renewLease"
  | "releaseLease"
  | "deleteRuns"
  | "compactStates"
  | "deleteArtifacts"
  | "addArtifactAccess"
>;
export type Reads = Omit<Ledger, keyof Writes | "subscribe" | "verify" | "mentioned" | "close">;

/** Everything that is only looked up. */
export function readsOf(store: Store, reader: RunReader, open: Guard): Reads {
  const ofRun = <T>(runId: string, none: T, read: (run: StoredRun) => T): Promise<T> =>
    open(() => {
      const run = store.runs.get(runId);
      return run ? read(run) : none;
    });
  return {
    getRun: (runId) => ofRun(runId, null, (run) => store.files.whole(run)),
    listRuns: (query) => open(() => store.runs.list(query).map((run) => store.files.whole(run))),
    listSessions: (query) => open(() => listSessions(store, query)),
    readRecords: (runId, after, page) => ofRun(runId, [], (run) => reader.records(run, after, page)),
    tailRecords: (runId, limit) =>
      ofRun(runId, [], (run) => reader.records(run, Math.max(0, run.head - limit), { limit })),
    readState: (runId, atSeq) => ofRun(runId, null, (run) => reader.state(run, atSeq)),
    readInput: (runId) => ofRun(runId, null, (run) => reader.firstState(run).json),
    children: (runId) => open(() => store.runs.children(runId)),
    descendants: (runId, limit) => open(() => store.runs.descendants(runId, limit)),
    readMail: (runId, limit) => ofRun(runId, [], (run) => reader.mail(run, limit)),
    pendingRuns: (after, limit) =>
      open(() => {
        const runs = store.runs.pending(after?.no ?? 0, limit);
        const last = runs.at(-1);
        return { runIds: runs.map((run) => run.runId), next: last && runs.length === limit ? { no: last.no } : null };
      }),
    dueRuns: (nowMs, limit) => open(() => store.runs.due(nowMs, limit)),
    nextWake: () => open(() => store.runs.nextWake()),
    listeners: (keys, options) => open(() => store.runs.listeners(keys, options)),
    getStartKey: (key, principal) => open(() => store.startKeys.find(key, principal)),
    getCommand: (commandId, principal) => open(() => store.commands.get(commandId, principal)),
    pendingEmits: (limit) => open(() => store.commands.pendingEmits(limit)),
    getArtifact: (artifactId, runtimeId) => open(() => store.artifacts.get(artifactId, runtimeId)),
    listArtifacts: (runId, page) => open(() => store.artifacts.list(runId, page)),
    searchArtifacts: (query) => open(() => searchArtifacts(store, query)),
    artifactStats: (filter) => open(() => artifactStats(store, filter)),
    readMemory: (after, limit) => open(() => memoryOf(store, after, limit)),
    memoryHead: () => open(() => store.counters.memory_no),
    liveCounts: (runtimeId) => open(() => store.runs.liveCounts(runtimeId)),
    counts: () => open(() => store.runs.counts()),
    size: () => open(() => sizeOf(store, reader)),
    endedRuns: (query) => open(() => endedRuns(store, query)),
    measureRuns: (runIds) => open(() => measureRuns(store, reader, runIds)),
    looseArtifacts: (query) => open(() => store.artifacts.loose(query, (runId) => store.runs.get(runId) !== null)),
    unnamedBlobs: (blobIds) => open(() => store.artifacts.unnamedBlobs(blobIds)),
  };
}

function sizeOf(store: Store, reader: RunReader): { bytes: number; log_bytes: number } {
  const size = { bytes: 0, log_bytes: folderBytes(join(store.folder, "journal")) };
  for (const run of store.runs.all()) {
    const { records, states } = reader.size(run);
    size.bytes += records + states;
  }
  for (const { state } of Object.values(store.tables)) size.bytes += state.bytes;
  return size;
}

function memoryOf({ counters, memory }: Store, after: number, limit: number): LoggedMemoryEvent[] {
  const found: LoggedMemoryEvent[] = [];
  for (let no = after + 1; no <= counters.memory_no && found.length < limit; no++) {
    found.push({ no, event: parseJson(memory.get(String(no)) ?? "null") as unknown as MemoryEvent });
  }
  return found;
}
