import { AppError, messageOf } from "#core/errors.ts";

const sentences: Record<string, [sentence: string, retryable: boolean]> = {
  ENOSPC: ["The disk is full: nothing was written", true],
  EDQUOT: ["The disk quota is used up: nothing was written", true],
  EFBIG: ["A file of the ledger is too large for this file system", false],
  EROFS: ["The ledger lies on a read-only file system", false],
  EACCES: ["The ledger cannot be used: permission denied", false],
  EPERM: ["The ledger cannot be used: permission denied", false],
  EIO: ["The disk failed to read or write the ledger", true],
  ENOENT: ["A file of the ledger is missing", false],
  ENOTDIR: ["The place of the ledger is a file, not a folder", false],
  EMFILE: ["Too many files are open", true],
  ENFILE: ["Too many files are open", true],
};

/** One clear sentence for whatever the file system threw. An AppError passes through. */
export function fileError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const known = sentences[errorCode(error)];
  if (!known) return new AppError("storage", `The ledger failed: ${messageOf(error)}`, { cause: error });
  const path = error instanceof Error && "path" in error && typeof error.path === "string" ? `: ${error.path}` : "";
  return new AppError("storage", `${known[0]} (${errorCode(error)}${path})`, { retryable: known[1], cause: error });
}

export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** The ledger's files contradict each other or are not what was written. */
export function damaged(what: string, options: { cause?: unknown } = {}): AppError {
  return new AppError("storage", `The ledger is damaged: ${what}`, options);
}
