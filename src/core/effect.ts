import type { JsonObject, Value } from "#core/value.ts";
import type { Wait } from "#core/run.ts";

/** A request for a side effect. `type` is one of contract http-api 1.4.1, or the pseudo-type `resume` in a resume record. */
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
