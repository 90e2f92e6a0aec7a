import { objectKey } from "#core/assertion.ts";
import { parseObject, stringifyJson } from "#core/json.ts";
import type { AssertionScope } from "#core/assertion.ts";
import type { NewRow, StoredAssertion } from "#memory/knowledge-store.ts";

/** An assertion as SQLite's and LanceDB's tables hold it; the vector is apart. */
export interface StoredRow {
  no: number;
  assertion_id: string;
  runtime_id: string;
  subject: string;
  predicate: string;
  object: string;
  /** The object in lower case. */
  object_key: string;
  scope: string;
  owner_id: string | null;
  observed_at: string;
  valid_from: string | null;
  valid_until: string | null;
  confidence: number | null;
  /** JSON texts. */
  provenance: string;
  attributes: string;
  writer_run_id: string | null;
  invalidated_at: string | null;
  retracted_at: string | null;
  text: string;
}

/** In the order of the tables. */
export const rowColumns = [
  "no",
  "assertion_id",
  "runtime_id",
  "subject",
  "predicate",
  "object",
  "object_key",
  "scope",
  "owner_id",
  "observed_at",
  "valid_from",
  "valid_until",
  "confidence",
  "provenance",
  "attributes",
  "writer_run_id",
  "invalidated_at",
  "retracted_at",
  "text",
] as const satisfies (keyof StoredRow)[];

export function toRow({ assertion, text }: NewRow): StoredRow {
  const { provenance, attributes, ...plain } = assertion;
  const writer = provenance["writer_run_id"];
  return {
    ...plain,
    object_key: objectKey(assertion.object),
    provenance: stringifyJson(provenance),
    attributes: stringifyJson(attributes),
    writer_run_id: typeof writer === "string" ? writer : null,
    text,
  };
}

export function fromRow(row: StoredRow): StoredAssertion {
  return {
    no: row.no,
    assertion_id: row.assertion_id,
    runtime_id: row.runtime_id,
    subject: row.subject,
    predicate: row.predicate,
    object: row.object,
    scope: row.scope as AssertionScope,
    owner_id: row.owner_id,
    observed_at: row.observed_at,
    valid_from: row.valid_from,
    valid_until: row.valid_until,
    confidence: row.confidence,
    provenance: parseObject(row.provenance),
    attributes: parseObject(row.attributes),
    invalidated_at: row.invalidated_at,
    retracted_at: row.retracted_at,
  };
}
