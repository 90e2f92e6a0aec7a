import { AppError } from "#core/errors.ts";

/** Ends a call whose server says nothing more. */
export interface Patience {
  /** Aborted with the caller's signal, and when it has been quiet for too long: then with an AppError `timeout`. */
  signal: AbortSignal;
  /** Something came. */
  heard(): void;
  stop(): void;
}

/** `quietMs` 0: for ever. */
export function createPatience(id: string, signal: AbortSignal, quietMs: number): Patience {
  if (quietMs === 0) return { signal, heard: () => undefined, stop: () => undefined };
  const controller = new AbortController();
  const giveUp = () => {
    const message = `${id} has said nothing for ${quietMs / 1000} s`;
    controller.abort(new AppError("timeout", message, { retryable: true }));
  };
  let timer = setTimeout(giveUp, quietMs);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    heard() {
      clearTimeout(timer);
      timer = setTimeout(giveUp, quietMs);
    },
    stop: () => clearTimeout(timer),
  };
}
