import { Type as t } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { isTerminal } from "#core/run.ts";
import { readJsonBody } from "#http/body.ts";
import { tagOf, taggedReply } from "#http/entity-tag.ts";
import { ledgerBatch, ledgerPage } from "#http/ledger-pages.ts";
import type { LiveStreams } from "#http/live-streams.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, replyText, runOrNotFound } from "#http/route-context.ts";
import { LedgerBatchRequest, LedgerBatchResponse, LedgerPage, LedgerQuery, StreamQuery } from "#http/schemas/ledger.ts";
import { bodyCheck } from "#http/validation.ts";

const batchBody = bodyCheck(LedgerBatchRequest);

const StreamEvents = t.String({
  description:
    "`step` events with `{cursor, record}` and `id` = cursor, comments while nothing happens, and one `done` event with " +
    "`{run_id, cursor, status}` when the run is over and everything was sent.",
});

export interface LedgerRouteContext extends RouteContext {
  streams: LiveStreams;
  /** The server must not cut a quiet stream. */
  keepOpen: (request: Request) => void;
}

export function ledgerRoutes(context: LedgerRouteContext) {
  const { access } = context;
  return new Elysia()
    .get(
      "/api/gateway/runs/:run_id/ledger",
      async ({ params, request, set }) => {
        const query = readQuery(request.url, LedgerQuery);
        const text = await ledgerPage(access.services(request).ledger, params.run_id, query);
        return taggedReply(request, set, { tag: tagOf(text), text });
      },
      operation({
        id: "readLedger",
        summary: "Read a page of a run's ledger",
        tag: "ledger",
        path: { run_id: "Run to read." },
        query: LedgerQuery,
        response: LedgerPage,
        errors: [404],
      }),
    )
    .post(
      "/api/gateway/runs/ledger/batch",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        return replyText(set, await ledgerBatch(access.services(request).ledger, batchBody.check(value)));
      },
      operation({
        id: "readLedgers",
        summary: "Read a page of several runs' ledgers",
        tag: "ledger",
        body: LedgerBatchRequest,
        response: LedgerBatchResponse,
        errors: [413],
      }),
    )
    .get(
      "/api/gateway/runs/:run_id/ledger/stream",
      ({ params, request }) => openStream(context, params.run_id, request),
      operation({
        id: "streamLedger",
        summary: "Follow a run's ledger live",
        description:
          "Records after the cursor first, then each new one as it becomes durable. Reconnect with the last cursor.",
        tag: "ledger",
        path: { run_id: "Run to follow." },
        query: StreamQuery,
        headers: {
          "last-event-id": "Cursor of the last event that the client has; the larger of it and `after` counts.",
        },
        response: StreamEvents,
        responseType: "text/event-stream",
        errors: [404],
      }),
    );
}

async function openStream(context: LedgerRouteContext, runId: string, request: Request): Promise<Response> {
  const { access, streams, keepOpen } = context;
  const query = readQuery(request.url, StreamQuery);
  const run = await runOrNotFound(access.services(request), runId);
  const headers = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  keepOpen(request);
  const after = Math.max(query.after, lastEventId(request));
  const body = streams.open({
    runId,
    after,
    heartbeatMs: query.heartbeat_s * 1000,
    deltas: query.deltas,
    greet: after >= run.head_seq && !isTerminal(run.status),
    signal: request.signal,
    onClose: access.keepSlot(request),
    isWelcome: welcomeOf(context, request),
  });
  return new Response(body, { headers });
}

/** A stream lasts; its client may be disabled meanwhile. With one user there is nothing to ask. */
function welcomeOf({ services, access }: LedgerRouteContext, request: Request): (() => boolean) | null {
  const { people } = services;
  const { credential } = access.principal(request);
  return people && credential && (() => people.credentials.isValid(credential));
}

function lastEventId(request: Request): number {
  const text = request.headers.get("last-event-id");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
