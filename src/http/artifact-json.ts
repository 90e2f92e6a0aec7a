import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { artifactKinds, descriptorOf } from "#ledger/artifact-kinds.ts";
import type { ArtifactAccess, ArtifactRow, FoundArtifact } from "#ledger/ledger.ts";

/** An artifact's metadata object (contract 1.9). */
export function artifactMetadata(found: FoundArtifact) {
  const { row } = found;
  const { descriptor: _, access: __, ...metadata } = row.metadata;
  const { ref: ___, raw_metadata: ____, descriptor, artifact_envelope_v1, ...item } = artifactItem(found);
  return {
    artifact_id: row.artifact_id,
    blob_id: row.blob_id,
    content_type: row.content_type,
    size_bytes: row.size_bytes,
    created_at: row.created_at,
    run_id: row.run_id,
    tags: row.tags,
    metadata,
    descriptor,
    access: item.access,
    artifact_envelope_v1,
  };
}

/** The metadata object of an artifact that nobody has read yet. */
export function newArtifactMetadata(row: ArtifactRow, sessionId: string | null) {
  const origin = { workflow_id: "", session_id: sessionId, parent_run_id: null, actor_id: null };
  return artifactMetadata({ row, origin, access: noAccess });
}

const noAccess: ArtifactAccess = {
  metadata_access_count: 0,
  content_access_count: 0,
  preview_count: 0,
  download_count: 0,
  last_accessed_at: null,
};

/** An artifact as lists show it: every key is there, whatever is known. */
export function artifactItem(found: FoundArtifact) {
  const { row } = found;
  const { descriptor: _, access: __, ...rawMetadata } = row.metadata;
  const fields = itemFields(found);
  return {
    ...fields,
    raw_metadata: rawMetadata,
    descriptor: descriptor(found, fields),
    artifact_envelope_v1: {
      schema: "abstractgateway.artifact_envelope.v1",
      schema_version: 1,
      ...fields,
      actions: {
        preview: true,
        download: true,
        open_run: row.run_id !== null,
        open_ledger: row.run_id !== null,
        open_provider_trace: false,
      },
    },
  };
}

function itemFields({ row, origin, access }: FoundArtifact) {
  const known = descriptorOf(row);
  const { semantic_kind, render_kind, modality, classification_source } = artifactKinds(row);
  const filename = row.tags["filename"] ?? textOf(row.metadata["filename"]);
  const sourcePath = row.tags["path"] ?? textOf(row.metadata["source_path"]);
  // What a tag says of the artifact, else what its descriptor says, else what its run is.
  const told = (name: string) => row.tags[name] ?? textOf(known[name]) ?? textOf(row.metadata[name]);
  return {
    artifact_id: row.artifact_id,
    run_id: row.run_id,
    content_type: row.content_type,
    size_bytes: row.size_bytes,
    created_at: row.created_at,
    tags: row.tags,
    filename,
    source_path: sourcePath,
    sha256: row.blob_id,
    modality,
    ref: artifactRef(row),
    semantic_kind,
    render_kind,
    task: told("task"),
    classification_source,
    session_id: told("session_id") ?? origin?.session_id ?? null,
    workflow_id: told("workflow_id") ?? (origin?.workflow_id || null),
    node_id: told("node_id"),
    step_id: told("step_id"),
    effect_id: told("effect_id"),
    turn_id: told("turn_id"),
    ledger_cursor: told("ledger_cursor"),
    parent_run_id: told("parent_run_id") ?? origin?.parent_run_id ?? null,
    actor_id: told("actor_id") ?? origin?.actor_id ?? null,
    title: told("title") ?? filename,
    media: objectOf(known["media"] ?? row.metadata["media"]),
    generation: objectOf(known["generation"] ?? row.metadata["generation"]),
    producer: objectOf(known["producer"] ?? row.metadata["producer"]),
    provenance: objectOf(known["provenance"] ?? row.metadata["provenance"]),
    source_refs: listOf(known["source_refs"] ?? row.metadata["source_refs"]),
    access: { access_count: access.metadata_access_count + access.content_access_count, ...access },
    links: row.run_id === null ? {} : links(row.run_id, row.artifact_id),
    available_actions: ["preview", "download"],
    provider_trace_available: false,
    audit_available: false,
    legacy_inferred: false,
  };
}

function descriptor({ row }: FoundArtifact, fields: ReturnType<typeof itemFields>): JsonObject {
  return {
    schema: "abstractruntime.artifact_descriptor.v1",
    schema_version: 1,
    semantic_kind: fields.semantic_kind,
    render_kind: fields.render_kind,
    modality: fields.modality,
    task: fields.task,
    classification_source: fields.classification_source,
    ids: {
      artifact_id: row.artifact_id,
      run_id: row.run_id,
      session_id: fields.session_id,
      workflow_id: fields.workflow_id,
      node_id: fields.node_id,
      step_id: fields.step_id,
    },
    producer: fields.producer,
    provenance: fields.provenance,
    generation: fields.generation,
    media: fields.media,
    source_refs: fields.source_refs,
    links: fields.links,
    security: {},
    actions: { preview: true, download: true },
    ...descriptorOf(row),
  };
}

/** How inputs refer to an artifact (contract 0). */
export function artifactRef(row: ArtifactRow): JsonObject {
  const optional: [string, string | undefined][] = [
    ["filename", row.tags["filename"]],
    ["source_path", row.tags["path"]],
    ["target", row.tags["target"]],
  ];
  return {
    $artifact: row.artifact_id,
    artifact_id: row.artifact_id,
    content_type: row.content_type,
    modality: artifactKinds(row).modality,
    run_id: row.run_id,
    sha256: row.blob_id,
    size_bytes: row.size_bytes,
    ...Object.fromEntries(optional.filter((each): each is [string, string] => each[1] !== undefined)),
  };
}

function links(runId: string, artifactId: string): Record<string, string> {
  const run = `/api/gateway/runs/${encodeURIComponent(runId)}`;
  const detail = `${run}/artifacts/${artifactId}`;
  return {
    detail,
    content: `${detail}/content`,
    preview: `${detail}/content?access=preview`,
    download: `${detail}/content?access=download`,
    run_artifacts: `${run}/artifacts`,
    ledger: `${run}/ledger`,
    history_bundle: `${run}/history_bundle`,
    run,
    observe_route: `#/observe/${runId}`,
  };
}

function objectOf(value: Value | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
