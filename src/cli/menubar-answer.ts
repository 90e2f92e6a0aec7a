import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { plain } from "#core/plain-text.ts";
import type { JsonObject } from "#core/value.ts";
import { type Question, answerCommand as commandFor, chooseAnswer, consent, openQuestion } from "#sdk/question.ts";
import { answerWait } from "#cli/answer-wait.ts";
import { connectArgs } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { wholeNumber } from "#cli/flags.ts";
import { createLineReader } from "#cli/line-reader.ts";
import { presentGateway } from "#cli/menubar-gateway.ts";
import { print } from "#cli/terminal.ts";

interface Answer {
  choice?: string | undefined;
  text?: string | undefined;
  allow?: boolean | undefined;
  deny?: boolean | undefined;
}

export function answerCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "answer", description: "Answer what a run asks; without an answer it is asked here" },
    args: {
      run: { type: "positional", description: "Id of the run", required: true },
      wait: { type: "string", valueHint: "key", description: "Only this question (URL-encoded), none that came later" },
      choice: { type: "string", valueHint: "number", description: "The choice of that number" },
      text: { type: "string", description: "This text" },
      allow: { type: "boolean", description: "Allow what the run wants to do" },
      deny: { type: "boolean", description: "Do not allow it" },
      ...connectArgs,
    },
    run: async ({ args }) => {
      const client = await presentGateway(context, args);
      const question = openQuestion(await client.get(args.run));
      if (!question || (args.wait !== undefined && decoded(args.wait) !== question.waitKey)) throw closed();
      const payload = payloadOf(question, args) ?? (await ask(context, question));
      const { command_id } = await client.command(commandFor(question, payload));
      const { outcome } = await client.outcome(command_id);
      if (outcome && outcome.status !== "applied") throw new AppError("conflict", outcome.message);
      print(context, outcome?.message ?? "Accepted; no runner has applied it yet.");
    },
  });
}

function closed(): AppError {
  return new AppError("conflict", "The question is no longer open: it was answered, or the run has ended.");
}

/** Null when the arguments have no answer. */
function payloadOf(question: Question, { choice, text, allow, deny }: Answer): JsonObject | null {
  if (allow || deny) {
    if (question.isApproval && allow !== deny) return consent(allow ?? false);
    throw new AppError("invalid_request", "--allow or --deny answers a run that asks whether it may use tools.");
  }
  const given = choice === undefined ? text : choiceOf(question, choice);
  if (given === undefined) return null;
  const response = question.isApproval ? null : chooseAnswer(question, given);
  if (response !== null) return { response };
  const allowed = question.isApproval ? "--allow or --deny" : question.choices.map(plain).join(", ");
  throw new AppError("invalid_request", `'${plain(given)}' is no answer to this question: expected ${allowed}.`);
}

function choiceOf({ choices }: Question, text: string): string | undefined {
  return choices[wholeNumber("choice", text, { min: 1, max: Math.max(1, choices.length) }) - 1] ?? text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function ask(context: CliContext, question: Question): Promise<JsonObject> {
  const reader = createLineReader(context, () => context.abort(130));
  try {
    const payload = await answerWait(context, reader, question, new AbortController().signal);
    if (payload === null) throw closed();
    return payload;
  } finally {
    reader.close();
  }
}
