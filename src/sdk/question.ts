import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { CommandBody, RunSummary, WaitSummary } from "#sdk/wire.ts";

/** What a run asks a person: a question, or consent to calls of tools. Its texts are as models and flows wrote them. */
export interface Question {
  runId: string;
  /** Names the wait, so that an answer never meets a later one. */
  waitKey: string | null;
  isApproval: boolean;
  prompt: string;
  /** Empty: any text is an answer. */
  choices: string[];
  allowFreeText: boolean;
  /** The calls that need consent. */
  calls: { name: string; arguments: string }[];
}

/** Null for a wait that no person can end: a time, an event, a child run, a pause. */
export function questionOf(runId: string, wait: Wait | WaitSummary): Question | null {
  if (wait.reason !== "user" || wait.details?.["kind"] === "pause") return null;
  const isApproval = wait.details?.["mode"] === "approval_required";
  const fallback = isApproval ? "The workflow wants to use tools:" : "The workflow asks for an answer.";
  return {
    runId,
    waitKey: wait.wait_key ?? null,
    isApproval,
    prompt: wait.prompt || fallback,
    choices: (wait.choices ?? []).map(choiceText),
    allowFreeText: wait.allow_free_text ?? false,
    calls: isApproval ? callsOf(wait.details?.["tool_calls"]) : [],
  };
}

/** The question of a run in a list, or null. A paused run asks nobody; its question comes back with it. */
export function openQuestion(run: RunSummary): Question | null {
  return run.status !== "waiting" || run.paused || !run.waiting ? null : questionOf(run.run_id, run.waiting);
}

/** The choice by its text or its number, free text where it is allowed; null when the text is no answer. */
export function chooseAnswer(
  { choices, allowFreeText }: Pick<Question, "choices" | "allowFreeText">,
  text: string,
): string | null {
  const line = text.trim();
  if (choices.length === 0) return line;
  const byNumber = /^\d+$/.test(line) ? choices[Number(line) - 1] : undefined;
  const byText = choices.find((choice) => choice.toLowerCase() === line.toLowerCase());
  return byText ?? byNumber ?? (allowFreeText && line !== "" ? line : null);
}

/** The payload that answers an approval. */
export function consent(isGiven: boolean): JsonObject {
  return isGiven ? { approved: true } : { approved: false, reason: "Denied by user" };
}

/** The command that brings an answer to its question. */
export function answerCommand({ runId, waitKey }: Question, payload: JsonObject): CommandBody {
  return { run_id: runId, type: "resume", payload: { ...(waitKey === null ? {} : { wait_key: waitKey }), payload } };
}

function callsOf(calls: Value | undefined): Question["calls"] {
  return (Array.isArray(calls) ? calls : []).filter(isObject).map((call) => ({
    name: choiceText(call["name"] ?? ""),
    arguments: JSON.stringify(call["arguments"] ?? {}),
  }));
}

function choiceText(choice: Value): string {
  if (typeof choice === "string") return choice;
  const label = isObject(choice) ? (choice["label"] ?? choice["value"]) : undefined;
  return typeof label === "string" ? label : JSON.stringify(choice);
}
