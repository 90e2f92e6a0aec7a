import { oneLine } from "#core/plain-text.ts";
import type { StepRecord } from "#core/record.ts";
import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** The wait that a record begins, or null. */
export function waitOf(record: StepRecord): Wait | null {
  if (record.status !== "waiting" || !isObject(record.result)) return null;
  const wait: Value | undefined = record.result["wait"];
  return isObject(wait) ? (wait as unknown as Wait) : null;
}

/** The child run that a record waits for, or null. */
export function childOf(record: StepRecord): string | null {
  const wait = waitOf(record);
  const child = wait?.reason === "subworkflow" ? wait.details?.["sub_run_id"] : null;
  return typeof child === "string" ? child : null;
}

/** The most telling part of a record as one line that is safe on a terminal. */
export function telling(record: StepRecord): string {
  if (record.error) return oneLine(record.error);
  const wait = waitOf(record);
  if (wait) return waitText(wait);
  if (record.status === "started" || !isObject(record.result)) return "";
  const { result } = record;
  if (record.effect === null) return oneLine(JSON.stringify(result["output"] ?? {}));
  return oneLine(messageOf(result) ?? "");
}

/** What a record says to the user: an answer, a model's text, a status. */
function messageOf(result: JsonObject): string | null {
  for (const key of ["message", "content", "text"]) {
    const value = result[key];
    if (typeof value === "string") return value;
  }
  const payload = result["payload"];
  return isObject(payload) ? messageOf(payload) : null;
}

function waitText(wait: Wait): string {
  if (wait.reason === "user") return oneLine(wait.prompt ?? "waits for an answer");
  if (wait.reason === "until") return `until ${wait.until}`;
  return oneLine(`waits for ${wait.reason} ${wait.wait_key ?? ""}`);
}
