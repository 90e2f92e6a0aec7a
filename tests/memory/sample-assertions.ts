import { isoTime } from "#core/time.ts";
import type { NewRow, StoredAssertion } from "#memory/knowledge-store.ts";

export const at = (minutes: number) => isoTime(Date.UTC(2026, 0, 1) + minutes * 60_000);

/** An assertion, written as the `no`th. */
export function stored(no: number, more: Partial<StoredAssertion> = {}): StoredAssertion {
  return {
    no,
    assertion_id: `a${no}`,
    runtime_id: "default",
    subject: "ex:ada",
    predicate: "schema:name",
    object: "Ada Lovelace",
    scope: "session",
    owner_id: "s1",
    observed_at: at(no),
    valid_from: null,
    valid_until: null,
    confidence: null,
    provenance: { writer_run_id: "r1" },
    attributes: {},
    invalidated_at: null,
    retracted_at: null,
    ...more,
  };
}

export function row(assertion: StoredAssertion, more: Partial<NewRow> = {}): NewRow {
  const text = `${assertion.subject} ${assertion.predicate} ${assertion.object}`;
  return { assertion, text, vector: null, ...more };
}
