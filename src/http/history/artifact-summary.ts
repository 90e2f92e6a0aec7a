import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

const maxArtifacts = 500;
const maxDepth = 5;
const maxItems = 40;
const maxKeys = 80;
const maxChars = 2000;

/** Artifacts of a run for clients that replay it: oldest first, their metadata cut to a bearable size (contract 1.6). */
export async function artifactSummaries(ledger: ScopedLedger, runId: string): Promise<JsonObject[]> {
  const { items } = await ledger.listArtifacts(runId, { limit: maxArtifacts, offset: 0 });
  return items.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)).map(artifactSummary);
}

function artifactSummary(row: ArtifactRow): JsonObject {
  const { descriptor, access, ...metadata } = row.metadata;
  return {
    artifact_id: row.artifact_id,
    blob_id: row.blob_id,
    run_id: row.run_id,
    content_type: row.content_type,
    size_bytes: row.size_bytes,
    created_at: row.created_at,
    tags: row.tags,
    descriptor: cut(descriptor ?? {}),
    metadata: cut(metadata),
    access: cut(access ?? {}),
  };
}

function cut(value: Value, depth = 0): Value {
  if (typeof value === "string") return value.length > maxChars ? `${value.slice(0, maxChars)}#TRUNCATION` : value;
  if (Array.isArray(value)) {
    if (depth >= maxDepth) return [];
    const kept = value.slice(0, maxItems).map((item) => cut(item, depth + 1));
    return value.length > maxItems ? [...kept, { truncated_items: value.length - maxItems }] : kept;
  }
  if (!isObject(value)) return value;
  if (depth >= maxDepth) return {};
  const entries = Object.entries(value);
  const kept = Object.fromEntries(entries.slice(0, maxKeys).map(([key, item]) => [key, cut(item, depth + 1)]));
  return entries.length > maxKeys ? { ...kept, truncated_keys: entries.length - maxKeys } : kept;
}
