import { textOf } from "#console/ui/text-of.ts";
import type { StepRecord } from "#core/record.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { LedgerEntry } from "#sdk/wire.ts";

/** Where a node stands, as the records up to a cursor say. */
export interface NodeState {
  status: StepRecord["status"];
  /** How often it was entered. */
  visits: number;
  ms: number;
  error: string | null;
}

export function nodeStates(entries: readonly LedgerEntry[], cursor: number): Map<string, NodeState> {
  const states = new Map<string, NodeState>();
  for (const { cursor: at, record } of entries) {
    if (at > cursor) break;
    const before = states.get(record.node_id);
    const isNew = !before || (!isAnnouncement(record) && (before.status === "completed" || before.status === "failed"));
    states.set(record.node_id, {
      status: record.status,
      visits: (before?.visits ?? 0) + (isNew ? 1 : 0),
      ms: (before?.ms ?? 0) + (record.status === "completed" ? lengthMs(record) : 0),
      error: record.error,
    });
  }
  return states;
}

/** The engine tells what becomes of the run, in the name of its last node. */
function isAnnouncement({ effect }: StepRecord): boolean {
  const name = effect?.type === "emit_event" ? effect.payload["name"] : null;
  return typeof name === "string" && name.startsWith("abstract.");
}

export function lengthMs({ started_at, ended_at }: StepRecord): number {
  return ended_at === null ? 0 : Math.max(0, Date.parse(ended_at) - Date.parse(started_at));
}

export interface Cost {
  calls: number;
  inTokens: number;
  outTokens: number;
  /** Null when no call said what it cost. */
  usd: number | null;
}

/** What the run's own model calls used. */
export function costOf(entries: readonly LedgerEntry[]): Cost {
  const cost: Cost = { calls: 0, inTokens: 0, outTokens: 0, usd: null };
  for (const { record } of entries) {
    if (record.status !== "completed" || record.effect?.type !== "llm_call" || !isObject(record.result)) continue;
    cost.calls++;
    const usage = record.result["usage"];
    if (!isObject(usage)) continue;
    cost.inTokens += first(usage, ["input_tokens", "prompt_tokens"]) ?? 0;
    cost.outTokens += first(usage, ["output_tokens", "completion_tokens"]) ?? 0;
    const usd = numberOf(usage["cost_usd"]);
    if (usd !== null) cost.usd = (cost.usd ?? 0) + usd;
  }
  return cost;
}

function first(object: JsonObject, names: string[]): number | null {
  for (const name of names) {
    const number = numberOf(object[name]);
    if (number !== null) return number;
  }
  return null;
}

/** The output of a completed run: in the record that completed it. */
export function outputOf(entries: readonly LedgerEntry[]): Value | undefined {
  for (const { record } of entries.toReversed()) {
    if (
      record.status === "completed" &&
      isObject(record.result) &&
      "output" in record.result &&
      record.result["completed"]
    )
      return record.result["output"];
  }
  return undefined;
}

/** What a record tells in one line. */
export function sentenceOf({ effect, result, error }: StepRecord): string {
  if (error) return error;
  const wait = isObject(result) ? result["wait"] : null;
  if (isObject(wait)) return typeof wait["prompt"] === "string" ? wait["prompt"] : `waits: ${textOf(wait["reason"])}`;
  const payload = effect?.payload;
  for (const source of [result, payload]) {
    if (typeof source === "string") return source;
    if (!isObject(source)) continue;
    for (const name of ["message", "content", "response", "text", "prompt", "name"]) {
      const value = source[name];
      if (typeof value === "string" && value !== "") return value;
    }
  }
  return "";
}
