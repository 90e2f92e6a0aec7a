import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** What somebody typed, as a value or as what is wrong with it. Nothing typed is neither. */
export function readJson(text: string): { value: Value | null; wrong: string | null } {
  if (text.trim() === "") return { value: null, wrong: null };
  try {
    return { value: JSON.parse(text) as Value, wrong: null };
  } catch (error) {
    return { value: null, wrong: `Not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export function readJsonObject(text: string): { value: JsonObject | null; wrong: string | null } {
  const { value, wrong } = readJson(text);
  if (wrong !== null || value === null) return { value: null, wrong };
  return isObject(value) ? { value, wrong: null } : { value: null, wrong: "A JSON object, in braces." };
}
