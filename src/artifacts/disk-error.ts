import { AppError, messageOf } from "#core/errors.ts";

/** The sentence for bytes that could not be written. `what` begins it, such as "The artifact". An AppError stays as it is. */
export function diskError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && "code" in error ? error.code : "";
  const reason =
    code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG"
      ? "the disk is full"
      : code === "EROFS" || code === "EACCES"
        ? "the artifacts folder is read-only"
        : messageOf(error);
  return new AppError("storage", `${what} was not stored: ${reason}`, { cause: error });
}
