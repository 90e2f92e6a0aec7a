import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { fileError, damaged } from "#ledger/file/file-error.ts";
import { cutTorn, readJournal } from "#ledger/file/journal.ts";
import { createStore, readStoreDocument } from "#ledger/file/store-document.ts";
import { Store } from "#ledger/file/store.ts";

export interface OpenedStore {
  store: Store;
  /** Number of the group that comes next. */
  nextGroup: number;
}

/** Makes a folder's store, or reads it and what its journal adds. AppError `storage` when it is not ours, or not sound. */
export async function openForWriting(folder: string): Promise<OpenedStore> {
  try {
    const document = readStoreDocument(folder) ?? (await createStore(folder));
    const { store, torn } = load(new Store(folder, document));
    if (torn) cutTorn(torn);
    return { store, nextGroup: store.group + 1 };
  } catch (error) {
    throw fileError(error);
  }
}

/** Reads a folder's store and changes nothing. AppError `storage` when there is none. */
export function openForReading(folder: string): Store {
  try {
    const document = readStoreDocument(folder);
    if (document === null) throw new AppError("storage", `There is no ledger in ${folder}`);
    return load(new Store(folder, document)).store;
  } catch (error) {
    throw fileError(error);
  }
}

function load(store: Store): { store: Store; torn: { path: string; end: number } | null } {
  const { runs, halves } = store.files.load();
  for (const run of runs.toSorted((one, other) => one.no - other.no)) {
    if (store.runs.get(run.runId)) throw damaged(`two folders hold run '${run.runId}'`);
    store.runs.add(run);
  }
  store.commands.load();
  store.artifacts.load();
  store.artifactAccess.load();
  store.startKeys.load();
  store.memory.load(() => undefined);
  const found: Parameters<typeof readJournal>[1]["found"] = { torn: null };
  for (const group of readJournal(join(store.folder, "journal"), { from: store.replayFrom, found })) {
    store.apply(group);
  }
  requireWhole(store, halves);
  return { store, torn: found.torn };
}

/** Whatever the files and the journal do not explain together was changed by somebody else. */
function requireWhole(store: Store, halves: Set<string>): void {
  for (const runId of store.unclaimed) {
    throw damaged(`the journal changes run '${runId}', whose folder ${store.files.folder(runId)} is gone`);
  }
  for (const run of store.runs.all()) {
    if (run.disk && run.disk.applied > store.group) {
      throw damaged(`run '${run.runId}' knows of entry ${run.disk.applied}, but the journal ends at ${store.group}`);
    }
    if (run.disk === null) halves.delete(store.files.folder(run.runId));
  }
  for (const runId of store.removed) halves.delete(store.files.folder(runId));
  const [half] = halves;
  if (half !== undefined) throw damaged(`${half} has no run.json`);
}
