import type { JsonObject } from "#core/value.ts";
import { chooseAnswer } from "#sdk/question.ts";
import type { Question } from "#clients/bridge/bridge-state.ts";

/** A person's text as the payload that answers a question; null when it does not answer it. */
export function readAnswer(
  question: Pick<Question, "isConsent" | "choices" | "allowsText">,
  text: string,
): JsonObject | null {
  const said = text.trim();
  if (question.isConsent) return readConsent(said);
  const { choices, allowsText } = question;
  const response = said === "" ? null : chooseAnswer({ choices, allowFreeText: allowsText }, said);
  return response === null ? null : { response };
}

/** The first word decides; what comes after a no is the reason. */
function readConsent(said: string): JsonObject | null {
  const [, word = "", rest = ""] = /^\W*(\p{L}+)[\s.,:;!-]*([\s\S]*)$/u.exec(said) ?? [];
  if (/^(approved?|yes|y|ok|allow)$/i.test(word)) return { approved: true };
  if (!/^(deny|denied|no|n|reject)$/i.test(word)) return null;
  const reason = rest.trim();
  return { approved: false, ...(reason === "" ? {} : { reason }) };
}
