/** Every operating error has one of these codes; `http/errors.ts` maps them to a status, `cli/exit-codes.ts` to an exit code. */
export const errorCodes = [
  "invalid_request",
  "unauthorized",
  "forbidden",
  "not_found",
  "conflict",
  "gone",
  "too_large",
  "unprocessable",
  "too_many_requests",
  "unsupported",
  "provider_refused",
  "unavailable",
  "timeout",
  "cancelled",
  "storage",
  "internal",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export interface AppErrorOptions {
  retryable?: boolean;
  /** Seconds that a caller should wait before it tries again. */
  retryAfterS?: number;
  cause?: unknown;
  /** Extra fields of the HTTP error body beside `detail`. */
  fields?: Record<string, unknown>;
}

/** An operating error: an expected failure with one clear sentence for the person who meets it. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterS: number | undefined;
  readonly fields: Record<string, unknown>;
  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterS = options.retryAfterS;
    this.fields = options.fields ?? {};
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
