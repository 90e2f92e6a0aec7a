import { AppError, messageOf } from "#core/errors.ts";
import type { Effected } from "#effects/effect-handler.ts";

/** What a call came to that raised: whether and when to try again is the provider's to say. */
export function failedCall(error: unknown): Effected {
  if (!(error instanceof AppError)) return { outcome: { status: "failed", error: messageOf(error) } };
  const { message, retryable, retryAfterS } = error;
  const later = retryAfterS === undefined ? {} : { retry_after_s: retryAfterS };
  return { outcome: { status: "failed", error: message, retryable, ...later } };
}
