import { AppError } from "#core/errors.ts";

/** AppError `cancelled` when whoever asked no longer waits. */
export function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError("cancelled", "The call was cancelled");
}
