import { AppError } from "#core/errors.ts";
import type { Scope } from "#core/scope.ts";
import type {
  ArtifactFilter,
  ArtifactQuery,
  ArtifactRow,
  Batch,
  Ledger,
  RunQuery,
  SessionQuery,
} from "#ledger/ledger.ts";

/**
 * The ledger as one caller sees it: rows of other runtimes are not there. The routes get this and never the ledger itself, so that a route
 * cannot forget whose rows it reads.
 */
export interface ScopedLedger extends Pick<
  Ledger,
  | "commit"
  | "getRun"
  | "readRecords"
  | "tailRecords"
  | "readState"
  | "readInput"
  | "children"
  | "descendants"
  | "deleteRuns"
  | "measureRuns"
  | "size"
> {
  readonly scope: Scope;
  /** Calls back after each commit of the run. Answers the unsubscribe function. */
  watch(runId: string, listener: () => void): () => void;
  listSessions(query: Omit<SessionQuery, "runtimeId">): ReturnType<Ledger["listSessions"]>;
  listRuns(query: Omit<RunQuery, "runtimeId">): ReturnType<Ledger["listRuns"]>;
  getCommand(commandId: string, principal: string): ReturnType<Ledger["getCommand"]>;
  getArtifact(artifactId: string): ReturnType<Ledger["getArtifact"]>;
  listArtifacts(runId: string, page: { limit: number; offset: number }): ReturnType<Ledger["listArtifacts"]>;
  searchArtifacts(query: ArtifactQuery): ReturnType<Ledger["searchArtifacts"]>;
  artifactStats(filter: ArtifactFilter): ReturnType<Ledger["artifactStats"]>;
  liveCounts(): ReturnType<Ledger["liveCounts"]>;
}

/** Runs never change their runtime, so an answer may be kept. */
const maxKnown = 50_000;

export function scopedLedger(ledger: Ledger, scope: Scope): ScopedLedger {
  const { runtimeId } = scope;
  const own = (filter: ArtifactFilter) => (runtimeId === null ? filter : { ...filter, runtimeId });
  const unscoped: ScopedLedger = {
    scope,
    commit: (batch) => ledger.commit(batch),
    getRun: (runId) => ledger.getRun(runId),
    readRecords: (runId, after, options) => ledger.readRecords(runId, after, options),
    tailRecords: (runId, limit) => ledger.tailRecords(runId, limit),
    readState: (runId, atSeq) => ledger.readState(runId, atSeq),
    readInput: (runId) => ledger.readInput(runId),
    children: (runId) => ledger.children(runId),
    descendants: (runId, limit) => ledger.descendants(runId, limit),
    watch: (runId, listener) =>
      ledger.subscribe(({ updates }) => {
        if (updates.some((update) => update.run_id === runId)) listener();
      }),
    deleteRuns: (runIds) => ledger.deleteRuns(runIds),
    measureRuns: (runIds) => ledger.measureRuns(runIds),
    size: () => ledger.size(),
    listSessions: (query) => ledger.listSessions({ ...query, runtimeId }),
    listRuns: (query) => ledger.listRuns({ ...query, runtimeId }),
    getCommand: (commandId, principal) => ledger.getCommand(commandId, principal),
    getArtifact: (artifactId) => ledger.getArtifact(artifactId, runtimeId),
    listArtifacts: (runId, page) => ledger.listArtifacts(runId, { ...page, runtimeId }),
    searchArtifacts: (query) => ledger.searchArtifacts({ ...query, filter: own(query.filter) }),
    artifactStats: (filter) => ledger.artifactStats(own(filter)),
    liveCounts: () => ledger.liveCounts(runtimeId),
  };
  return runtimeId === null ? unscoped : { ...unscoped, ...guarded(ledger, runtimeId) };
}

/** What is asked for by the id of a run: with an id of somebody else, the answers are those for an unknown one. */
function guarded(ledger: Ledger, runtimeId: string): Partial<ScopedLedger> {
  const known = new Set<string>();
  const isOwn = async (runId: string): Promise<boolean> => {
    if (known.has(runId)) return true;
    if ((await ledger.getRun(runId))?.runtime_id !== runtimeId) return false;
    if (known.size >= maxKnown) known.clear();
    known.add(runId);
    return true;
  };
  const own = async (runIds: string[]): Promise<string[]> => {
    const answers = await Promise.all(runIds.map(isOwn));
    return runIds.filter((_, index) => answers[index]);
  };
  return {
    async commit(batch) {
      await assertOwn(batch, { runtimeId, isOwn });
      return ledger.commit(batch);
    },
    async getCommand(commandId, principal) {
      const command = await ledger.getCommand(commandId, principal);
      return command?.runtime_id === runtimeId ? command : null;
    },
    async getRun(runId) {
      const run = await ledger.getRun(runId);
      return run?.runtime_id === runtimeId ? run : null;
    },
    readRecords: async (runId, after, options) =>
      (await isOwn(runId)) ? ledger.readRecords(runId, after, options) : [],
    tailRecords: async (runId, limit) => ((await isOwn(runId)) ? ledger.tailRecords(runId, limit) : []),
    readState: async (runId, atSeq) => ((await isOwn(runId)) ? ledger.readState(runId, atSeq) : null),
    readInput: async (runId) => ((await isOwn(runId)) ? ledger.readInput(runId) : null),
    children: async (runId) => ((await isOwn(runId)) ? ledger.children(runId) : []),
    descendants: async (runId, limit) => ((await isOwn(runId)) ? ledger.descendants(runId, limit) : []),
    deleteRuns: async (runIds) => ledger.deleteRuns(await own(runIds)),
    measureRuns: async (runIds) => ledger.measureRuns(await own(runIds)),
  };
}

interface Ownership {
  runtimeId: string;
  isOwn: (runId: string) => Promise<boolean>;
}

/** AppError `not_found` for a batch that touches a run of somebody else; the store would write it. */
async function assertOwn(batch: Batch, { runtimeId, isOwn }: Ownership): Promise<void> {
  const born = new Set(batch.starts?.map(({ run }) => run.run_id));
  const touched = [...(batch.updates ?? []), ...(batch.mail ?? [])].map(({ run_id }) => run_id);
  for (const runId of new Set(touched)) {
    if (!born.has(runId) && !(await isOwn(runId))) throw new AppError("not_found", `Run '${runId}' not found`);
  }
  const rows: Pick<ArtifactRow, "runtime_id">[] = [
    ...(batch.artifacts ?? []),
    ...(batch.starts ?? []).map(({ run }) => run),
    ...(batch.memory ?? []),
  ];
  const commands = batch.commands ?? [];
  if (rows.some((row) => row.runtime_id !== runtimeId) || commands.some((each) => each.runtime_id !== runtimeId)) {
    throw new Error("a batch of one runtime carries rows of another");
  }
}
