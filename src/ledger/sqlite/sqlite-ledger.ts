import { statSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { wakeAt } from "#ledger/batch-rules.ts";
import type { Batch, Committed, Ledger } from "#ledger/ledger.ts";
import { Notices, addBatch, emptyNotice } from "#ledger/notices.ts";
import { artifactStats, searchArtifacts } from "#ledger/sqlite/artifact-search.ts";
import { createPrivateFile, openForReading } from "#ledger/sqlite/database.ts";
import type { Answer, Deleted } from "#ledger/sqlite/jobs.ts";
import { listSessions } from "#ledger/sqlite/list-sessions.ts";
import { listRuns } from "#ledger/sqlite/list-runs.ts";
import { Peers } from "#ledger/sqlite/peers.ts";
import { LedgerReader } from "#ledger/sqlite/reader.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";
import { mentions } from "#ledger/sqlite/mentions.ts";
import { endedRuns, looseArtifacts, measureRuns, unnamedBlobs } from "#ledger/sqlite/upkeep-reads.ts";
import { verifySource } from "#ledger/sqlite/verify-source.ts";
import { encodeBatch } from "#ledger/sqlite/wire.ts";
import { type Answered, WriterClient, refusal } from "#ledger/sqlite/writer-client.ts";
import { verifyLedger } from "#ledger/verify.ts";

export interface SqliteLedgerOptions {
  /** The database file. Its folder is created; file and folder are readable by their owner only. */
  path: string;
  now: Clock;
  /** Script of the writer thread, where a compiled executable keeps it elsewhere than beside this file. */
  workerUrl?: string | URL;
  /** Set in every process that shares the file with another one: the folder of the sockets over which they wake each other. */
  shared?: { wakeDir: string; report: (message: string) => void };
  /** The file never grows above this; commits that would are refused like on a full disk. */
  maxBytes?: number;
  /** Hears how many batches each transaction held. */
  onCommit?: (batches: number) => void;
  /** Hears of listeners that throw. */
  report?: (error: unknown) => void;
}

// Deleting is cut into transactions of so many runs: commits go on in between.
const deleteChunk = 50;

/** Opens the ledger and brings its schema up to date. AppError `storage` with a clear sentence when it cannot be used. */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  const { path, shared } = options;
  createPrivateFile(path);
  const origin = shared === undefined ? null : newId();
  let peers: Peers | null = null;
  const notices = new Notices(options.report ?? ((error) => console.error(error)));
  const writer = await WriterClient.start({
    path,
    origin,
    maxBytes: options.maxBytes ?? null,
    workerUrl: options.workerUrl ?? new URL("./writer.ts", import.meta.url).href,
    onAnswers: (answered) => {
      options.onCommit?.(answered.length);
      if (publish(answered, notices)) peers?.wake();
    },
  });
  try {
    const reader = new LedgerReader(openForReading(path));
    if (shared && origin !== null) {
      peers = new Peers({ reader, origin, ...shared, publish: (notice) => notices.publish(notice) });
    }
    return createLedger({ options, notices, writer, reader, peers });
  } catch (error) {
    await writer.close();
    throw storageError(error);
  }
}

interface Parts {
  options: SqliteLedgerOptions;
  notices: Notices;
  writer: WriterClient;
  reader: LedgerReader;
  peers: Peers | null;
}

function createLedger({ options, notices, writer, reader, peers }: Parts): Ledger {
  let isClosed = false;
  // oxlint-disable-next-line require-await -- a read that throws must reject
  const read = async <T>(from: () => T): Promise<T> => {
    if (isClosed) throw new AppError("storage", "The ledger is closed");
    try {
      return from();
    } catch (error) {
      throw storageError(error);
    }
  };
  return {
    async commit(batch) {
      const cells = encodeBatch(batch, isoTime(options.now()));
      return toCommitted(await writer.batch(cells, batch));
    },
    ...readsOf(reader, read),
    subscribe: (listener) => notices.subscribe(listener),
    onPeerGone: (listener) => peers?.onGone(listener) ?? (() => undefined),
    addArtifactAccess: async (reads) => void (await writer.task({ do: "add_access", reads })),
    takeLease: (name, owner, leaseMs) => writer.task({ do: "take_lease", name, owner, leaseMs, nowMs: options.now() }),
    renewLease: (lease, leaseMs) => writer.task({ do: "renew_lease", lease, leaseMs, nowMs: options.now() }),
    releaseLease: async (lease) => void (await writer.task({ do: "release_lease", lease })),
    deleteRuns: (runIds) => deleteInChunks(writer, runIds),
    compactStates: (runId, last) => writer.task({ do: "compact_states", runId, ...last }),
    mentioned: (ids, options) => mentions(reader.db, { ids, ...options }, read),
    deleteArtifacts: (artifactIds) => writer.task({ do: "delete_artifacts", artifactIds }),
    verify: (wanted) =>
      verifyLedger(
        verifySource(reader.db, () => isClosed),
        wanted,
      ),
    async close() {
      if (isClosed) return;
      isClosed = true;
      peers?.stopLooking();
      // The reader goes first: the writer's last checkpoint can only fold the whole log away when nobody reads it.
      reader.db.close(true);
      await writer.close();
      // Last, so that whoever waits for this process to go finds everything free.
      peers?.close();
    },
  };
}

/** Everything that is only looked up. */
function readsOf(reader: LedgerReader, read: <T>(from: () => T) => Promise<T>) {
  return {
    getRun: (runId) => read(() => reader.run(runId)),
    listSessions: (query) => read(() => listSessions(reader.db, query)),
    listRuns: (query) => read(() => listRuns(reader.db, query)),
    readRecords: (runId, after, page) => read(() => reader.records(runId, after, page)),
    tailRecords: (runId, limit) => read(() => reader.tail(runId, limit)),
    readState: (runId, atSeq) => read(() => reader.state(runId, atSeq)),
    readInput: (runId) => read(() => reader.input(runId)),
    children: (runId) => read(() => reader.children(runId)),
    descendants: (runId, limit) => read(() => reader.descendants(runId, limit)),
    readMail: (runId, limit) => read(() => reader.mail(runId, limit)),
    pendingRuns: (after, limit) => read(() => reader.pending(after, limit)),
    dueRuns: (nowMs, limit) => read(() => reader.due(nowMs, limit)),
    nextWake: () => read(() => reader.nextWake()),
    listeners: (keys, wanted) => read(() => reader.listeners(keys, wanted)),
    getStartKey: (key, principal) => read(() => reader.startKey(key, principal)),
    getCommand: (commandId, principal) => read(() => reader.command(commandId, principal)),
    pendingEmits: (limit) => read(() => reader.pendingEmits(limit)),
    getArtifact: (artifactId, runtimeId) => read(() => reader.artifact(artifactId, runtimeId)),
    listArtifacts: (runId, page) => read(() => reader.artifacts(runId, page)),
    readMemory: (after, limit) => read(() => reader.memory(after, limit)),
    memoryHead: () => read(() => reader.memoryHead()),
    searchArtifacts: (query) => read(() => searchArtifacts(reader.db, query)),
    artifactStats: (filter) => read(() => artifactStats(reader.db, filter)),
    endedRuns: (query) => read(() => endedRuns(reader.db, query)),
    measureRuns: (runIds) => read(() => measureRuns(reader.db, runIds)),
    looseArtifacts: (query) => read(() => looseArtifacts(reader.db, query)),
    unnamedBlobs: (blobIds) => read(() => unnamedBlobs(reader.db, blobIds)),
    liveCounts: (runtimeId) => read(() => reader.liveCounts(runtimeId)),
    counts: () => read(() => reader.counts()),
    size: () => read(() => ({ bytes: sizeOf(reader.db.filename), log_bytes: sizeOf(`${reader.db.filename}-wal`) })),
  } satisfies Partial<Ledger>;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** One notice per commit of the writer, whatever the number of batches in it. Answers whether there was anything new. */
function publish(answered: Answered[], notices: Notices): boolean {
  const notice = emptyNotice();
  let hasNews = false;
  for (const { context, answer } of answered) {
    if (context === null || (answer && !("applied" in answer))) continue;
    const batch = context as Batch;
    const applied = answer && "applied" in answer ? answer.applied : null;
    const mailed = applied?.mailed ?? batch.mail?.map((mail) => mail.run_id) ?? [];
    addBatch(notice, batch, { mailed, emits: applied?.emits ?? false, wakeAt: (update) => wakeAt(update.progress) });
    hasNews = true;
  }
  if (hasNews) notices.publish(notice);
  return hasNews;
}

function toCommitted(answer: Answer): Committed {
  if (answer === null) return { commands: [], duplicate: null };
  if ("refused" in answer) throw refusal(answer.refused);
  if ("duplicate" in answer) return { commands: [], duplicate: answer.duplicate };
  return { commands: "applied" in answer ? answer.applied.commands : [], duplicate: null };
}

async function deleteInChunks(writer: WriterClient, runIds: string[]): Promise<Deleted> {
  const gone: Deleted = { runs: 0, ledger_records: 0, commands: 0, artifacts: 0 };
  for (let at = 0; at < runIds.length; at += deleteChunk) {
    const some: Deleted = await writer.task({ do: "delete_runs", runIds: runIds.slice(at, at + deleteChunk) });
    gone.runs += some.runs;
    gone.ledger_records += some.ledger_records;
    gone.commands += some.commands;
    gone.artifacts += some.artifacts;
  }
  return gone;
}
