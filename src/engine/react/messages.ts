import { isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";

/** More of one observation than this is not worth the room in the model's context; the ledger has all of it. */
const maxObservationChars = 40_000;

export function addMessage(execution: Execution, message: JsonObject, kind: string): void {
  const metadata = { message_id: `msg_${execution.newId().replaceAll("-", "")}`, kind };
  const content = message["content"] ?? "";
  execution.vars.append(["context", "messages"], {
    ...message,
    content,
    timestamp: isoTime(execution.now()),
    metadata,
  });
}

/** What the model reads of one tool result. */
export function observationText(result: JsonObject): string {
  const output = result["output"] ?? null;
  const text = result["success"] === true ? shown(output) : `Error: ${failure(result, output)}`;
  if (text.length <= maxObservationChars) return text;
  const head = text.slice(0, maxObservationChars / 2);
  const tail = text.slice(-maxObservationChars / 2);
  return `${head}\n… (${text.length - head.length - tail.length} characters left out) …\n${tail}`;
}

function failure(result: JsonObject, output: Value): string {
  const error = typeof result["error"] === "string" && result["error"] ? result["error"] : "the call failed";
  const rest = output === null ? "" : shown(output);
  return rest && rest !== error ? `${error}\n${rest}` : error;
}

function shown(value: Value): string {
  if (typeof value === "string") return value;
  if (isObject(value) && typeof value["rendered"] === "string") return value["rendered"];
  return value === null ? "(no output)" : JSON.stringify(value);
}
