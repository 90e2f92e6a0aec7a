import type { Field } from "apache-arrow";
import type { Connection, Table } from "@lancedb/lancedb";
import { rowColumns } from "#memory/stored-row.ts";

const numbers = new Set(["no", "confidence"]);
const required = new Set(["no", "assertion_id", "runtime_id", "subject", "predicate", "object", "object_key", "scope"]);

/** Columns with an index each: what queries name most, and what every query asks, which has few values. */
export const indexedColumns: Record<string, "btree" | "bitmap"> = {
  no: "btree",
  subject: "btree",
  object_key: "btree",
  owner_id: "btree",
  assertion_id: "btree",
  writer_run_id: "btree",
  runtime_id: "bitmap",
  invalidated_at: "bitmap",
  retracted_at: "bitmap",
};

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
