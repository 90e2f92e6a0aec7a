import { AppError } from "#core/errors.ts";
import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { CliContext } from "#cli/context.ts";
import type { LineReader } from "#cli/line-reader.ts";
import { paintFor, plain } from "#cli/terminal.ts";

/** Asks the person at the terminal and answers the resume payload; null when the question is no longer open. */
export async function answerWait(
  context: CliContext,
  reader: LineReader,
  wait: Wait,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  return wait.details?.["mode"] === "approval_required"
    ? approve(context, reader, wait, signal)
    : answer(context, reader, wait, signal);
}

async function answer(
  context: CliContext,
  reader: LineReader,
  wait: Wait,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const choices = (wait.choices ?? []).map(choiceText);
  write(context, paintFor(context, context.stderr)("bold", plain(wait.prompt ?? "The workflow asks for an answer.")));
  for (const [index, choice] of choices.entries()) write(context, `  ${index + 1}  ${plain(choice)}`);
  for (;;) {
    const line = await nextLine(reader, wait, signal);
    if (line === null) return null;
    const response = choose(line.trim(), choices, wait.allow_free_text);
    if (response !== null) return { response };
    write(context, `Choose 1 to ${choices.length}, or one of the texts.`);
  }
}

/** The choice by its number or its text; free text where the question allows it. */
function choose(line: string, choices: string[], allowFreeText: boolean): string | null {
  if (choices.length === 0) return line;
  const byNumber = /^\d+$/.test(line) ? choices[Number(line) - 1] : undefined;
  const byText = choices.find((choice) => choice.toLowerCase() === line.toLowerCase());
  return byText ?? byNumber ?? (allowFreeText && line !== "" ? line : null);
}

function choiceText(choice: Value): string {
  if (typeof choice === "string") return choice;
  const label = isObject(choice) ? (choice["label"] ?? choice["value"]) : undefined;
  return typeof label === "string" ? label : JSON.stringify(choice);
}

async function approve(
  context: CliContext,
  reader: LineReader,
  wait: Wait,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const calls = wait.details?.["tool_calls"];
  write(context, paintFor(context, context.stderr)("bold", "The workflow wants to use tools:"));
  for (const call of Array.isArray(calls) ? calls : []) {
    if (isObject(call))
      write(context, `  ${plain(choiceText(call["name"] ?? ""))} ${plain(JSON.stringify(call["arguments"] ?? {}))}`);
  }
  write(context, "Allow it? [y/N]");
  const line = await nextLine(reader, wait, signal);
  if (line === null) return null;
  return /^y(es)?$/i.test(line.trim()) ? { approved: true } : { approved: false, reason: "Denied by user" };
}

async function nextLine(reader: LineReader, wait: Wait, signal: AbortSignal): Promise<string | null> {
  const line = await reader.next(signal);
  if (line !== null || signal.aborted) return line;
  throw new AppError(
    "conflict",
    `The run waits for an answer and the input has ended: ${plain(wait.prompt ?? wait.wait_key ?? "")}`,
  );
}

function write(context: CliContext, text: string): void {
  context.stderr.write(`${text}\n`);
}
