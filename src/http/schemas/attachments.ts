import { Type as t } from "@sinclair/typebox";
import { ArtifactMetadata, workspaceFields } from "#http/schemas/artifacts.ts";
import { count, flag, jsonObject, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

export const UploadForm = t.Object(
  {
    session_id: text("Session that the file belongs to. Best sent before the file."),
    file: t.String({ format: "binary", description: "The file." }),
    filename: optionalText("Its name; the part's when absent."),
    content_type: optionalText("Its media type; the part's, or what the name says, when absent."),
    source_path: optionalText("Where it lies on the client."),
  },
  { $id: "AttachmentUploadForm", description: "A file for a session." },
);

const reference = jsonObject("How inputs refer to it: `$artifact`, content_type, filename, sha256 and more.");

export const AttachmentReply = t.Object(
  {
    ok: flag("True."),
    run_id: text("Memory run of the session, which owns the artifact."),
    artifact: reference,
    metadata: ArtifactMetadata,
    attachment: t.Optional(reference),
  },
  {
    $id: "AttachmentReply",
    description: "The artifact that was made. The same bytes in the same session are the same artifact.",
  },
);

export const IngestRequest = t.Object(
  {
    session_id: text("Session that the file belongs to."),
    path: text("File on the gateway's machine, in the workspace."),
    filename: optionalText("Its name; the file's when absent."),
    content_type: optionalText("Its media type; what the name says when absent."),
    ...workspaceFields,
  },
  { $id: "AttachmentIngestRequest", description: "Which file to read." },
);

export const ImportRequest = t.Object(
  {
    session_id: text("Session that the file belongs to."),
    path: optionalText("File on the gateway's machine, in the workspace."),
    source: t.Optional(
      t.Object(
        { kind: t.Optional(text("`workspace_path`.")), path: t.Optional(text("The file.")) },
        { description: "The same in another form." },
      ),
    ),
    filename: optionalText("Its name; the file's when absent."),
    content_type: optionalText("Its media type; what the name says when absent."),
    pin_id: optionalText("Input pin that it is meant for."),
    purpose: t.String({ default: "run_input", description: "What it is for; becomes its kind." }),
    tags: t.Optional(jsonObject("Further tags: texts by name.")),
    ...workspaceFields,
  },
  { $id: "ArtifactImportRequest", description: "Which file to read, and what it is for." },
);

export const BeginUploadRequest = t.Object(
  {
    session_id: text("Session that the file belongs to."),
    size_bytes: t.Integer({ minimum: 0, description: "Its size." }),
    sha256: t.String({ pattern: "^[0-9a-fA-F]{64}$", description: "SHA-256 of the whole file, in hex." }),
    filename: optionalText("Its name."),
    content_type: optionalText("Its media type; what the name says when absent."),
    source_path: optionalText("Where it lies on the client."),
  },
  { $id: "BeginUploadRequest", description: "The file that will come in pieces." },
);

export const UploadReply = t.Object(
  {
    ok: flag("True."),
    upload_id: textOrNull("Id of the upload; null when it is complete."),
    offset: count("Bytes that have come; the next piece begins here."),
    size_bytes: count("Bytes of the whole file."),
    complete: flag("Whether the artifact is made. Then the fields of an attachment follow."),
  },
  { $id: "UploadReply", description: "How far an upload has come.", additionalProperties: true },
);

export const WorkspacePolicyReply = t.Object(
  { ok: flag("True."), policy: jsonObject("Names of folders, largest attachment, and what runs may ask for.") },
  { $id: "WorkspacePolicy", description: "What clients may do with files." },
);
