import { basename } from "node:path";
import type { Attachment } from "#artifacts/attachments.ts";
import type { StoredBlob } from "#artifacts/blob-store.ts";
import { chunksOf } from "#artifacts/blob-store.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { documentKind } from "#documents/document-kind.ts";
import {
  type FileCall,
  type FileOperation,
  artifactIdIn,
  maxDocumentBytes,
  pathIn,
  textIn,
} from "#effects/files/file-context.ts";
import { mediaType, modalityOf } from "#ledger/artifact-kinds.ts";
import { fileChunks, requireFile } from "#tools/open-file.ts";
import { writeChunks } from "#tools/write-chunks.ts";

/** A file of the workspace as an artifact of the run. */
export const importWorkspaceFile: FileOperation = async ({ deps, input, workspace, run, nodeId }) => {
  const file = await workspace.resolve(pathIn(input, "file_path", "path"));
  const { size } = await requireFile(file);
  if (size > deps.maxArtifactBytes) {
    throw new AppError("too_large", `'${file.shown}' has ${size} bytes; the limit is ${deps.maxArtifactBytes}`);
  }
  const filename = basename(file.path);
  const named = textIn(input, "content_type").trim().toLowerCase();
  const contentType = named || mediaType(Bun.file(filename).type) || "application/octet-stream";
  const owner = { runtimeId: run.runtime_id, runId: run.run_id };
  const received = await deps.artifacts.receive(fileChunks(file), { maxBytes: deps.maxArtifactBytes, owner });
  const tags = {
    kind: "run_input",
    target: "server",
    source: "workspace",
    path: file.shown,
    filename,
    node_id: nodeId,
    ...(run.session_id === null ? {} : { session_id: run.session_id }),
  };
  const row = await deps.artifacts.keep(received, { owner, contentType, tags });
  const ref: JsonObject = {
    $artifact: row.artifact_id,
    artifact_id: row.artifact_id,
    run_id: row.run_id,
    content_type: contentType,
    modality: modalityOf(contentType),
    filename,
    source_path: file.shown,
    sha256: row.blob_id,
    size_bytes: row.size_bytes,
    target: "server",
  };
  const facts = { content_type: contentType, size_bytes: row.size_bytes, source_path: file.shown };
  return { result: { artifact: ref, artifact_ref: ref, artifact_id: row.artifact_id, ...facts }, artifacts: [row] };
};

export const exportArtifact: FileOperation = async (call) => {
  const { artifact, blob } = await open(call);
  const file = await call.workspace.resolve(pathIn(call.input, "file_path", "path"));
  await writeChunks(file, chunksOf(blob), { overwrite: true, makesFolders: true });
  return {
    result: {
      artifact_id: artifact.artifactId,
      file_path: file.shown,
      bytes: blob.size,
      sha256: artifact.sha256,
      content_type: artifact.contentType,
    },
  };
};

const maxTextBytes = 64 * 1024 * 1024;
const maxUnknownText = 262_144;
const maxBinaryBytes = 131_072;

interface Content {
  content: Value;
  text: string | null;
  json: Value;
  binary_base64: string | null;
  is_binary: boolean;
  warnings: string[];
  truncated: boolean;
}

const nothing: Content = {
  content: null,
  text: null,
  json: null,
  binary_base64: null,
  is_binary: false,
  warnings: [],
  truncated: false,
};

/** What is in an artifact, as a flow can use it: a value, text, or a little of its bytes. */
export const readArtifact: FileOperation = async (call) => {
  const { artifact, blob } = await open(call);
  const { artifactId, contentType, filename, sizeBytes } = artifact;
  const ref: JsonObject = { $artifact: artifactId, artifact_id: artifactId, content_type: contentType, filename };
  const content = await contentOf(call, artifact, blob);
  return {
    result: {
      artifact: ref,
      artifact_ref: ref,
      artifact_id: artifactId,
      content_type: contentType,
      content_family: modalityOf(contentType),
      size_bytes: sizeBytes,
      filename,
      source_path: artifact.handle,
      ...content,
    },
  };
};

async function open({ deps, input, run }: FileCall): Promise<{ artifact: Attachment; blob: StoredBlob }> {
  const id = artifactIdIn(input["artifact"] ?? input["artifact_ref"] ?? input["artifact_id"]);
  const artifact = await deps.attachments.find(run, id);
  if (!artifact) throw new AppError("not_found", `Artifact '${id}' not found`);
  const blob = await deps.blobs.open(artifact.sha256);
  if (!blob) throw new AppError("gone", `The content of artifact '${id}' is missing`);
  return { artifact, blob };
}

async function contentOf(call: FileCall, artifact: Attachment, blob: StoredBlob): Promise<Content> {
  const { contentType, filename } = artifact;
  const type = mediaType(contentType);
  const kind = documentKind(contentType, filename);
  if (kind !== null && kind !== "html") {
    if (blob.size > maxDocumentBytes) throw new AppError("too_large", `The document has ${blob.size} bytes`);
    const task = { kind, maxChars: 2_000_000, pages: { first: 1, last: null } };
    const read = await call.deps.documents.read(blob.body(), task, call.signal);
    return { ...nothing, content: read.text, text: read.text, warnings: read.warnings, truncated: read.isTruncated };
  }
  if (modalityOf(type) === "text") {
    const bytes = await firstBytes(blob, maxTextBytes);
    const text = decode(bytes, false) ?? "";
    const isCut = blob.size > maxTextBytes;
    return type.endsWith("json") ? jsonContent(text, isCut) : { ...nothing, content: text, text, truncated: isCut };
  }
  if (type !== "application/octet-stream") return binaryContent(blob);
  // Nobody has said what it is: text, when it looks like it.
  const text = decode(await firstBytes(blob, maxUnknownText), blob.size > maxUnknownText);
  if (text === null || text.includes("\u0000")) return binaryContent(blob);
  return { ...nothing, content: text, text, truncated: blob.size > maxUnknownText };
}

function jsonContent(text: string, isCut: boolean): Content {
  try {
    const json = parseJson(text);
    return { ...nothing, content: json, text, json, truncated: isCut };
  } catch (error) {
    return {
      ...nothing,
      content: text,
      text,
      truncated: isCut,
      warnings: [`It is not valid JSON: ${messageOf(error)}`],
    };
  }
}

async function binaryContent(blob: StoredBlob): Promise<Content> {
  const bytes = await firstBytes(blob, maxBinaryBytes);
  const isCut = blob.size > maxBinaryBytes;
  const warnings = isCut ? [`Only the first ${maxBinaryBytes} of ${blob.size} bytes are in binary_base64`] : [];
  return {
    ...nothing,
    binary_base64: Buffer.from(bytes).toString("base64"),
    is_binary: true,
    warnings,
    truncated: isCut,
  };
}

async function firstBytes(blob: StoredBlob, length: number): Promise<Uint8Array> {
  if (blob.size === 0) return new Uint8Array();
  return new Response(blob.body({ start: 0, end: Math.min(length, blob.size) - 1 })).bytes();
}

/** Null when it is not UTF-8. A text that was cut may end in the middle of a letter. */
function decode(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}
