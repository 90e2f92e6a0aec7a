import type { AskedQuestion } from "#clients/bridge/channel.ts";
import { tail } from "#clients/telegram/texts.ts";

const maxCallChars = 1500;
const maxChars = 4000;

/** A question as a message says it. */
export function questionText({ question, asked, run }: AskedQuestion): string {
  const calls = asked.calls.map((call) => `• ${call.name} ${call.arguments.slice(0, maxCallChars)}`);
  const how = question.isConsent ? "Allow it? /approve or /deny" : question.allowsText ? "Reply to answer." : null;
  const origin = run.session_id === null ? run.workflow_id : `${run.workflow_id}, session ${run.session_id}`;
  const lines = [asked.prompt, ...calls, ...(how === null ? [] : ["", how]), "", `(${origin})`];
  return tail(lines.join("\n"), maxChars);
}
