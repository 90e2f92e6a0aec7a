import { textOfAssertion } from "#core/assertion.ts";
import type { LoggedMemoryEvent } from "#core/memory-event.ts";
import { type Change, type NewRow, rowsPerEntry } from "#memory/knowledge-store.ts";

/** Entries of the memory log as changes of a store, in order, without vectors. */
export function changesOf(entries: LoggedMemoryEvent[]): Change[] {
  return entries.map(({ no, event }): Change => {
    const { runtime_id: runtimeId, at } = event;
    if (event.kind === "undo_run") return { kind: "retract", runtimeId, runId: event.run_id, at };
    if (event.kind === "invalidate") {
      return { kind: "invalidate", runtimeId, ids: event.assertion_ids, validUntil: event.valid_until, at };
    }
    return {
      kind: "add",
      rows: event.assertions.map((each, index) => rowOf(each, no * rowsPerEntry + index, runtimeId)),
    };
  });
}

function rowOf(assertion: Parameters<typeof textOfAssertion>[0], no: number, runtimeId: string): NewRow {
  const stored = { ...assertion, no, runtime_id: runtimeId, invalidated_at: null, retracted_at: null };
  return { assertion: stored, text: textOfAssertion(assertion), vector: null };
}

export function rowsOf(changes: Change[]): NewRow[] {
  return changes.flatMap((change) => (change.kind === "add" ? change.rows : []));
}
