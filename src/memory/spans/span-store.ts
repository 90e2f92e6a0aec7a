import { ownerHasher } from "#artifacts/artifact-owner.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import { parseObject, stringifyJson } from "#core/json.ts";
import type { JsonObject } from "#core/value.ts";
import type { ArtifactRow, Ledger } from "#ledger/ledger.ts";
import { type Span, type SpanKind, spanMark, spanOf, spanRecord } from "#memory/spans/span.ts";

/** Spans of runs, sessions and of everybody: artifacts of their owner. Rows that are made here become durable with the step that asked. */
export interface SpanStore {
  /** Spans of these owners, newest first. */
  list(runtimeId: string, owners: string[]): Promise<Span[]>;
  /** Null for an id that is no span of this runtime. */
  find(runtimeId: string, artifactId: string): Promise<Span | null>;
  /** What a span holds: messages or a note. Null when the bytes are gone. */
  read(span: Span): Promise<JsonObject | null>;
  /** Keeps the content and answers the span, whose row the caller commits. */
  create(owner: SpanOwner, facts: SpanFacts): Promise<Span>;
}

export interface SpanOwner {
  runtimeId: string;
  ownerId: string;
  sessionId: string | null;
}

export interface SpanFacts {
  kind: SpanKind;
  content: JsonObject;
  createdAt: string;
  fromTimestamp: string | null;
  toTimestamp: string | null;
  messageCount: number;
  createdBy: string | null;
  location: string | null;
  tags: Record<string, string>;
  more: JsonObject;
}

/** More of one owner are not looked through. */
const maxSpans = 2000;
const contentType = "application/json";

export function createSpanStore(ledger: Ledger, blobs: BlobStore): SpanStore {
  return {
    async list(runtimeId, owners) {
      const found: Span[] = [];
      for (const runId of new Set(owners)) {
        const { items } = await ledger.searchArtifacts({
          filter: { runtimeId, runId, tags: { ...spanMark } },
          orderBy: "created_at",
          descending: true,
          limit: maxSpans,
          offset: 0,
        });
        found.push(...items.flatMap(({ row }) => spanOf(row) ?? []));
      }
      return found.sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0));
    },
    async find(runtimeId, artifactId) {
      const row = await ledger.getArtifact(artifactId, runtimeId);
      return row && spanOf(row);
    },
    async read({ row }) {
      const bytes = await blobs.get(row.blob_id);
      return bytes && parseObject(new TextDecoder().decode(bytes));
    },
    async create({ runtimeId, ownerId, sessionId }, facts) {
      const bytes = new TextEncoder().encode(stringifyJson(facts.content));
      const blobId = await blobs.put(bytes);
      const artifactId = ownerHasher({ runtimeId, runId: ownerId }).update(bytes).digest("hex").slice(0, 32);
      const row: ArtifactRow = {
        artifact_id: artifactId,
        blob_id: blobId,
        run_id: ownerId,
        runtime_id: runtimeId,
        content_type: contentType,
        size_bytes: bytes.length,
        created_at: facts.createdAt,
        tags: {
          ...facts.tags,
          ...spanMark,
          kind: facts.kind,
          sha256: blobId,
          ...(sessionId === null ? {} : { session_id: sessionId }),
        },
        metadata: {},
      };
      const span: Span = {
        artifact_id: artifactId,
        kind: facts.kind,
        created_at: facts.createdAt,
        from_timestamp: facts.fromTimestamp,
        to_timestamp: facts.toTimestamp,
        message_count: facts.messageCount,
        created_by: facts.createdBy,
        location: facts.location,
        tags: facts.tags,
        more: facts.more,
        row,
      };
      return withRecord(span);
    },
  };
}

/** The same span with other tags, as a row to commit. */
export function retagged(span: Span, tags: Record<string, string>, noted: JsonObject): Span {
  const own = new Set(Object.keys(span.tags));
  const kept = Object.fromEntries(Object.entries(span.row.tags).filter(([name]) => !own.has(name)));
  return withRecord({
    ...span,
    tags,
    more: { ...span.more, ...noted },
    row: { ...span.row, tags: { ...tags, ...kept } },
  });
}

function withRecord(span: Span): Span {
  return { ...span, row: { ...span.row, metadata: { ...span.row.metadata, span: spanRecord(span) } } };
}
