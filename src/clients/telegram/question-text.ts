import { type JsonObject, isObject } from "#core/value.ts";
import type { AskedQuestion } from "#clients/bridge/channel.ts";
import { tail } from "#clients/telegram/texts.ts";

const maxCallChars = 1500;
const maxChars = 4000;

/** A question as a message says it. */
export function questionText({ question, wait, run }: AskedQuestion): string {
  const lines = question.isConsent
    ? ["The workflow wants to use tools:", ...callLines(wait.details ?? {}), "", "Allow it? /approve or /deny"]
    : [wait.prompt ?? "The workflow asks for an answer.", ...(question.allowsText ? ["", "Reply to answer."] : [])];
  const origin = run.session_id === null ? run.workflow_id : `${run.workflow_id}, session ${run.session_id}`;
  return tail([...lines, "", `(${origin})`].join("\n"), maxChars);
}

function callLines(details: JsonObject): string[] {
  const calls = details["tool_calls"];
  return (Array.isArray(calls) ? calls : []).flatMap((call) => {
    if (!isObject(call)) return [];
    const name = typeof call["name"] === "string" ? call["name"] : "?";
    return [`• ${name} ${JSON.stringify(call["arguments"] ?? {}).slice(0, maxCallChars)}`];
  });
}
