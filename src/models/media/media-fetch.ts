import { AppError } from "#core/errors.ts";
import { detailIn, retryAfter } from "#models/remote/refusal-text.ts";
import { fetchFrom } from "#models/remote/model-fetch.ts";

/** Larger than any answer of a provider; what is larger is no answer but a leak. */
const maxAnswerBytes = 512 * 1024 * 1024;

export interface MediaFetchOptions {
  /** Of the provider, for messages. */
  id: string;
  quietMs: number;
  /** Where the SDK would ask, and where it asks instead. */
  moved?: { from: string; to: string };
}

/** `fetch` to one provider of media: it ends with the caller's signal, with patience, and with the largest answer. */
export function createMediaFetch({ id, quietMs, moved }: MediaFetchOptions): typeof fetch {
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const asked = input instanceof Request ? input.url : String(input);
    const url = moved && asked.startsWith(moved.from) ? moved.to + asked.slice(moved.from.length) : asked;
    const late = quietMs > 0 ? AbortSignal.timeout(quietMs) : null;
    const signals = [init.signal, late].filter((signal): signal is AbortSignal => !!signal);
    try {
      const response = await fetchFrom(id, url, {
        ...init,
        ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
      });
      if (response.ok && /^text\/html\b/i.test(response.headers.get("content-type") ?? "")) {
        await response.body?.cancel();
        throw new AppError("unavailable", `${id} answered with a web page instead of media`);
      }
      return limited(id, response, { late, quietMs });
    } catch (error) {
      throw late?.aborted && !init.signal?.aborted ? tooLate(id, quietMs) : error;
    }
  };
  return Object.assign(send, { preconnect: fetch.preconnect });
}

function tooLate(id: string, quietMs: number): AppError {
  return new AppError("timeout", `${id} has not answered after ${quietMs / 1000} s`);
}

/** The same response, whose body counts its bytes. */
function limited(
  id: string,
  response: Response,
  { late, quietMs }: { late: AbortSignal | null; quietMs: number },
): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  let bytes = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (done) return controller.close();
        bytes += value.length;
        if (bytes > maxAnswerBytes)
          throw new AppError("too_large", `The answer of ${id} has more than ${maxAnswerBytes} bytes`);
        controller.enqueue(value);
      } catch (error) {
        void reader.cancel().catch(() => undefined);
        controller.error(late?.aborted ? tooLate(id, quietMs) : error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

/** A response that is no success, as an AppError. */
export async function refusalOf(id: string, model: string, response: Response): Promise<AppError> {
  const { status } = response;
  const said = detailIn(await response.text().catch(() => "")) ?? "without a reason";
  const retryAfterS = retryAfter(Object.fromEntries(response.headers), Date.now());
  const options = retryAfterS === null ? {} : { retryAfterS };
  if (status === 401 || status === 403)
    return new AppError("provider_refused", `${id} does not accept its key (${status}): ${said}`);
  if (status === 404 || status === 405)
    return new AppError("not_found", `${id} answered ${status} for the model '${model}': ${said}`);
  if (status === 429)
    return new AppError("too_many_requests", `${id} has had too many requests: ${said}`, {
      ...options,
      retryable: true,
    });
  const retryable = status >= 500 || status === 408 || status === 409;
  return new AppError(retryable ? "unavailable" : "invalid_request", `${id} answered ${status}: ${said}`, {
    ...options,
    retryable,
  });
}
