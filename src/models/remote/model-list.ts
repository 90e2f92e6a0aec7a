import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type Value, isObject } from "#core/value.ts";
import type { ModelInfo } from "#models/provider.ts";
import { brokeOff } from "#models/remote/call-error.ts";
import { fetchFrom } from "#models/remote/model-fetch.ts";

export interface ModelListRequest {
  /** Of the provider, for messages. */
  id: string;
  url: string;
  headers: Record<string, string>;
}

/** Names of a server's models: `{data: [{id}]}` as OpenAI and Anthropic answer, `{models: [{name: "models/…"}]}` as Google does. */
export async function listModels({ id, url, headers }: ModelListRequest, signal: AbortSignal): Promise<ModelInfo[]> {
  try {
    const response = await fetchFrom(id, url, { signal, headers });
    const { status } = response;
    if (status === 401 || status === 403) {
      throw new AppError("unauthorized", `${id} does not accept its key (${status})`);
    }
    if (!response.ok) {
      const retryable = status === 429 || status >= 500;
      throw new AppError("unavailable", `${id} answered ${status} to a list of its models`, { retryable });
    }
    return describe(id, namesIn(readList(id, await response.text())));
  } catch (error) {
    throw toAppError(error, id, signal);
  }
}

/** Only the body can still fail here: everything else has its sentence. */
function toAppError(error: unknown, id: string, signal: AbortSignal): AppError {
  if (signal.aborted) return new AppError("cancelled", "The call was cancelled", { cause: error });
  return error instanceof AppError ? error : brokeOff(id, error);
}

function describe(id: string, names: string[]): ModelInfo[] {
  return names.map((name) => ({
    id: name,
    provider: id,
    // No list says what a model is for; those for embeddings all have it in their names.
    capabilities: /embed/i.test(id) ? ["embedding"] : ["text", "tools", "json"],
  }));
}

function readList(id: string, text: string): Value {
  try {
    return parseJson(text);
  } catch (error) {
    throw new AppError("unavailable", `${id} answered a list of its models that is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function namesIn(body: Value): string[] {
  const list = isObject(body) ? (body["data"] ?? body["models"]) : null;
  const items = (Array.isArray(list) ? list : []).filter(isObject);
  return items
    .map((item) => item["id"] ?? item["name"])
    .filter((name) => typeof name === "string")
    .map((name) => name.replace(/^models\//, ""));
}
