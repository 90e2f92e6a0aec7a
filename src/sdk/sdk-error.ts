import { AppError, type ErrorCode } from "#core/errors.ts";

/** An error answer of the gateway, or no answer at all (`status` null). `message` is one sentence for a person. */
export class SdkError extends AppError {
  readonly status: number | null;
  /** What the server said: its `detail`, text or list of field errors. */
  readonly detail: unknown;
  constructor(status: number | null, detail: unknown, options: { cause?: unknown; retryAfterS?: number } = {}) {
    super(codeOf(status), sentence(status, detail), { ...options, retryable: isRetryable(status) });
    this.name = "SdkError";
    this.status = status;
    this.detail = detail;
  }
}

const codes: Record<number, ErrorCode> = {
  400: "invalid_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  408: "timeout",
  409: "conflict",
  410: "gone",
  413: "too_large",
  422: "unprocessable",
  429: "too_many_requests",
  501: "unsupported",
  503: "unavailable",
  504: "timeout",
};

function codeOf(status: number | null): ErrorCode {
  if (status === null) return "unavailable";
  return codes[status] ?? (status < 500 ? "invalid_request" : "internal");
}

/** Errors that another attempt may not meet: a lost connection, a busy or restarting gateway. */
function isRetryable(status: number | null): boolean {
  return status === null || status === 429 || status >= 500;
}

function sentence(status: number | null, detail: unknown): string {
  if (typeof detail === "string" && detail !== "") return detail;
  if (Array.isArray(detail) && detail.length > 0) return detail.map(fieldSentence).join("; ");
  return status === null ? "The gateway cannot be reached." : `The gateway answered with status ${status}.`;
}

/** One entry of a 422 body: `{loc: ["body", "field"], msg}`. */
function fieldSentence(entry: unknown): string {
  const { loc, msg } = (entry ?? {}) as { loc?: unknown; msg?: unknown };
  const path = Array.isArray(loc) ? loc.filter((part) => part !== "body" && part !== "query").join(".") : "";
  const reason = typeof msg === "string" ? msg : JSON.stringify(entry);
  return path === "" ? reason : `${path}: ${reason}`;
}
