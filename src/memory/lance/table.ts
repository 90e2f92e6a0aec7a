import type { Field } from "apache-arrow";
import type { Connection, Table } from "@lancedb/lancedb";
import { rowColumns } from "#memory/stored-row.ts";

const numbers = new Set(["no", "confidence"]);
const required = new Set(["no", "assertion_id", "runtime_id", "subject", "predicate", "object", "object_key", "scope"]);

/** Columns with an index each: what queries name most. */
export const indexedColumns = ["no", "subject", "object_key", "owner_id", "assertion_id", "writer_run_id"];

/** An empty table of the assertions' columns and, with dimensions, one for their vectors. */
export async function createTable(db: Connection, name: string, dimensions: number | null): Promise<Table> {
  // Like the library itself, only when vectors are used.
  const arrow = await import("apache-arrow");
  const fields: Field[] = rowColumns.map(
    (column) =>
      new arrow.Field(column, numbers.has(column) ? new arrow.Float64() : new arrow.Utf8(), !required.has(column)),
  );
  if (dimensions !== null) {
    const item = new arrow.Field("item", new arrow.Float32(), true);
    fields.push(new arrow.Field("vector", new arrow.FixedSizeList(dimensions, item), true));
  }
  return db.createEmptyTable(name, new arrow.Schema(fields));
}
