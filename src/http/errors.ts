import { AppError, type ErrorCode } from "#core/errors.ts";

/** HTTP status of every operating error. */
export const statusOfError: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unprocessable: 422,
  too_many_requests: 429,
  cancelled: 499,
  internal: 500,
  unsupported: 501,
  provider_refused: 502,
  unavailable: 503,
  timeout: 504,
  storage: 507,
};

/** One thing that is wrong with a request, in the shape that clients of the reference read. */
export interface Issue {
  type: string;
  loc: (string | number)[];
  msg: string;
  input: unknown;
  ctx?: Record<string, unknown>;
}

/** A request whose body or query has the wrong shape: answered with 422 and every issue. */
export class RequestIssues extends Error {
  readonly issues: Issue[];
  constructor(issues: Issue[]) {
    super(issues[0]?.msg ?? "the request is not valid");
    this.name = "RequestIssues";
    this.issues = issues;
  }
}

export interface ErrorReply {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, string>;
}

/** The reply to anything that a route threw. Only expected errors show their words; the rest is for the log. */
export function errorReply(error: unknown): ErrorReply {
  if (error instanceof RequestIssues) return { status: 422, body: { detail: error.issues }, headers: {} };
  if (error instanceof AppError) {
    const headers: Record<string, string> = {};
    if (error.retryAfterS !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterS)));
    return { status: statusOfError[error.code], body: { ...error.fields, detail: error.message }, headers };
  }
  return { status: 500, body: { detail: "Internal Server Error" }, headers: {} };
}
