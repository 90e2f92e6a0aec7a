import type { Assertion } from "#core/assertion.ts";

/**
 * One entry of the append-only memory log. It commits together with the step that wrote it; the knowledge graph is what the log says,
 * in its order, and can be made again from it at any time.
 */
export type MemoryEvent = { runtime_id: string; at: string } & (
  | { kind: "assert"; assertions: Assertion[] }
  /** These no longer hold from `valid_until` on. */
  | { kind: "invalidate"; assertion_ids: string[]; valid_until: string; reason: string | null; by: string | null }
  /** What a run wrote is taken back: gone from every view but the history of each assertion. */
  | { kind: "undo_run"; run_id: string; reason: string | null; by: string | null }
);

/** `no` is 1-based and grows in the order of commits. */
export interface LoggedMemoryEvent {
  no: number;
  event: MemoryEvent;
}
