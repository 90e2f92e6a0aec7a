import { Type as t } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import { artifactMetadata } from "#http/artifact-json.ts";
import { artifactNotFound, artifactOrNotFound, isOfSession } from "#http/artifact-refs.ts";
import { byteRange } from "#http/byte-range.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { ArtifactMetadata, ContentQuery } from "#http/schemas/artifacts.ts";
import type { Services } from "#http/services.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

const path = { run_id: "Run through which the artifact is seen.", artifact_id: "Id of the artifact." };

export function artifactRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/runs/:run_id/artifacts/:artifact_id",
      async ({ params, request, set }) =>
        reply(
          set,
          artifactMetadata(await visibleArtifact(access.services(request), params.run_id, params.artifact_id)),
        ),
      operation({
        id: "readArtifact",
        summary: "An artifact without its bytes",
        tag: "artifacts",
        path,
        response: ArtifactMetadata,
        errors: [400, 404],
      }),
    )
    .get(
      "/api/gateway/runs/:run_id/artifacts/:artifact_id/content",
      async ({ params, request }) => {
        const query = readQuery(request.url, ContentQuery);
        const services = access.services(request);
        const row = await visibleArtifact(services, params.run_id, params.artifact_id);
        return content(services, row, { request, download: (query.access ?? query.access_action) === "download" });
      },
      operation({
        id: "readArtifactContent",
        summary: "The bytes of an artifact",
        description: "With `ETag` (the SHA-256 of the bytes), `If-None-Match` and single byte ranges.",
        tag: "artifacts",
        path,
        query: ContentQuery,
        response: t.String({ format: "binary", description: "The bytes, in the artifact's own media type." }),
        responseType: "application/octet-stream",
        errors: [400, 404],
      }),
    );
}

/** Artifact A is visible through run R when R made it, or when it belongs to R's session (contract 1.9). */
async function visibleArtifact(services: Services, runId: string, artifactId: string): Promise<ArtifactRow> {
  const row = await artifactOrNotFound(services.ledger, artifactId);
  if (row.run_id === runId) return row;
  const sessionId = (await services.ledger.getRun(runId))?.session_id ?? null;
  const isVisible = sessionId !== null && (isOfSession(row, sessionId) || row.run_id === sessionMemoryRunId(sessionId));
  if (!isVisible) throw artifactNotFound(artifactId);
  return row;
}

async function content(
  services: Services,
  row: ArtifactRow,
  { request, download }: { request: Request; download: boolean },
): Promise<Response> {
  const etag = `"${row.blob_id}"`;
  const headers: Record<string, string> = {
    "content-type": row.content_type,
    etag,
    "cache-control": "private, max-age=31536000, immutable",
    "accept-ranges": "bytes",
    // Bytes that a model or a client made must never run as a page of this origin.
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    ...(download ? { "content-disposition": disposition(row) } : {}),
  };
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  const file = await services.blobs.file(row.blob_id);
  if (!file) throw new AppError("gone", `The content of artifact '${row.artifact_id}' is missing`);
  const range = byteRange(request.headers.get("range"), file.size);
  if (range === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { ...headers, "content-range": `bytes */${file.size}` } });
  }
  const part = range ? file.slice(range.start, range.end + 1) : file;
  headers["content-length"] = String(part.size);
  if (range) headers["content-range"] = `bytes ${range.start}-${range.end}/${file.size}`;
  return new Response(request.method === "HEAD" ? null : part, { status: range ? 206 : 200, headers });
}

function disposition(row: ArtifactRow): string {
  const name = row.tags["filename"] ?? row.artifact_id;
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`;
}
