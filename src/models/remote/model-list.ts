import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type Value, isObject } from "#core/value.ts";
import type { ModelInfo } from "#models/provider.ts";

export interface ModelListRequest {
  /** Of the provider, for messages. */
  id: string;
  url: string;
  headers: Record<string, string>;
}

/** Names of a server's models: `{data: [{id}]}` as OpenAI and Anthropic answer, `{models: [{name: "models/…"}]}` as Google does. */
export async function listModels({ id, url, headers }: ModelListRequest, signal: AbortSignal): Promise<ModelInfo[]> {
  let response: Response;
  try {
    response = await fetch(url, { signal, headers });
  } catch (error) {
    throw new AppError("unavailable", `${id} does not answer at ${withoutQuery(url)}: ${messageOf(error)}`, {
      cause: error,
      retryable: true,
    });
  }
  if (response.status === 401 || response.status === 403) {
    throw new AppError("unauthorized", `${id} does not accept its key (${response.status})`);
  }
  if (!response.ok) throw new AppError("unavailable", `${id} answered ${response.status} to a list of its models`);
  return namesIn(readList(id, await response.text())).map((name) => ({
    id: name,
    provider: id,
    capabilities: ["text", "tools", "json"],
  }));
}

function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? url;
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
