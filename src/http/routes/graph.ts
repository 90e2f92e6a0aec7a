import { Elysia } from "elysia";
import { canonicalTerm, objectKey, readMoment } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { ownersAsked } from "#http/graph-request.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  KgNeighborsReply,
  KgNeighborsRequest,
  KgQueryReply,
  KgQueryRequest,
  KgResolveReply,
  KgResolveRequest,
  Semantics,
} from "#http/schemas/graph.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck } from "#http/validation.ts";
import { rankings, toItem } from "#memory/query.ts";

const queryBody = bodyCheck(KgQueryRequest);
const resolveBody = bodyCheck(KgResolveRequest);
const neighborsBody = bodyCheck(KgNeighborsRequest);

/** Questions to the knowledge graph. */
export function graphRoutes({ access }: RouteContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  return new Elysia()
    .post(
      "/api/gateway/kg/query",
      async ({ request, set }) => {
        const body = queryBody.check(await bodyOf(request));
        return reply(set, await query(access.services(request), body, request.signal));
      },
      operation({
        id: "queryGraph",
        summary: "Ask the knowledge graph, by triples, by meaning or by words",
        tag: "memory",
        body: KgQueryRequest,
        response: KgQueryReply,
        errors: [400, 404, 413],
      }),
    )
    .post(
      "/api/gateway/kg/resolve",
      async ({ request, set }) => {
        const body = resolveBody.check(await bodyOf(request));
        return reply(set, await resolve(access.services(request), body, request.signal));
      },
      operation({
        id: "resolveLabel",
        summary: "Things that a name may mean",
        tag: "memory",
        body: KgResolveRequest,
        response: KgResolveReply,
        errors: [400, 404, 413],
      }),
    )
    .post(
      "/api/gateway/kg/neighbors",
      async ({ request, set }) => {
        const body = neighborsBody.check(await bodyOf(request));
        return reply(set, await neighbors(access.services(request), body, request.signal));
      },
      operation({
        id: "readNeighbors",
        summary: "Things around a thing",
        tag: "memory",
        body: KgNeighborsRequest,
        response: KgNeighborsReply,
        errors: [400, 404, 413],
      }),
    )
    .get(
      "/api/gateway/semantics",
      ({ request, set }) => reply(set, access.services(request).graph.semantics),
      operation({
        id: "readSemantics",
        summary: "Predicates and types of the knowledge graph",
        tag: "discovery",
        response: Semantics,
      }),
    );
}

async function query(services: Services, body: ReturnType<typeof queryBody.check>, signal: AbortSignal) {
  const ranking = rankings.find((each) => each === body.ranking);
  if (!ranking) throw new AppError("invalid_request", `ranking must be one of ${rankings.join(", ")}`);
  if (body.order !== "asc" && body.order !== "desc") throw new AppError("invalid_request", "order must be asc or desc");
  const owners = await ownersAsked(services, body);
  const term = (text: string | null | undefined) => (text?.trim() ? canonicalTerm(text) : undefined);
  const { items, warnings, view } = await services.graph.query(
    {
      filter: {
        owners,
        subject: term(body.subject),
        predicate: term(body.predicate),
        object: body.object?.trim() ? objectKey(body.object.trim()) : undefined,
        since: moment(body.since, "since"),
        until: moment(body.until, "until"),
        activeAt: moment(body.active_at, "active_at"),
        withInvalidated: body.include_invalidated,
      },
      text: body.query_text?.trim() || null,
      ranking,
      minScore: body.min_score ?? null,
      limit: body.limit,
      order: body.order,
    },
    { nowMs: services.now(), signal },
  );
  const { backend, path, dimensions } = view.store;
  return {
    ok: true,
    scope: body.scope,
    owner_id: owners?.length === 1 ? (owners[0]?.owner_id ?? null) : null,
    count: items.length,
    items: items.map(toItem),
    warnings: warnings.length > 0 ? warnings : null,
    store: {
      backend,
      path,
      require_vector: false,
      capabilities: { structured_query: true, keyword_query: true, semantic_query: dimensions !== null },
    },
  };
}

async function resolve(services: Services, body: ReturnType<typeof resolveBody.check>, signal: AbortSignal) {
  if (!body.label.trim()) throw new AppError("invalid_request", "label must be a text that is not empty");
  const semantic = body.include_semantic;
  const { candidates, warnings } = await services.graph.resolve(
    {
      label: body.label,
      expectedType: body.expected_type?.trim() || null,
      filter: { owners: await ownersAsked(services, body) },
      maxCandidates: body.max_candidates,
      minScore: body.min_score ?? null,
      semantic: typeof semantic === "boolean" ? (semantic ? "always" : "never") : "fallback",
    },
    { nowMs: services.now(), signal },
  );
  return { ok: true, count: candidates.length, candidates, warnings: warnings.length > 0 ? warnings : null };
}

async function neighbors(services: Services, body: ReturnType<typeof neighborsBody.check>, signal: AbortSignal) {
  if (!body.id.trim()) throw new AppError("invalid_request", "id must be a text that is not empty");
  const term = canonicalTerm(body.id);
  const found = await services.graph.neighbors(
    {
      term,
      depth: body.depth,
      limit: body.limit,
      filter: { owners: await ownersAsked(services, body), activeAt: moment(body.active_at, "active_at") },
    },
    { nowMs: services.now(), signal },
  );
  return {
    ok: true,
    id: term,
    nodes: [...found.terms].map(([id, distance]): JsonObject => ({ id, distance })),
    edges: found.items.map(toItem),
    truncated: !found.isWhole,
    warnings: found.warnings.length > 0 ? found.warnings : null,
  };
}

function moment(text: string | null | undefined, name: string): string | undefined {
  return readMoment(text, name) ?? undefined;
}
