import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { type ProcessLock, takeProcessLock } from "#ledger/sqlite/process-lock.ts";

/** Held by the one process that writes. */
export const writerLock = "writer.lock";
/** Held by whoever needs files that stay as they are: a checkpoint, which changes them, or somebody who reads or copies them. */
export const filesLock = "files.lock";

/** A checkpoint takes a second or two. */
const patienceMs = 15_000;
const lookMs = 20;

/** Waits until no checkpoint changes the files. The writer goes on meanwhile: its journal grows. AppError `conflict` when it takes too long. */
export async function holdFiles(folder: string): Promise<ProcessLock> {
  for (let waited = 0; waited < patienceMs; waited += lookMs) {
    const lock = takeProcessLock(join(folder, filesLock));
    if (lock) return lock;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new AppError("conflict", `Somebody else reads the ledger in ${folder}: try again later`, { retryable: true });
}
