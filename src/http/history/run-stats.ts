import { isNoteRecord } from "#core/note.ts";
import type { StepRecord } from "#core/record.ts";
import { parseTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import { allRecords } from "#http/history/all-records.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

export interface RunStats {
  duration_ms: number;
  llm_calls: number;
  tool_calls: number;
  usage: { input_tokens: number; output_tokens: number; total_tokens: number };
  /** Tokens per second, or null when nothing was generated. */
  tok_s: number | null;
}

/** Counts over the ledgers of some runs: completed model calls, executed tool calls, tokens, first to last timestamp. */
export async function runStats(ledger: ScopedLedger, runIds: readonly string[]): Promise<RunStats> {
  const counter = new Counter();
  for (const runId of runIds) {
    for await (const page of allRecords(ledger, runId)) {
      for (const record of page) counter.add(JSON.parse(record.json) as StepRecord);
    }
  }
  return counter.stats();
}

class Counter {
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #llmCalls = 0;
  #toolCalls = 0;
  #input = 0;
  #output = 0;
  #total = 0;

  add(record: StepRecord): void {
    // A summary may be written long after the end.
    if (isNoteRecord(record)) return;
    this.#see(record.started_at);
    this.#see(record.ended_at);
    if (record.status !== "completed") return;
    if (record.effect?.type === "llm_call") {
      this.#llmCalls++;
      this.#addUsage(record.result);
    } else if (record.effect?.type === "tool_calls") {
      const results = isObject(record.result) ? record.result["results"] : null;
      this.#toolCalls += Array.isArray(results) ? results.length : 0;
    }
  }

  stats(): RunStats {
    const durationMs = this.#lastMs > this.#firstMs ? this.#lastMs - this.#firstMs : 0;
    return {
      duration_ms: Math.round(durationMs * 1000) / 1000,
      llm_calls: this.#llmCalls,
      tool_calls: this.#toolCalls,
      usage: { input_tokens: this.#input, output_tokens: this.#output, total_tokens: this.#total },
      tok_s: this.#total > 0 && durationMs > 0 ? this.#total / (durationMs / 1000) : null,
    };
  }

  #see(time: string | null): void {
    const ms = time === null ? Number.NaN : parseTime(time);
    if (Number.isNaN(ms)) return;
    this.#firstMs = Math.min(this.#firstMs, ms);
    this.#lastMs = Math.max(this.#lastMs, ms);
  }

  #addUsage(result: Value): void {
    const usage = usageOf(result);
    if (!usage) return;
    const input = first(usage, "input_tokens", "prompt_tokens");
    const output = first(usage, "output_tokens", "completion_tokens");
    this.#input += input;
    this.#output += output;
    this.#total += first(usage, "total_tokens") || input + output;
  }
}

function usageOf(result: Value): JsonObject | null {
  if (!isObject(result)) return null;
  for (const key of ["usage", "token_usage", "tokens"]) {
    const usage = result[key];
    if (isObject(usage)) return usage;
  }
  return null;
}

function first(usage: JsonObject, ...keys: string[]): number {
  for (const key of keys) {
    const value = numberOf(usage[key]);
    if (value !== null) return value;
  }
  return 0;
}
