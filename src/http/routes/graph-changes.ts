import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import { readMoment } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import { isoTime } from "#core/time.ts";
import { type Value, isObject } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { readAssertScope, whoseOf } from "#http/graph-request.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply, runOrNotFound } from "#http/route-context.ts";
import {
  KgAssertReply,
  KgAssertRequest,
  KgAssertionReply,
  KgChanged,
  KgExport,
  KgExportQuery,
  KgImportRequest,
  KgInvalidateRequest,
  KgUndoRequest,
} from "#http/schemas/graph.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { ownerOf } from "#memory/graph/owners.ts";
import type { Asserted } from "#memory/graph/scoped-graph.ts";
import type { StoredAssertion } from "#memory/knowledge-store.ts";
import { toItem } from "#memory/query.ts";

const assertBody = bodyCheck(KgAssertRequest);
const invalidateBody = bodyCheck(KgInvalidateRequest);
const undoBody = bodyCheck(KgUndoRequest);
const importBody = bodyCheck(KgImportRequest);
const base = "/api/gateway/kg";
const maxDescendants = 5000;
const recordPage = 500;

/** Writing to the knowledge graph: every change is an entry of the append-only memory log. */
export function graphChangeRoutes(context: RouteContext) {
  return new Elysia().use(writeRoutes(context)).use(takeBackRoutes(context)).use(transferRoutes(context));
}

function writeRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      `${base}/assert`,
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const writer = principalKey(access.principal(request));
        return reply(set, asserted(await assert(access.services(request), assertBody.check(value), writer)));
      },
      operation({
        id: "assertFacts",
        summary: "Write facts to the knowledge graph",
        tag: "memory",
        body: KgAssertRequest,
        response: KgAssertReply,
        errors: [400, 404, 413],
      }),
    )
    .get(
      `${base}/assertions/:assertion_id`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const found = await services.graph.find(params.assertion_id);
        if (!found) throw new AppError("not_found", `Assertion '${shownText(params.assertion_id)}' not found`);
        const assertion = toItem({ assertion: found, retrieval: null });
        return reply(set, { ok: true, assertion, written_by: await writerOf(services, found) });
      },
      operation({
        id: "readAssertion",
        summary: "An assertion, and the run and step that wrote it",
        tag: "memory",
        path: { assertion_id: "Id of the assertion." },
        response: KgAssertionReply,
        errors: [404],
      }),
    );
}

function takeBackRoutes({ access }: RouteContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  return new Elysia()
    .post(
      `${base}/invalidate`,
      async ({ request, set }) => {
        const body = invalidateBody.check(await bodyOf(request));
        if (body.assertion_ids.length === 0) throw new AppError("invalid_request", "assertion_ids is empty");
        const services = access.services(request);
        const at = isoTime(services.now());
        await services.graph.invalidate({
          at,
          assertion_ids: body.assertion_ids,
          valid_until: readMoment(body.valid_until, "valid_until") ?? at,
          reason: body.reason ?? null,
          by: principalKey(access.principal(request)),
        });
        return reply(set, { ok: true, count: new Set(body.assertion_ids).size });
      },
      operation({
        id: "invalidateFacts",
        summary: "Say that facts no longer hold; what was known before stays known",
        tag: "memory",
        body: KgInvalidateRequest,
        response: KgChanged,
        errors: [400, 404, 413],
      }),
    )
    .post(
      `${base}/undo`,
      async ({ request, set }) => {
        const body = undoBody.check(await bodyOf(request));
        const services = access.services(request);
        const { run_id: runId } = await runOrNotFound(services, body.run_id);
        const below = body.include_subruns ? await services.ledger.descendants(runId, maxDescendants) : [];
        const change = {
          at: isoTime(services.now()),
          reason: body.reason ?? null,
          by: principalKey(access.principal(request)),
        };
        return reply(set, { ok: true, count: await services.graph.undo([runId, ...below], change) });
      },
      operation({
        id: "undoFacts",
        summary: "Take back everything that a run wrote to the knowledge graph",
        tag: "memory",
        body: KgUndoRequest,
        response: KgChanged,
        errors: [404, 413],
      }),
    );
}

function transferRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      `${base}/export`,
      async ({ request, set }) => {
        const { scope, owner_id: owner, include_invalidated: withInvalidated } = readQuery(request.url, KgExportQuery);
        if (owner && !scope) throw new AppError("invalid_request", "owner_id needs a scope");
        const owners = scope ? [{ scope: readAssertScope(scope), owner_id: owner || null }] : null;
        const services = access.services(request);
        const everything = { text: null, ranking: "words", minScore: null, limit: 0, order: "asc" } as const;
        const query = { ...everything, filter: { owners, withInvalidated } };
        const { items } = await services.graph.query(query, { nowMs: services.now(), signal: request.signal });
        set.headers["content-type"] = "application/x-ndjson";
        return items.map((found) => `${JSON.stringify(toItem(found))}\n`).join("");
      },
      operation({
        id: "exportGraph",
        summary: "The knowledge graph as JSON lines",
        tag: "memory",
        query: KgExportQuery,
        response: KgExport,
        responseType: "application/x-ndjson",
        errors: [400],
      }),
    )
    .post(
      `${base}/import`,
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const { assertions } = importBody.check(value);
        const services = access.services(request);
        const given = { ...importOf(services, assertions as Value[], principalKey(access.principal(request))) };
        return reply(set, asserted(await services.graph.assert(given, { dedupe: true, at: given.observedAt })));
      },
      operation({
        id: "importGraph",
        summary: "Take over exported facts, with their scopes, owners and times",
        tag: "memory",
        body: KgImportRequest,
        response: KgAssertReply,
        errors: [400, 413],
      }),
    );
}

/** Exported assertions name their own scope and owner. */
function importOf(services: Services, triples: Value[], writer: string) {
  return {
    triples,
    scope: "global" as const,
    ownerOf: () => services.graph.globalId,
    ownerId: null,
    attributes: {},
    provenance: { imported_by: writer },
    allowsCustomPredicates: true,
    observedAt: isoTime(services.now()),
  };
}

async function assert(
  services: Services,
  body: ReturnType<typeof assertBody.check>,
  writer: string,
): Promise<Asserted> {
  const scope = readAssertScope(body.scope);
  const whose = await whoseOf(services, body);
  const at = isoTime(services.now());
  return services.graph.assert(
    {
      triples: body.assertions as Value[],
      scope,
      ownerOf: (each) => ownerOf(each, whose),
      ownerId: body.owner_id?.trim() || null,
      attributes: isObject(body.attributes_defaults) ? body.attributes_defaults : {},
      provenance: { written_by: writer },
      allowsCustomPredicates: body.allow_custom_predicates,
      observedAt: at,
    },
    { dedupe: body.dedupe, at },
  );
}

function asserted({ assertions, attempted, skipped }: Asserted) {
  return {
    ok: true,
    count: assertions.length,
    assertion_ids: assertions.map(({ assertion_id }) => assertion_id),
    count_attempted: attempted,
    skipped_duplicates: skipped,
  };
}

async function writerOf(services: Services, { provenance }: StoredAssertion) {
  const text = (name: string) => {
    const value = provenance[name];
    return typeof value === "string" ? value : null;
  };
  const runId = text("writer_run_id");
  if (runId === null) return null;
  const stepId = text("writer_step_id");
  return {
    run_id: runId,
    workflow_id: text("writer_workflow_id"),
    node_id: text("writer_node_id"),
    step_id: stepId,
    cursor: stepId === null ? null : await cursorOf(services, runId, stepId),
  };
}

/** Where the step's outcome stands in its run's ledger. */
async function cursorOf({ ledger }: Services, runId: string, stepId: string): Promise<number | null> {
  let cursor: number | null = null;
  let after = 0;
  for (;;) {
    const page = await ledger.readRecords(runId, after, { limit: recordPage });
    for (const { seq, json } of page) if (json.includes(`"step_id":"${stepId}"`)) cursor = seq;
    const last = page.at(-1);
    if (!last) return cursor;
    after = last.seq;
  }
}
