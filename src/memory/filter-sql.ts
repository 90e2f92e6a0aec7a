import type { AssertionFilter } from "#memory/knowledge-store.ts";

/** The condition of a filter, for the columns that SQLite's and LanceDB's tables share. `literal` writes a text into it. */
export function conditionOf(filter: AssertionFilter, literal: (text: string) => string): string {
  const parts = [`runtime_id = ${literal(filter.runtimeId)}`];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) parts.push(`${column} = ${literal(value)}`);
  };
  if (filter.owners) parts.push(ownersCondition(filter.owners, literal));
  equals("subject", filter.subject);
  equals("predicate", filter.predicate);
  equals("object_key", filter.object);
  equals("writer_run_id", filter.writerRunId);
  if (filter.subjects) parts.push(oneOf("subject", filter.subjects, literal));
  if (filter.ids) parts.push(oneOf("assertion_id", filter.ids, literal));
  if (filter.since !== undefined) parts.push(`observed_at >= ${literal(filter.since)}`);
  if (filter.until !== undefined) parts.push(`observed_at <= ${literal(filter.until)}`);
  if (filter.activeAt !== undefined) {
    parts.push(`(valid_from IS NULL OR valid_from <= ${literal(filter.activeAt)})`);
    parts.push(`(valid_until IS NULL OR valid_until > ${literal(filter.activeAt)})`);
  } else if (!filter.withInvalidated) parts.push("invalidated_at IS NULL");
  if (!filter.withRetracted) parts.push("retracted_at IS NULL");
  return parts.join(" AND ");
}

/** No text is in an empty list. */
export function oneOf(column: string, texts: string[], literal: (text: string) => string): string {
  return texts.length === 0 ? "1 = 0" : `${column} IN (${texts.map(literal).join(", ")})`;
}

function ownersCondition(owners: NonNullable<AssertionFilter["owners"]>, literal: (text: string) => string): string {
  if (owners.length === 0) return "1 = 0";
  const each = owners.map(({ scope, owner_id }) => {
    const inScope = `scope = ${literal(scope)}`;
    return owner_id === null ? inScope : `(${inScope} AND owner_id = ${literal(owner_id)})`;
  });
  return each.length === 1 ? (each[0] as string) : `(${each.join(" OR ")})`;
}
