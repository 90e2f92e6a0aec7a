import { Type as t } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ensureSessionMemory } from "#artifacts/session-memory.ts";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { isAdmin } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { artifactContent } from "#http/artifact-content.ts";
import { artifactMetadata } from "#http/artifact-json.ts";
import { pageSize } from "#http/artifact-query.ts";
import { artifactList, artifactStats, foundArtifact, searchArtifacts } from "#http/artifact-search.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, ownRuntime, reply, runOrNotFound } from "#http/route-context.ts";
import {
  ArtifactList,
  ArtifactListQuery,
  ArtifactMetadata,
  ArtifactSearchQuery,
  ArtifactStatsQuery,
  ArtifactStatsReply,
  ContentQuery,
} from "#http/schemas/artifacts.ts";
import { visibleArtifact } from "#http/visible-artifact.ts";
import type { ArtifactFilter } from "#ledger/ledger.ts";

const path = { run_id: "Run through which the artifact is seen.", artifact_id: "Id of the artifact." };

export function artifactRoutes(context: RouteContext) {
  return new Elysia().use(searchRoutes(context)).use(listRoutes(context)).use(readRoutes(context));
}

function searchRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/artifacts/search",
      async ({ request, set }) => {
        const query = readQuery(request.url, ArtifactSearchQuery);
        if (query.debug_unlimited && !isAdmin(access.principal(request))) {
          throw new AppError("forbidden", "Admin principal required");
        }
        return reply(set, await searchArtifacts(access.services(request), query));
      },
      operation({
        id: "searchArtifacts",
        summary: "Search artifacts",
        description:
          "By kind, type, run, session, workflow, tags, time or a part of their names; with counts by value.",
        tag: "artifacts",
        query: ArtifactSearchQuery,
        response: ArtifactList,
        errors: [400],
      }),
    )
    .get(
      "/api/gateway/artifacts/stats",
      async ({ request, set }) =>
        reply(set, await artifactStats(access.services(request), readQuery(request.url, ArtifactStatsQuery))),
      operation({
        id: "artifactStats",
        summary: "How many artifacts there are, of what",
        tag: "artifacts",
        query: ArtifactStatsQuery,
        response: ArtifactStatsReply,
        errors: [400],
      }),
    );
}

function listRoutes({ access }: RouteContext) {
  const list = async (request: Request, filter: ArtifactFilter) => {
    const query = readQuery(request.url, ArtifactListQuery);
    const page = { orderBy: "created_at", descending: true, offset: query.offset ?? 0 } as const;
    return artifactList(access.services(request).ledger, { filter, ...page, limit: pageSize(query) });
  };
  return new Elysia()
    .get(
      "/api/gateway/runs/:run_id/artifacts",
      async ({ params, request, set }) => {
        // A session's memory may be asked for before anything was put into it.
        if (!params.run_id.startsWith("session_memory_")) await runOrNotFound(access.services(request), params.run_id);
        return reply(set, await list(request, { runId: params.run_id }));
      },
      operation({
        id: "listRunArtifacts",
        summary: "Artifacts of a run",
        tag: "artifacts",
        path: { run_id: "Id of the run." },
        query: ArtifactListQuery,
        response: ArtifactList,
        errors: [404],
      }),
    )
    .get(
      "/api/gateway/sessions/:session_id/artifacts",
      async ({ params, request, set }) => {
        const { session_id: sessionId } = params;
        assertName(sessionId, ["path", "session_id"]);
        const { ledger, now } = access.services(request);
        await ensureSessionMemory(ledger, { sessionId, runtimeId: ownRuntime(ledger), now });
        const session = { sessionId, memoryRunId: sessionMemoryRunId(sessionId) };
        return reply(set, await list(request, { session }));
      },
      operation({
        id: "listSessionArtifacts",
        summary: "Artifacts of a session",
        description: "Those of its memory run, such as uploads, and those tagged with the session.",
        tag: "artifacts",
        path: { session_id: "Id of the session." },
        query: ArtifactListQuery,
        response: ArtifactList,
      }),
    );
}

function readRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/runs/:run_id/artifacts/:artifact_id",
      async ({ params, request, set }) => {
        const services = access.services(request);
        const { accessLog, ledger } = services;
        const row = await visibleArtifact(services, params.run_id, params.artifact_id);
        accessLog.note(row.artifact_id, "metadata");
        return reply(set, artifactMetadata(await foundArtifact(ledger, row.artifact_id)));
      },
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
        const action = query.access ?? query.access_action;
        const services = access.services(request);
        const row = await visibleArtifact(services, params.run_id, params.artifact_id);
        if (beginsAtStart(request)) services.accessLog.note(row.artifact_id, kindOf(action));
        return artifactContent(services, row, { request, isDownload: action === "download" });
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
        errors: [400, 404, 410],
      }),
    );
}

/** A player asks for a film in many parts: it has watched it once. */
function beginsAtStart(request: Request): boolean {
  return /^(?:bytes=0-.*)?$/.test(request.headers.get("range") ?? "");
}

function kindOf(action: string | undefined) {
  return action === "preview" || action === "download" ? action : "content";
}
