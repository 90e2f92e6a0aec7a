import type { Question } from "#sdk/question.ts";
import { type Line, block } from "#clients/terminal/line.ts";

/** A question as it stands in a conversation or by itself: everything that is to be decided on is shown, whole. */
export function questionLines(question: Question, width: number): Line[] {
  const { prompt, choices, calls, isApproval } = question;
  const lines = block(prompt, width, { first: { text: "? ", look: "warn" }, rest: "  ", look: "bold" });
  for (const call of calls) {
    lines.push(
      ...block(`${call.name} ${call.arguments}`, width, { first: { text: "  · ", look: "warn" }, rest: "    " }),
    );
  }
  for (const [index, choice] of choices.entries()) {
    const first = `  ${index + 1}  `;
    lines.push(...block(choice, width, { first: { text: first, look: "accent" }, rest: " ".repeat(first.length) }));
  }
  const how = isApproval
    ? "y allows, n denies"
    : choices.length > 0
      ? "Its number or its text, then enter"
      : "Write an answer, then enter";
  return [...lines, [{ text: `  ${how}`, look: "dim" }]];
}

/** The answer to an approval that a single key gives; null for any other. */
export function consentOf(text: string): boolean | null {
  return /^y$/i.test(text) ? true : /^n$/i.test(text) ? false : null;
}
