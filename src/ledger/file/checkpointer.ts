import { rmSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import { fileError } from "#ledger/file/file-error.ts";
import { flushFolder } from "#ledger/file/files.ts";
import type { Journal } from "#ledger/file/journal.ts";
import type { LineReader } from "#ledger/file/line-reader.ts";
import { type StoreDocument, emptyStore, writeStoreDocument } from "#ledger/file/store-document.ts";
import type { Store } from "#ledger/file/store.ts";
import type { StoredRun } from "#ledger/file/stored-run.ts";
import type { StagedTable } from "#ledger/file/table.ts";

/** How long the files may lag behind the journal, ms. */
const lagMs = 1000;
/** Beyond this a checkpoint does not wait for its time. */
const largeJournalBytes = 8 * 1024 * 1024;
/** Beyond this commits wait for the checkpoint: what only the journal has is in memory too. */
const fullJournalBytes = 64 * 1024 * 1024;
/** After a checkpoint that failed. */
const retryMs = 5000;
/** How soon to look again whether a reader is done, for commits that wait. */
const heldMs = 100;
/** Files of so many runs are flushed at once: file systems join flushes. */
const atOnce = 16;

export interface CheckpointerOptions {
  store: Store;
  journal: Journal;
  lines: LineReader;
  /** Held during a checkpoint, so that a reader that holds it sees files that stay as they are. */
  lockPath: string;
  /** Hears of a checkpoint that failed. */
  report(error: unknown): void;
  /** Passes named points, for tests of crashes. */
  crashPoint(name: string): void;
}

/**
 * Brings what the journal has into the files and drops the journal behind it. The order makes it safe to die anywhere: files, then the
 * document that says how far they count, then the journal. Whatever is done twice comes to the same.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  /** Bytes of the journal that are in no file yet. */
  #pendingBytes = 0;
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  #failed: Error | null = null;
  /** A reader wants the files to stay as they are. */
  #isHeld = false;
  #isClosed = false;
  /** There is too much to bring into files before the process ends: the next start does it. */
  #givesUp = false;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    // What a crash left in the journal is brought into the files at once.
    const { changed, removed } = options.store;
    if (changed.size + removed.size > 0) {
      this.#pendingBytes = 1;
      this.#timer = setTimeout(() => void this.#attempt(), 0);
    }
  }

  /** `isIdle`: nothing that somebody would look for in the files, so no reason to write them. */
  noteCommit(bytes: number, isIdle = false): void {
    this.#pendingBytes += bytes;
    const isLarge = this.#pendingBytes > largeJournalBytes && this.#failed === null && !this.#isHeld;
    if (isLarge && this.#running === null) void this.#attempt();
    else if (!isIdle) this.#schedule();
  }

  /** Resolves when a commit may be taken. Throws when files could not be written for so long that the memory is used up. */
  async room(): Promise<void> {
    while (this.#pendingBytes >= fullJournalBytes) {
      await this.#attempt();
      if (this.#failed) throw this.#failed;
      if (this.#isHeld) await new Promise((resolve) => setTimeout(resolve, heldMs));
    }
  }

  /** The last checkpoint. When it fails, or would take long, the journal keeps what it has: nothing is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    this.#givesUp = this.#pendingBytes > largeJournalBytes;
    if (this.#running) await this.#running;
    if (!this.#givesUp) await this.#attempt();
  }

  async #attempt(): Promise<void> {
    this.#stopTimer();
    this.#running ??= this.#try().finally(() => (this.#running = null));
    await this.#running;
  }

  async #try(): Promise<void> {
    try {
      const bytes = this.#pendingBytes;
      this.#isHeld = !(await this.#checkpoint());
      if (!this.#isHeld) this.#pendingBytes -= bytes;
      this.#failed = null;
    } catch (error) {
      if (this.#givesUp) return;
      if (this.#failed === null) this.#options.report(error);
      this.#failed = fileError(error);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#pendingBytes === 0 || this.#isClosed) return;
    this.#timer ??= setTimeout(() => void this.#attempt(), this.#failed ? retryMs : lagMs);
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** False when a reader wants the files to stay as they are for now. */
  async #checkpoint(): Promise<boolean> {
    const lock = takeProcessLock(this.#options.lockPath);
    if (lock === null) return false;
    try {
      const { journal, crashPoint } = this.#options;
      const next = await journal.rotate();
      crashPoint("checkpoint-begun");
      await this.#removeRuns();
      await this.#writeRuns();
      crashPoint("checkpoint-runs");
      await this.#writeTables(next);
      crashPoint("checkpoint-store");
      await journal.drop(next);
      crashPoint("checkpoint-done");
      return true;
    } finally {
      lock.release();
    }
  }

  async #removeRuns(): Promise<void> {
    const { store, lines, crashPoint } = this.#options;
    for (const runId of store.removed) {
      store.files.remove(runId);
      lines.forgetIn(store.files.folder(runId));
      store.removed.delete(runId);
      crashPoint("checkpoint-removed");
    }
  }

  async #writeRuns(): Promise<void> {
    const { store } = this.#options;
    const waiting = [...store.changed];
    await each(waiting, (run) => this.#writeRun(run));
    const { unflushed } = store.files;
    await each([...unflushed], async (folder) => {
      await flushFolder(folder);
      unflushed.delete(folder);
    });
    const { outdated } = store.files;
    for (const path of outdated) {
      rmSync(path, { force: true });
      outdated.delete(path);
    }
  }

  async #writeRun(run: StoredRun): Promise<void> {
    const { store, lines, crashPoint } = this.#options;
    if (this.#givesUp) throw new AppError("cancelled", "The ledger closes");
    if (run.isGone) return;
    // The files of a deleted run with the same id make place for it.
    if (run.disk === null) {
      store.removed.delete(run.runId);
      lines.forgetIn(store.files.folder(run.runId));
    }
    const staged = store.files.stage(run);
    crashPoint("checkpoint-staged");
    if (staged) await store.files.finish(staged);
    if (run.tail === null) store.changed.delete(run);
    crashPoint("checkpoint-run");
  }

  /** The tables are taken as of one moment, together with the group that they are current for. */
  async #writeTables(replayFrom: number): Promise<void> {
    const { store, crashPoint } = this.#options;
    const applied = store.group;
    const { tables, written } = stageTables(store);
    const document: StoreDocument = {
      ...emptyStore(),
      applied,
      replay_from: replayFrom,
      counters: { ...store.counters },
      tables,
      leases: [...store.leases.values()],
    };
    await Promise.all(written.map((table) => table.flush()));
    crashPoint("checkpoint-tables");
    await writeStoreDocument(store.folder, document);
    for (const table of written) table.done();
    await flushFolder(store.folder);
  }
}

function stageTables(store: Store): { tables: StoreDocument["tables"]; written: StagedTable[] } {
  const tables: StoreDocument["tables"] = {};
  const written: StagedTable[] = [];
  try {
    for (const [name, table] of Object.entries(store.tables)) {
      const staged = table.stage();
      if (staged) written.push(staged);
      tables[name] = staged?.state ?? table.state;
    }
    return { tables, written };
  } catch (error) {
    for (const table of written) void table.flush().catch(() => undefined);
    throw error;
  }
}

/** One that fails does not leave others at work behind it. */
async function each<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const worker = async () => {
    for (let item = items.pop(); item !== undefined; item = items.pop()) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}
