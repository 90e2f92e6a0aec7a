import { Type as t } from "@sinclair/typebox";
import { count, jsonObject, mapOf, text, textOrNull, time } from "#http/schemas/fields.ts";

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
