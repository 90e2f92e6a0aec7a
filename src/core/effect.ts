import type { JsonObject, Value } from "#core/value.ts";
import type { Wait } from "#core/run.ts";

export const effectTypes = [
  "wait_event",
  "wait_until",
  "ask_user",
  "answer_user",
  "emit_event",
  "llm_call",
  "model_residency",
  "tool_calls",
  "memory_query",
  "memory_tag",
  "memory_compact",
  "memory_note",
  "memory_rehydrate",
  "memory_kg_assert",
  "memory_kg_query",
  "memory_kg_resolve",
  "vars_query",
  "start_subworkflow",
] as const;
export type EffectType = (typeof effectTypes)[number];

/** A request for a side effect. `type` is an `EffectType`, or the pseudo-type `resume` in a resume record. */
export interface Effect {
  type: string;
  payload: JsonObject;
  /** Dotted path in the run's vars that receives the result, or null. */
  result_key: string | null;
}

/** What an effect came to. Expected failures are data. */
export type EffectOutcome =
  | { status: "completed"; result: Value }
  | { status: "waiting"; wait: Wait }
  | { status: "failed"; error: string; retryable?: boolean; retry_after_s?: number };
