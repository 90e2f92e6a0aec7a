import { AppError, messageOf } from "#core/errors.ts";
import { detailIn } from "#models/remote/refusal-text.ts";

/**
 * `fetch` to one provider. AppError `unavailable` that names the provider and the address when nobody answers there. An error while the
 * caller's signal is aborted is handed on as it is.
 */
export async function fetchFrom(id: string, url: string, init: RequestInit): Promise<Response> {
  try {
    // Bun would end a quiet connection after five minutes; how long to wait is the caller's to say.
    return await fetch(url, { ...init, timeout: false });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new AppError("unavailable", `${id} does not answer at ${withoutQuery(url)}: ${firstSentence(error)}`, {
      cause: error,
      retryable: true,
    });
  }
}

/**
 * The `fetch` that the AI SDK gets for streamed answers. The SDK reads a web page, or a JSON body that tells of an error with status 200,
 * as an answer without an end; here they are told from an answer by their content type.
 */
export function createModelFetch(id: string): typeof fetch {
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    const response = await fetchFrom(id, url, init);
    const type = response.headers.get("content-type") ?? "";
    if (!response.ok || !/^(text\/html|application\/json)\b/i.test(type)) return response;
    const body = await response.text();
    const what = type.toLowerCase().startsWith("text/html") ? "a web page" : "JSON that is not a stream";
    const detail = detailIn(body);
    const message = `${id} answered with ${what} instead of a model's answer at ${withoutQuery(url)}`;
    throw new AppError("unavailable", detail === null ? message : `${message}: ${detail}`);
  };
  return Object.assign(send, { preconnect: fetch.preconnect });
}

/** A query may hold a key, and so may a name before the host. */
function withoutQuery(url: string): string {
  return (url.split("?", 1)[0] ?? url).replace(/\/\/[^/@]*@/, "//");
}

/** Bun adds advice for developers to what went wrong. */
function firstSentence(error: unknown): string {
  return messageOf(error).split(/\. /, 1)[0] ?? "";
}
