import type { Effect } from "#core/effect.ts";
import type { Value } from "#core/value.ts";

export const recordStatuses = ["started", "waiting", "completed", "failed"] as const;
export type RecordStatus = (typeof recordStatuses)[number];

/**
 * One row of a run's ledger before it is sealed into the hash chain. Key order is the stored order (contract http-api 1.4.1).
 * `seq`, the 1-based cursor, is the row's position and not part of the record.
 */
export interface StepRecord {
  run_id: string;
  step_id: string;
  node_id: string;
  status: RecordStatus;
  effect: Effect | null;
  result: Value;
  error: string | null;
  started_at: string;
  ended_at: string | null;
  actor_id: string | null;
  session_id: string | null;
  attempt: number;
  idempotency_key: string | null;
}

/** A record as stored: `json` is the complete wire text, `prev_hash`, `record_hash` and `signature` included. */
export interface SealedRecord {
  seq: number;
  json: string;
  hash: string;
}
