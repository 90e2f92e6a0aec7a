import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** Where flows put what they say. */
export const answerKeys = ["response", "answer", "message", "text", "content"];

/** The answer in a run's output: the first text under the usual keys, there or one level inside. */
export function answerOf(output: Value): string | null {
  if (!isObject(output)) return typeof output === "string" && output.trim() !== "" ? output : null;
  for (const place of [output, output["result"], output["output"]]) {
    const text = isObject(place) ? firstText(place, answerKeys) : null;
    if (text !== null) return text;
  }
  return null;
}

/** The first of the texts under these keys that says something. */
export function firstText(place: JsonObject, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = place[key];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return null;
}
