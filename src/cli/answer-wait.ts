import { AppError } from "#core/errors.ts";
import { plain } from "#core/plain-text.ts";
import type { JsonObject } from "#core/value.ts";
import { type Question, chooseAnswer, consent } from "#sdk/question.ts";
import type { CliContext } from "#cli/context.ts";
import type { LineReader } from "#cli/line-reader.ts";
import { paintFor } from "#cli/terminal.ts";

/** Asks the person at the terminal and answers the resume payload; null when the question is no longer open. */
export async function answerWait(
  context: CliContext,
  reader: LineReader,
  question: Question,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  write(context, paintFor(context, context.stderr)("bold", plain(question.prompt)));
  return question.isApproval ? approve(context, reader, question, signal) : answer(context, reader, question, signal);
}

async function answer(
  context: CliContext,
  reader: LineReader,
  question: Question,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const { choices } = question;
  for (const [index, choice] of choices.entries()) write(context, `  ${index + 1}  ${plain(choice)}`);
  for (;;) {
    const line = await nextLine(reader, question, signal);
    if (line === null) return null;
    const response = chooseAnswer(question, line);
    if (response !== null) return { response };
    write(context, `Choose 1 to ${choices.length}, or one of the texts.`);
  }
}

async function approve(
  context: CliContext,
  reader: LineReader,
  question: Question,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  for (const call of question.calls) write(context, `  ${plain(call.name)} ${plain(call.arguments)}`);
  write(context, "Allow it? [y/N]");
  const line = await nextLine(reader, question, signal);
  return line === null ? null : consent(/^y(es)?$/i.test(line.trim()));
}

async function nextLine(reader: LineReader, question: Question, signal: AbortSignal): Promise<string | null> {
  const line = await reader.next(signal);
  if (line !== null || signal.aborted) return line;
  throw new AppError("conflict", `The run waits for an answer and the input has ended: ${plain(question.prompt)}`);
}

function write(context: CliContext, text: string): void {
  context.stderr.write(`${text}\n`);
}
