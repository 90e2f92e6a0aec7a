import { AppError, type ErrorCode } from "#core/errors.ts";

const sentences: Record<string, [ErrorCode, (shown: string) => string]> = {
  ENOENT: ["not_found", (shown) => `'${shown}' does not exist`],
  ENOTDIR: ["not_found", (shown) => `'${shown}' cannot be reached: a part of its path is not a folder`],
  EISDIR: ["invalid_request", (shown) => `'${shown}' is a folder, not a file`],
  EEXIST: ["conflict", (shown) => `'${shown}' exists already`],
  EACCES: ["forbidden", (shown) => `'${shown}' may not be accessed: permission denied`],
  EPERM: ["forbidden", (shown) => `'${shown}' may not be accessed: permission denied`],
  EROFS: ["forbidden", (shown) => `'${shown}' lies on a file system that cannot be written`],
  ELOOP: ["invalid_request", (shown) => `'${shown}' leads through too many symbolic links`],
  ENAMETOOLONG: ["invalid_request", (shown) => `The path '${shown.slice(0, 60)}…' is too long for this system`],
  ENOSPC: ["storage", (shown) => `'${shown}' could not be written: the disk is full`],
};

/** The sentence for a failed file operation. An AppError stays as it is. */
export function fileError(error: unknown, shown: string): AppError {
  if (error instanceof AppError) return error;
  const known = sentences[errorCodeOf(error)];
  if (known) return new AppError(known[0], known[1](shown), { cause: error });
  return new AppError("storage", `'${shown}' could not be accessed: ${errorCodeOf(error) || String(error)}`, {
    cause: error,
  });
}

/** The system's name of an error, such as `ENOENT`; empty when there is none. */
export function errorCodeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}
