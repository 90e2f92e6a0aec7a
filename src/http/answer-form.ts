import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

export function isConsent(wait: Wait): boolean {
  return wait.details?.["mode"] === "approval_required";
}

/** A choice as people read it. */
export function choiceLabel(choice: Value): string {
  if (typeof choice === "string") return choice;
  const label = isObject(choice) ? (choice["label"] ?? choice["value"]) : undefined;
  return typeof label === "string" ? label : JSON.stringify(choice);
}

/** The tool calls that ask for consent. */
export function callsOf(wait: Wait): { name: string; input: JsonObject }[] {
  const calls = wait.details?.["tool_calls"];
  return (Array.isArray(calls) ? calls : []).flatMap((call) => {
    if (!isObject(call)) return [];
    const { name, arguments: input } = call;
    return [{ name: typeof name === "string" ? name : "?", input: isObject(input) ? input : {} }];
  });
}

export type FormAnswer = { payload: Record<string, string | boolean> } | { problem: string };

/** The form's fields as the payload of a resume, or what is missing. */
export function answerOf(wait: Wait, form: URLSearchParams): FormAnswer {
  return isConsent(wait) ? consentOf(form) : responseOf(wait, form);
}

function consentOf(form: URLSearchParams): FormAnswer {
  const decision = form.get("decision");
  if (decision === "approve") return { payload: { approved: true } };
  if (decision !== "deny") return { problem: "Choose to allow it or to deny it." };
  const reason = form.get("reason")?.trim() ?? "";
  return { payload: { approved: false, ...(reason === "" ? {} : { reason }) } };
}

function responseOf(wait: Wait, form: URLSearchParams): FormAnswer {
  const choices = (wait.choices ?? []).map(choiceLabel);
  const isFree = choices.length === 0 || wait.allow_free_text;
  const chosen = form.get("choice");
  if (chosen !== null && choices.includes(chosen)) return { payload: { response: chosen } };
  const written = form.get("response")?.trim() ?? "";
  if (written !== "" && (isFree || choices.includes(written))) return { payload: { response: written } };
  return { problem: choices.length > 0 ? "Choose one of the answers." : "Write an answer." };
}
