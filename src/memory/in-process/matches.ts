import { objectKey } from "#core/assertion.ts";
import type { AssertionFilter, StoredAssertion } from "#memory/knowledge-store.ts";

/** Whether a filter lets an assertion through: the same that `conditionOf` says in SQL. */
export function matches(row: StoredAssertion, filter: AssertionFilter): boolean {
  const { subject, predicate, object, since, until, writerRunId, ids } = filter;
  if (row.runtime_id !== filter.runtimeId || !isOwned(row, filter.owners)) return false;
  if (subject !== undefined && row.subject !== subject) return false;
  if (filter.subjects && !filter.subjects.includes(row.subject)) return false;
  if (predicate !== undefined && row.predicate !== predicate) return false;
  if (object !== undefined && objectKey(row.object) !== object) return false;
  if (since !== undefined && row.observed_at < since) return false;
  if (until !== undefined && row.observed_at > until) return false;
  if (writerRunId !== undefined && row.provenance["writer_run_id"] !== writerRunId) return false;
  if (ids && !ids.includes(row.assertion_id)) return false;
  return isInForce(row, filter);
}

function isOwned(row: StoredAssertion, owners: AssertionFilter["owners"]): boolean {
  if (!owners) return true;
  return owners.some(({ scope, owner_id }) => row.scope === scope && (owner_id === null || row.owner_id === owner_id));
}

function isInForce(row: StoredAssertion, { activeAt, withInvalidated, withRetracted }: AssertionFilter): boolean {
  if (row.retracted_at !== null && !withRetracted) return false;
  if (activeAt === undefined) return withInvalidated === true || row.invalidated_at === null;
  return (
    (row.valid_from === null || row.valid_from <= activeAt) && (row.valid_until === null || row.valid_until > activeAt)
  );
}

/** The order of every store: time, then the order of writing. */
export function inOrder(order: "asc" | "desc"): (a: StoredAssertion, b: StoredAssertion) => number {
  const sign = order === "asc" ? 1 : -1;
  return (a, b) => {
    if (a.observed_at !== b.observed_at) return a.observed_at < b.observed_at ? -sign : sign;
    return (a.no - b.no) * sign;
  };
}
