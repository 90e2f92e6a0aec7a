import type { StepRecord } from "#core/record.ts";
import { answerOf, firstText } from "#core/answer-text.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** What was asked in a turn: the first text of prompt, message, task, or of the context; else its last user message. */
export function promptOf(vars: JsonObject): { prompt: string | null; metadata: JsonObject | null } {
  const context = isObject(vars["context"]) ? vars["context"] : {};
  const candidates = [vars["prompt"], vars["message"], vars["task"], context["task"], context["message"]];
  const found = candidates.find((value): value is string => typeof value === "string" && value.trim() !== "");
  return splitMetadata(found ?? lastUserMessage(context["messages"]));
}

function lastUserMessage(messages: Value | undefined): string | null {
  if (!Array.isArray(messages)) return null;
  for (const message of messages.toReversed()) {
    if (isObject(message) && message["role"] === "user" && typeof message["content"] === "string") {
      return message["content"];
    }
  }
  return null;
}

const envelope = /^\s*<runtime_metadata>([\s\S]*?)<\/runtime_metadata>\s*/;

function splitMetadata(text: string | null): { prompt: string | null; metadata: JsonObject | null } {
  const match = text === null ? null : envelope.exec(text);
  if (text === null || !match?.[1]) return { prompt: text, metadata: null };
  try {
    const metadata: unknown = JSON.parse(match[1]);
    return isObject(metadata) ? { prompt: text.slice(match[0].length), metadata } : { prompt: text, metadata: null };
  } catch {
    return { prompt: text, metadata: null };
  }
}

/** The last thing that a ledger says to a person, looking backwards. */
export function answerInLedger(newestFirst: readonly StepRecord[]): string | null {
  for (const record of newestFirst) {
    if (record.status !== "completed" || !isObject(record.result)) continue;
    if (record.effect?.type === "answer_user") {
      const said =
        firstText(record.result, ["message"]) ?? firstText(record.effect.payload, ["message", "text", "content"]);
      if (said !== null) return said;
    }
    const output = record.result["output"];
    const text = output === undefined ? null : answerOf(output);
    if (text !== null) return text;
  }
  return null;
}
