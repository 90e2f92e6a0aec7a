import { AppError, messageOf } from "#core/errors.ts";

const sentences: [prefix: string, sentence: string, retryable: boolean][] = [
  ["SQLITE_FULL", "The disk is full: nothing was written", true],
  ["SQLITE_READONLY", "The ledger file is read-only", false],
  ["SQLITE_BUSY", "The ledger file is locked by another process", true],
  ["SQLITE_LOCKED", "The ledger file is locked by another process", true],
  ["SQLITE_CORRUPT", "The ledger file is damaged", false],
  ["SQLITE_NOTADB", "The ledger file is not an SQLite database", false],
  ["SQLITE_CANTOPEN", "The ledger file cannot be opened", false],
  ["SQLITE_PERM", "The ledger file cannot be opened: permission denied", false],
  ["SQLITE_IOERR", "The disk failed to read or write the ledger file", true],
];

/** One clear sentence for whatever SQLite threw. An AppError passes through. */
export function storageError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = sqliteCode(error);
  const known = sentences.find(([prefix]) => code.startsWith(prefix));
  if (!known) return new AppError("storage", `The ledger failed: ${messageOf(error)}`, { cause: error });
  return new AppError("storage", `${known[1]} (${code})`, { retryable: known[2], cause: error });
}

/** `SQLITE_…`, or an empty text when the error did not come from SQLite. */
export function sqliteCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : "";
}
