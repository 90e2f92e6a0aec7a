import { basename } from "node:path/posix";
import type { ArtifactOwner } from "#artifacts/artifact-owner.ts";
import type { ArtifactFacts } from "#artifacts/artifacts.ts";
import { ensureSessionMemory } from "#artifacts/session-memory.ts";
import { AppError } from "#core/errors.ts";
import { isMediaType } from "#http/artifact-content.ts";
import { artifactRef, newArtifactMetadata } from "#http/artifact-json.ts";
import { assertName, ownRuntime } from "#http/route-context.ts";
import type { Services } from "#http/services.ts";
import { shownText } from "#http/validation.ts";
import { mediaType } from "#ledger/artifact-kinds.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

const maxNameChars = 255;

/** What a client says of a file that it attaches to a session. */
export interface AttachmentTold {
  sessionId: string;
  filename?: string | null | undefined;
  contentType?: string | null | undefined;
  sourcePath?: string | null | undefined;
  /** Of the part of a form, or of the file that is read. */
  partName?: string;
  partType?: string;
}

/** What belongs to a session that a request names: its memory run, which is there afterwards. AppError `invalid_request` without a name. */
export async function attachmentOwner(
  services: Services,
  sessionId: string | null | undefined,
): Promise<ArtifactOwner> {
  if (!sessionId?.trim()) throw new AppError("invalid_request", "session_id is required");
  assertName(sessionId, ["body", "session_id"]);
  const { ledger, now } = services;
  const runtimeId = ownRuntime(ledger);
  return { runtimeId, runId: await ensureSessionMemory(ledger, { sessionId, runtimeId, now }) };
}

/** Tags of an uploaded file (contract 1.10). */
export function uploadFacts(told: AttachmentTold, owner: ArtifactOwner): ArtifactFacts {
  const filename = fileNameOf(told.filename || told.sourcePath || told.partName || "file");
  const path = `client:${clientPath(told.sourcePath || told.filename || told.partName || filename)}`;
  const tags = { kind: "attachment", target: "client", source: "upload", path, filename, session_id: told.sessionId };
  return { owner, contentType: contentTypeOf(told, filename), tags };
}

/** The form's value, else the part's, else what the name says. AppError `invalid_request` for a value that is no media type. */
export function contentTypeOf(told: Pick<AttachmentTold, "contentType" | "partType">, filename: string): string {
  const named = told.contentType?.trim();
  if (named) {
    if (isMediaType(named)) return named.toLowerCase();
    throw new AppError("invalid_request", `content_type '${shownText(named)}' is not a media type`);
  }
  const part = told.partType?.trim().toLowerCase() ?? "";
  // What senders write when they know nothing.
  if (isMediaType(part) && part !== "application/octet-stream") return mediaType(part);
  return mediaType(Bun.file(filename).type) || "application/octet-stream";
}

/** The last part of a path, whichever system it comes from, without characters that no file should have in its name. */
export function fileNameOf(name: string): string {
  const last = basename(clientPath(name)).replace(/^\.+$/, "");
  return last === "" ? "file" : last;
}

/** A path as a client names it, made harmless: relative, with `/`, without `..`, drives and control characters. */
export function clientPath(path: string): string {
  const parts = path
    .toWellFormed()
    .replaceAll("\\", "/")
    .replace(/^[A-Za-z]:/, "")
    .replaceAll(":", "_")
    // oxlint-disable-next-line no-control-regex -- these are what is taken out
    .replace(/[\u0000-\u001f\u007f]/g, "")
    .split("/")
    .map((part) => part.trim())
    .filter((part) => part !== "" && part !== "." && part !== "..");
  return (
    parts
      .map((part) => part.slice(0, maxNameChars))
      .join("/")
      .slice(-1024) || "file"
  );
}

/** The reply to whatever made an attachment. */
export function attachmentReply(row: ArtifactRow, sessionId: string) {
  const artifact = artifactRef(row);
  return { ok: true, run_id: row.run_id, artifact, metadata: newArtifactMetadata(row, sessionId) };
}
