import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { renewedLease, returnedLease, takenLease } from "#ledger/lease-rules.ts";
import type { Lease, Ledger, Notice } from "#ledger/ledger.ts";
import { Notices } from "#ledger/notices.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import { verifyLedger } from "#ledger/verify.ts";
import type { Change } from "#ledger/file/change.ts";
import { Checkpointer } from "#ledger/file/checkpointer.ts";
import { fileError } from "#ledger/file/file-error.ts";
import { GroupCommitter } from "#ledger/file/group-committer.ts";
import { filesLock, writerLock } from "#ledger/file/locks.ts";
import { Journal } from "#ledger/file/journal.ts";
import { type Guard, type Writes, readsOf } from "#ledger/file/ledger-reads.ts";
import { LineReader } from "#ledger/file/line-reader.ts";
import { openForWriting } from "#ledger/file/open-store.ts";
import { prepare } from "#ledger/file/prepared.ts";
import { RunReader } from "#ledger/file/run-reader.ts";
import type { Store } from "#ledger/file/store.ts";
import { compaction, mentions } from "#ledger/file/upkeep.ts";

export interface FileLedgerOptions {
  /** Folder of the store. It is created; folder and files are readable by their owner only. */
  path: string;
  now: Clock;
  /** Hears how many batches each flush held. */
  onCommit?: (batches: number) => void;
  /** Hears of listeners that throw. */
  report?: (error: unknown) => void;
  /** Hears of files that cannot be brought up to date: the journal has what they lack. */
  onLag?: (error: unknown) => void;
  /** Passes named points of a checkpoint, for tests of crashes. */
  crashPoint?: (name: string) => void;
}

/**
 * Opens the ledger that keeps its runs in files for people and programs (`runs/<id>/ledger.jsonl`). One process at a time.
 * AppError `storage` with a clear sentence when it cannot be used.
 */
export async function openFileLedger(options: FileLedgerOptions): Promise<Ledger> {
  const { path } = options;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error);
  }
  const lock = takeProcessLock(join(path, writerLock));
  if (lock === null) {
    const message = `The ledger in ${path} is locked by another process: the file store serves one process at a time`;
    throw new AppError("storage", message, { retryable: true });
  }
  try {
    return createLedger(options, await openForWriting(path), () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

function createLedger(
  options: FileLedgerOptions,
  { store, nextGroup }: { store: Store; nextGroup: number },
  release: () => void,
): Ledger {
  const report = options.report ?? ((error: unknown) => console.error(error));
  const notices = new Notices(report);
  const journal = new Journal(join(store.folder, "journal"), nextGroup);
  const lines = new LineReader();
  const reader = new RunReader(store, lines);
  const checkpointer = new Checkpointer({
    store,
    journal,
    lines,
    lockPath: join(store.folder, filesLock),
    report: options.onLag ?? report,
    crashPoint: options.crashPoint ?? (() => undefined),
  });
  const committer = new GroupCommitter({
    store,
    journal,
    publish: (notice: Notice) => notices.publish(notice),
    onGroup: ({ batches, bytes, isIdle }) => {
      if (batches > 0) options.onCommit?.(batches);
      checkpointer.noteCommit(bytes, isIdle);
    },
    room: () => checkpointer.room(),
  });
  let isClosed = false;
  const requireOpen = () => {
    if (isClosed) throw new AppError("storage", "The ledger is closed");
  };
  // oxlint-disable-next-line require-await -- what throws must reject
  const open = async <T>(from: () => T | Promise<T>): Promise<T> => {
    requireOpen();
    try {
      return await from();
    } catch (error) {
      throw fileError(error);
    }
  };
  return {
    ...readsOf(store, reader, open),
    ...writesOf({ store, reader, committer, now: options.now, open }),
    mentioned: (ids, wanted) => mentions({ store, reader, read: open }, ids, wanted),
    subscribe: (listener) => notices.subscribe(listener),
    verify: (wanted) => verifyLedger(reader.verifySource(requireOpen), wanted),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await committer.idle();
      await checkpointer.close();
      journal.close();
      store.close();
      release();
    },
  };
}

interface WriteParts {
  store: Store;
  reader: RunReader;
  committer: GroupCommitter;
  now: Clock;
  open: Guard;
}

function writesOf({ store, reader, committer, now, open }: WriteParts): Writes {
  const putLease = (lease: Lease | null) => ({
    changes: lease ? [{ do: "lease" as const, lease }] : [],
    answer: lease,
  });
  const held = (name: string) => store.leases.get(name) ?? null;
  return {
    commit: (batch) => open(() => committer.batch(batch, prepare(batch, isoTime(now())))),
    takeLease: (name, owner, leaseMs) =>
      open(() => committer.run(() => putLease(takenLease(held(name), { name, owner, leaseMs, nowMs: now() })))),
    renewLease: (lease, leaseMs) =>
      open(() => committer.run(() => putLease(renewedLease(held(lease.name), { lease, leaseMs, nowMs: now() })))),
    releaseLease: async (lease) => {
      await open(() => committer.run(() => putLease(returnedLease(held(lease.name), lease))));
    },
    deleteRuns: (runIds) => open(() => committer.run(() => deletion(store, runIds))),
    compactStates: (runId, last) => open(() => committer.run(() => compaction(store, reader, { runId, ...last }))),
    addArtifactAccess: (reads) =>
      open(async () => {
        await committer.run(() => {
          const known = new Set(store.artifacts.known(reads.map(({ artifact_id }) => artifact_id)));
          const ours = reads.filter(({ artifact_id }) => known.has(artifact_id));
          return { changes: ours.length > 0 ? [{ do: "artifact_access", reads: ours }] : [], answer: ours.length };
        });
      }),
    deleteArtifacts: (artifactIds) =>
      open(() =>
        committer.run(() => {
          const ids = store.artifacts.known(artifactIds);
          return { changes: ids.length > 0 ? [{ do: "delete_artifacts", ids }] : [], answer: ids.length };
        }),
      ),
  };
}

/** Unknown ids are skipped. Blobs stay: another run may share them. */
function deletion(store: Store, runIds: string[]) {
  const answer = { runs: 0, ledger_records: 0, commands: 0, artifacts: 0 };
  const changes: Change[] = [];
  const wanted = new Set(runIds);
  for (const runId of wanted) {
    const run = store.runs.get(runId);
    if (!run) continue;
    answer.runs++;
    answer.ledger_records += run.head;
    answer.commands += store.commands.countOf(runId);
    const heir = store.runs.heirOf(run, wanted);
    if (heir === null) answer.artifacts += store.artifacts.countOf(runId, run.runtimeId);
    changes.push({ do: "delete", run_id: runId, runtime_id: run.runtimeId, heir });
  }
  return { changes, answer };
}
