import type { ErrorCode } from "#core/errors.ts";
import type { TerminalStatus } from "#core/run.ts";

/** Exit code of a command that ended with an error. Above 63 they are those of sysexits.h, which init systems and scripts know. */
export const exitCodeOfError: Record<ErrorCode, number> = {
  invalid_request: 2,
  unprocessable: 2,
  too_large: 2,
  not_found: 66,
  gone: 66,
  provider_refused: 69,
  unavailable: 69,
  unsupported: 69,
  internal: 70,
  storage: 74,
  conflict: 75,
  too_many_requests: 75,
  timeout: 75,
  unauthorized: 77,
  forbidden: 77,
  cancelled: 130,
};

/** Exit code of `run` and of `logs -f`: how the run ended. */
export const exitCodeOfRun: Record<TerminalStatus, number> = { completed: 0, failed: 1, cancelled: 130 };

/** A check found something wrong: `verify`, `bundle check`. */
export const exitCodeOfFindings = 1;
