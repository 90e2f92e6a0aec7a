import { type Static, Type as t } from "@sinclair/typebox";
import { count, flag, jsonObject, mapOf, optionalText, text, textOrNull, time } from "#http/schemas/fields.ts";

export const ArtifactMetadata = t.Object(
  {
    artifact_id: text("Id of the artifact."),
    blob_id: text("SHA-256 of the bytes."),
    run_id: textOrNull("Run that made it."),
    content_type: text("Media type of the bytes."),
    size_bytes: count("Size of the bytes."),
    created_at: time("When it was made."),
    tags: mapOf(t.String(), "Tags."),
    metadata: jsonObject("What its maker says about it."),
    descriptor: jsonObject("`abstractruntime.artifact_descriptor.v1`: kind, task, producer."),
    access: jsonObject("Access counters."),
    artifact_envelope_v1: jsonObject("`abstractgateway.artifact_envelope.v1`: what clients show."),
  },
  { $id: "ArtifactMetadata", description: "An artifact without its bytes." },
);

export const ContentQuery = t.Object({
  access: t.Optional(text("content, preview, download, open or read; `download` asks for an attachment.")),
  access_action: t.Optional(text("The same, under its older name.")),
});

const page = {
  limit: t.Optional(
    t.Integer({ default: 500, minimum: -1, maximum: 10_000, description: "Size of a page; 0 or less: 500." }),
  ),
  offset: t.Optional(t.Integer({ default: 0, minimum: 0, description: "Artifacts to pass over." })),
};

export const ArtifactListQuery = t.Object(page);

const filters = {
  scope: t.Optional(t.String({ default: "all", description: "`all`, `session` or `run`." })),
  session_id: t.Optional(text("Only what belongs to this session.")),
  run_id: t.Optional(text("Only what this run made.")),
  modality: t.Optional(text("image, audio, video, text or file.")),
  semantic_kind: t.Optional(text("What it is, such as `image` or `attachment`.")),
  render_kind: t.Optional(text("How it is shown, such as `markdown`.")),
  workflow_id: t.Optional(text("Only what runs of this workflow made.")),
  node_id: t.Optional(text("Only what this node made.")),
  content_type: t.Optional(text("A media type, or a family such as `image/*`.")),
  query: t.Optional(text("Part of a name, tag or metadata.")),
  tags: t.Optional(text("Tags that it must have: a JSON object, or `name=value,name=value`.")),
  created_after: t.Optional(text("Oldest time of creation.")),
  created_before: t.Optional(text("Newest time of creation.")),
};

export const ArtifactStatsQuery = t.Object(filters);
export type ArtifactStatsQuery = Static<typeof ArtifactStatsQuery>;

export const ArtifactSearchQuery = t.Object({
  ...filters,
  ...page,
  artifact_kind: t.Optional(text("Kinds or modalities, separated by commas: one of them must fit.")),
  cursor: t.Optional(text("`next_cursor` of the page before.")),
  order_by: t.Optional(
    t.String({
      default: "created_at",
      description: "created_at, size_bytes, last_accessed_at, semantic_kind, render_kind, workflow, run or turn.",
    }),
  ),
  order: t.Optional(t.String({ default: "desc", description: "`asc` or `desc`." })),
  include_stats: t.Optional(t.Boolean({ default: false, description: "With counts by kind, workflow, node and run." })),
  debug_unlimited: t.Optional(
    t.Boolean({ default: false, description: "A limit of 0 or less means all. Only for administrators." }),
  ),
});
export type ArtifactSearchQuery = Static<typeof ArtifactSearchQuery>;

export const ArtifactList = t.Object(
  {
    items: t.Array(jsonObject("An artifact: ids, kinds, name, reference, links and `artifact_envelope_v1`."), {
      description: "The page.",
    }),
    total: count("Artifacts on all pages."),
    offset: count("Artifacts that were passed over."),
    limit: count("Size of a page."),
    has_more: flag("Whether another page follows."),
    cursor: textOrNull("Cursor that was asked for."),
    next_cursor: textOrNull("Cursor of the next page."),
    facets: jsonObject("Counts by value, when statistics were asked for."),
    stats: jsonObject("Number and size of all, when statistics were asked for."),
    warnings: t.Array(t.String(), { description: "What to know about the answer." }),
  },
  { $id: "ArtifactList", description: "A page of artifacts, the newest first.", additionalProperties: true },
);

export const ArtifactStatsReply = t.Object(
  {
    ok: flag("True."),
    scope: text("Scope that was asked for."),
    total: count("Number of artifacts."),
    total_bytes: count("Their size."),
    filters: jsonObject("Filters that were applied."),
    facets: jsonObject(
      "Counts by kind, modality, type, workflow, node and run: the 1,000 most frequent values of each.",
    ),
    supported_filters: t.Array(t.String(), { description: "Filters that a search knows." }),
    default_page_size: count("Size of a page where none is given."),
  },
  { $id: "ArtifactStats", description: "How many artifacts there are, of what." },
);

/** Fields that narrow or move the folders that a path may lead to; only with the operator's leave. */
export const workspaceFields = {
  workspace_root: optionalText("Folder in which paths begin."),
  workspace_access_mode: optionalText("workspace_only, workspace_or_allowed or all_except_ignored."),
  workspace_allowed_paths: optionalText("Further folders, one a line."),
  workspace_ignored_paths: optionalText("Folders that no path may lead to, one a line."),
};

export const ExportRequest = t.Object(
  {
    path: optionalText("File to write, in the workspace."),
    destination: optionalText("The same, under its older name."),
    overwrite: t.Boolean({ default: false, description: "Whether a file that is there is replaced." }),
    create_parent_dirs: t.Boolean({ default: false, description: "Whether missing folders are made." }),
    ...workspaceFields,
  },
  { $id: "ArtifactExportRequest", description: "Where to." },
);

export const ExportReply = t.Object(
  {
    ok: flag("True."),
    artifact_id: text("Id of the artifact."),
    run_id: textOrNull("Run that made it."),
    path: text("The file, as the workspace names it."),
    bytes_written: count("Size of the file."),
    content_type: text("Media type."),
    sha256: text("SHA-256 of the file."),
  },
  { $id: "ArtifactExport", description: "The file that was written." },
);
