import { hasTag } from "#http/entity-tag.ts";
import { AppError } from "#core/errors.ts";
import { byteRange } from "#http/byte-range.ts";
import type { Services } from "#http/services.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

export interface ContentOptions {
  request: Request;
  /** As a file to save rather than to show. */
  isDownload: boolean;
}

/** The bytes of an artifact, or of one range of them, as they are read from the store. AppError `gone` when the store has lost them. */
export async function artifactContent(
  { blobs }: Services,
  row: ArtifactRow,
  { request, isDownload }: ContentOptions,
): Promise<Response> {
  const etag = `"${row.blob_id}"`;
  const headers: Record<string, string> = {
    "content-type": headerSafeType(row.content_type),
    etag,
    "cache-control": "private, max-age=31536000, immutable",
    "accept-ranges": "bytes",
    // Bytes that a model or a client made must never run as a page of this origin.
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    ...(isDownload ? { "content-disposition": disposition(row) } : {}),
  };
  if (hasTag(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  const blob = await blobs.open(row.blob_id);
  if (!blob) throw new AppError("gone", `The content of artifact '${row.artifact_id}' is missing`);
  const condition = request.headers.get("if-range");
  const isCurrent = condition === null || condition === etag;
  const range = isCurrent ? byteRange(request.headers.get("range"), blob.size) : null;
  if (range === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { ...headers, "content-range": `bytes */${blob.size}` } });
  }
  headers["content-length"] = String(range ? range.end - range.start + 1 : blob.size);
  if (range) headers["content-range"] = `bytes ${range.start}-${range.end}/${blob.size}`;
  const body = request.method === "HEAD" ? null : blob.body(range ?? undefined);
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** Types come from clients, flows and models. */
function headerSafeType(type: string): string {
  return isMediaType(type) ? type : "application/octet-stream";
}

export function isMediaType(type: string): boolean {
  return /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(?:\s*;[\x20-\x7e]{0,200})?$/.test(type);
}

function disposition(row: ArtifactRow): string {
  const name = row.tags["filename"] ?? row.artifact_id;
  const plain = name.replace(/[^\x20-\x7e]|["\\/]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`;
}
