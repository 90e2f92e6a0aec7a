import {
  APICallError,
  InvalidArgumentError,
  InvalidPromptError,
  InvalidResponseDataError,
  JSONParseError,
  NoOutputGeneratedError,
  StreamProviderError,
  TypeValidationError,
} from "ai";
import { AppError, type AppErrorOptions, type ErrorCode, messageOf } from "#core/errors.ts";
import { brokeOff, detailIn, oneLine, retryAfter } from "#models/remote/refusal-text.ts";

export interface FailedCall {
  /** Of the provider, for messages. */
  id: string;
  model: string;
  signal: AbortSignal;
  nowMs: number;
}

/** One sentence and a code for whatever the AI SDK raises in a call. */
export function toAppError(error: unknown, call: FailedCall): AppError {
  if (call.signal.aborted) return new AppError("cancelled", "The call was cancelled", { cause: error });
  const { id } = call;
  const known = knownIn(error);
  if (known) return known;
  if (APICallError.isInstance(error)) return refusal(error, call);
  if (InvalidPromptError.isInstance(error) || InvalidArgumentError.isInstance(error)) {
    return new AppError("invalid_request", `${id} cannot be asked this: ${oneLine(error.message)}`, { cause: error });
  }
  if (StreamProviderError.isInstance(error)) return failureInside(error, id);
  if (TypeValidationError.isInstance(error)) return unreadable(id, JSON.stringify(error.value), error);
  if (JSONParseError.isInstance(error)) return unreadable(id, error.text, error);
  if (InvalidResponseDataError.isInstance(error) || NoOutputGeneratedError.isInstance(error))
    return brokeOff(id, error);
  const message = `The call of ${id} failed: ${oneLine(messageOf(error))}`;
  return new AppError("unavailable", message, { cause: error, retryable: true });
}

/** What our own `fetch` raised, which the SDK wraps when a network error is its cause. */
function knownIn(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  return APICallError.isInstance(error) && error.cause instanceof AppError ? error.cause : null;
}

/** A failure that the server tells of inside of a stream that began well. */
function failureInside(error: StreamProviderError, id: string): AppError {
  const code = error.statusCode === 429 ? "too_many_requests" : "unavailable";
  const message = `${id} failed in the middle of its answer: ${oneLine(error.message)}`;
  return new AppError(code, message, { cause: error, retryable: error.isRetryable || code === "unavailable" });
}

function unreadable(id: string, text: string, cause: unknown): AppError {
  const message = `${id} sent a piece of its answer that cannot be read: ${oneLine(text)}`;
  return new AppError("unavailable", message, { cause, retryable: true });
}

function refusal(error: APICallError, call: FailedCall): AppError {
  const { id, model } = call;
  const status = error.statusCode ?? 0;
  // The reply began well, and its stream failed.
  if (status < 400) return brokeOff(id, error);
  const retryAfterS = retryAfter(error.responseHeaders ?? {}, call.nowMs);
  const options: AppErrorOptions = { cause: error, ...(retryAfterS === null ? {} : { retryAfterS }) };
  const said = saidIn(error);
  const later = retryAfterS === null ? "" : ` (try again in ${Math.ceil(retryAfterS)} s)`;
  if (status === 401 || status === 403) {
    return new AppError("provider_refused", `${id} does not accept its key (${status}): ${said}`, options);
  }
  if (status === 404) return new AppError("not_found", `${id} answered 404 for the model '${model}': ${said}`, options);
  if (status === 429) {
    const message = `${id} has had too many requests${later}: ${said}`;
    return new AppError("too_many_requests", message, { ...options, retryable: true });
  }
  const code: ErrorCode = error.isRetryable ? "unavailable" : status === 413 ? "too_large" : "invalid_request";
  return new AppError(code, `${id} answered ${status}${later}: ${said}`, { ...options, retryable: error.isRetryable });
}

/** The SDK knows the error of its own wire; other servers tell of theirs in other words. */
function saidIn(error: APICallError): string {
  const known = error.data === undefined ? detailIn(error.responseBody ?? "") : null;
  return known ?? oneLine(error.message);
}
