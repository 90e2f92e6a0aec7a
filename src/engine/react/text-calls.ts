import { parseJson } from "#core/json.ts";
import { type JsonObject, isObject } from "#core/value.ts";

/** Tags around calls as models write them that were not asked in their native way. */
const tagged = /<(tool_call|function_call|tool)>\s*([\s\S]*?)\s*<\/\1>/g;
const fenced = /```(?:tool_call|tool|json)\s*\n([\s\S]*?)\n```/g;

/** Tool calls written as text, of tools that the model was given. Empty when there are none: the text is then the answer. */
export function textCalls(content: string, tools: ReadonlySet<string>): JsonObject[] {
  const bodies = [...content.matchAll(tagged)].map((match) => match[2] ?? "");
  if (bodies.length === 0) bodies.push(...[...content.matchAll(fenced)].map((match) => match[1] ?? ""));
  return bodies.flatMap((body) => callsIn(body)).filter(({ name }) => typeof name === "string" && tools.has(name));
}

/** The text without the calls: what the model thought aloud. */
export function withoutCalls(content: string): string {
  return content.replace(tagged, "").replace(fenced, "").trim();
}

function callsIn(body: string): JsonObject[] {
  try {
    const parsed = parseJson(body);
    const items = Array.isArray(parsed) ? parsed : [parsed];
    return items
      .filter(isObject)
      .map(normalized)
      .filter((call) => typeof call["name"] === "string");
  } catch {
    return [];
  }
}

function normalized(raw: JsonObject): JsonObject {
  const inner = isObject(raw["function"]) ? raw["function"] : raw;
  return {
    name: inner["name"] ?? null,
    arguments: inner["arguments"] ?? inner["parameters"] ?? inner["args"] ?? {},
  };
}
