import type { JsonObject, Value } from "#core/value.ts";
import { isObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

/** An artifact's metadata object (contract 1.9). */
export function artifactMetadata(row: ArtifactRow) {
  const { descriptor, access, ...metadata } = row.metadata;
  const counters = isObject(access) ? access : {};
  return {
    artifact_id: row.artifact_id,
    blob_id: row.blob_id,
    content_type: row.content_type,
    size_bytes: row.size_bytes,
    created_at: row.created_at,
    run_id: row.run_id,
    tags: row.tags,
    metadata,
    descriptor: { ...kinds(row), ...(isObject(descriptor) ? descriptor : {}) },
    access: counters,
    artifact_envelope_v1: envelope(row),
  };
}

function kinds(row: ArtifactRow): JsonObject {
  const modality = modalityOf(row.content_type);
  return {
    schema: "abstractruntime.artifact_descriptor.v1",
    schema_version: 1,
    semantic_kind: row.tags["kind"] ?? modality,
    render_kind: modality,
    modality,
    classification_source: "content_type",
  };
}

function envelope(row: ArtifactRow): JsonObject {
  const modality = modalityOf(row.content_type);
  const filename = row.tags["filename"] ?? textOrNull(row.metadata["filename"]);
  return {
    schema: "abstractgateway.artifact_envelope.v1",
    schema_version: 1,
    artifact_id: row.artifact_id,
    run_id: row.run_id,
    content_type: row.content_type,
    size_bytes: row.size_bytes,
    created_at: row.created_at,
    tags: row.tags,
    filename,
    sha256: row.blob_id,
    modality,
    semantic_kind: row.tags["kind"] ?? modality,
    render_kind: modality,
    ref: {
      $artifact: row.artifact_id,
      artifact_id: row.artifact_id,
      content_type: row.content_type,
      modality,
      run_id: row.run_id,
      filename,
      sha256: row.blob_id,
    },
    links: row.run_id === null ? {} : links(row.run_id, row.artifact_id),
    actions: { preview: true, download: true, open_run: true, open_ledger: true, open_provider_trace: false },
  };
}

function links(runId: string, artifactId: string): JsonObject {
  const run = `/api/gateway/runs/${encodeURIComponent(runId)}`;
  const detail = `${run}/artifacts/${artifactId}`;
  return {
    detail,
    content: `${detail}/content`,
    preview: `${detail}/content?access=preview`,
    download: `${detail}/content?access=download`,
    ledger: `${run}/ledger`,
    history_bundle: `${run}/history_bundle`,
    run,
    observe_route: `#/observe/${runId}`,
  };
}

function modalityOf(contentType: string): string {
  const family = contentType.split("/", 1)[0] ?? "";
  if (family === "image" || family === "audio" || family === "video" || family === "text") return family;
  return contentType.startsWith("application/json") ? "text" : "file";
}

function textOrNull(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}
