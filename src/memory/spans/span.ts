import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

export const spanKinds = ["conversation_span", "memory_note"] as const;
export type SpanKind = (typeof spanKinds)[number];

/** A part of what was said or noted, kept as an artifact (contract flow-runtime 4.9). Its id is the artifact's. */
export interface Span {
  artifact_id: string;
  kind: SpanKind;
  created_at: string;
  from_timestamp: string | null;
  to_timestamp: string | null;
  message_count: number;
  created_by: string | null;
  location: string | null;
  tags: Record<string, string>;
  /** Everything else that was noted with it, such as `note_preview`, `focus` or `sources`. */
  more: JsonObject;
  row: ArtifactRow;
}

/** Marks the artifacts that are spans, so that they are found by an index. */
export const spanMark = { memory: "span" } as const;
const fixed = new Set(["artifact_id", "kind", "created_at", "from_timestamp", "to_timestamp", "message_count"]);
const described = new Set(["created_by", "location", "tags"]);

/** Null for an artifact that is no span. */
export function spanOf(row: ArtifactRow): Span | null {
  const noted = row.metadata["span"];
  const kind = spanKinds.find((each) => each === row.tags["kind"]);
  if (!kind || !isObject(noted)) return null;
  return {
    artifact_id: row.artifact_id,
    kind,
    created_at: textIn(noted, "created_at") ?? row.created_at,
    from_timestamp: textIn(noted, "from_timestamp"),
    to_timestamp: textIn(noted, "to_timestamp"),
    message_count: typeof noted["message_count"] === "number" ? noted["message_count"] : 0,
    created_by: textIn(noted, "created_by"),
    location: textIn(noted, "location"),
    tags: textsIn(noted["tags"]),
    more: Object.fromEntries(Object.entries(noted).filter(([name]) => !fixed.has(name) && !described.has(name))),
    row,
  };
}

/** The record of a span as flows and the run's own index show it: without what is absent. */
export function spanRecord(span: Span): JsonObject {
  const record: JsonObject = {
    kind: span.kind,
    artifact_id: span.artifact_id,
    created_at: span.created_at,
    from_timestamp: span.from_timestamp,
    to_timestamp: span.to_timestamp,
    message_count: span.message_count,
    ...span.more,
  };
  if (span.created_by !== null) record["created_by"] = span.created_by;
  if (span.location !== null) record["location"] = span.location;
  if (Object.keys(span.tags).length > 0) record["tags"] = { ...span.tags };
  return record;
}

export function textIn(object: JsonObject, name: string): string | null {
  const value = object[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** The entries of an object that are texts. `kind` is ours. */
export function textsIn(value: Value | undefined): Record<string, string> {
  if (!isObject(value)) return {};
  const texts = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[0] !== "kind" && entry[0] !== "",
  );
  return Object.fromEntries(texts);
}
