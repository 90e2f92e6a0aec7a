import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ModelInfo } from "#models/provider.ts";
import { brokeOff } from "#models/remote/refusal-text.ts";
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
      throw new AppError("provider_refused", `${id} does not accept its key (${status})`);
    }
    if (!response.ok) {
      const retryable = status === 429 || status >= 500;
      throw new AppError("unavailable", `${id} answered ${status} to a list of its models`, { retryable });
    }
    return describe(id, itemsIn(readList(id, await response.text())));
  } catch (error) {
    throw toAppError(error, id, signal);
  }
}

/** Only the body can still fail here: everything else has its sentence. */
function toAppError(error: unknown, id: string, signal: AbortSignal): AppError {
  if (signal.aborted) return new AppError("cancelled", "The call was cancelled", { cause: error });
  return error instanceof AppError ? error : brokeOff(id, error);
}

function describe(provider: string, items: JsonObject[]): ModelInfo[] {
  return items.flatMap((item) => {
    const given = item["id"] ?? item["name"];
    if (typeof given !== "string") return [];
    const id = given.replace(/^models\//, "");
    const inputs = inputsOf(item);
    // Few lists say what a model is for; those for embeddings all have it in their names.
    const capabilities = /embed/i.test(id) ? ["embedding"] : ["text", "tools", "json"];
    for (const input of inputs ?? []) capabilities.push(`input.${input}`);
    return [{ id, provider, capabilities, ...(inputs === null ? {} : { inputs }) }];
  });
}

/** What a model takes beside text: in the words of OpenRouter, of Mistral and of llama-server. Null when the list does not say. */
function inputsOf({ architecture, capabilities }: JsonObject): string[] | null {
  const modalities = isObject(architecture) ? architecture["input_modalities"] : null;
  if (Array.isArray(modalities))
    return modalities.filter((each) => typeof each === "string" && each !== "text") as string[];
  if (isObject(capabilities) && typeof capabilities["vision"] === "boolean")
    return capabilities["vision"] ? ["image"] : [];
  if (Array.isArray(capabilities) && capabilities.includes("completion"))
    return capabilities.includes("multimodal") || capabilities.includes("vision") ? ["image"] : [];
  return null;
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

function itemsIn(body: Value): JsonObject[] {
  const list = isObject(body) ? (body["data"] ?? body["models"]) : null;
  return (Array.isArray(list) ? list : []).filter(isObject);
}
