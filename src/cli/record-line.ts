import type { StepRecord } from "#core/record.ts";
import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { LedgerEntry } from "#sdk/wire.ts";
import { type Paint, type Style, plain } from "#cli/terminal.ts";

const marks: Record<StepRecord["status"], [mark: string, style: Style]> = {
  started: ["▸", "dim"],
  waiting: ["⏸", "yellow"],
  completed: ["✓", "green"],
  failed: ["✗", "red"],
};

/** One record as one line: cursor, state, node, effect and the most telling part of its content. */
export function describeRecord({ cursor, record }: LedgerEntry, paint: Paint): string {
  const [mark, style] = marks[record.status];
  const effect = record.effect?.type ?? "end";
  const what = `${paint(style, mark)} ${plain(record.node_id).padEnd(16)} ${paint("dim", effect.padEnd(16))}`;
  return `${paint("dim", String(cursor).padStart(5))} ${what} ${detail(record)}`.trimEnd();
}

function detail(record: StepRecord): string {
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

export function waitOf(record: StepRecord): Wait | null {
  if (record.status !== "waiting" || !isObject(record.result)) return null;
  const wait: Value | undefined = record.result["wait"];
  return isObject(wait) ? (wait as unknown as Wait) : null;
}

function waitText(wait: Wait): string {
  if (wait.reason === "user") return oneLine(wait.prompt ?? "waits for an answer");
  if (wait.reason === "until") return `until ${wait.until}`;
  return oneLine(`waits for ${wait.reason} ${wait.wait_key ?? ""}`);
}

function oneLine(text: string, width = 120): string {
  const line = plain(text).replace(/\s+/g, " ").trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
