import { Elysia } from "elysia";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import { isTerminal } from "#core/run.ts";
import { sessionTurns } from "#http/history/session-turns.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, reply } from "#http/route-context.ts";
import { runJson } from "#http/run-json.ts";
import { ListSessionsQuery, SessionDetail, SessionList, SessionQuery } from "#http/schemas/sessions.ts";
import type { Services } from "#http/services.ts";
import { shownText } from "#http/validation.ts";

/** Runs by the session that they belong to. Beyond the reference. */
export function sessionRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/sessions",
      async ({ request, set }) => {
        const { limit, before, include_unnamed } = readQuery(request.url, ListSessionsQuery);
        assertName(before, ["query", "before"]);
        const { ledger } = access.services(request);
        const query = { limit, before: before ?? null, includeUnnamed: include_unnamed };
        const items = await ledger.listSessions(query);
        return reply(set, { items, next_before: items.length === limit ? (items.at(-1)?.updated_at ?? null) : null });
      },
      operation({
        id: "listSessions",
        summary: "List sessions, newest change first",
        tag: "runs",
        query: ListSessionsQuery,
        response: SessionList,
      }),
    )
    .get(
      "/api/gateway/sessions/:session_id",
      async ({ params, request, set }) => {
        const { turn_limit } = readQuery(request.url, SessionQuery);
        assertName(params.session_id, ["path", "session_id"]);
        return reply(set, await sessionDetail(access.services(request), params.session_id, turn_limit));
      },
      operation({
        id: "readSession",
        summary: "A session with its runs and turns",
        tag: "runs",
        path: { session_id: "Id of the session." },
        query: SessionQuery,
        response: SessionDetail,
        errors: [404],
      }),
    );
}

const maxRuns = 500;

async function sessionDetail(services: Services, sessionId: string, turnLimit: number) {
  const { ledger } = services;
  const runs = await ledger.listRuns({ limit: maxRuns, sessionId, rootOnly: true });
  const newest = runs.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))[0] ?? null;
  const memory = await ledger.getRun(sessionMemoryRunId(sessionId));
  if (!newest && !memory) throw new AppError("not_found", `Session '${shownText(sessionId)}' not found`);
  const turns = newest && turnLimit > 0 ? await sessionTurns(services, newest, turnLimit) : null;
  const times = [...runs, ...(newest || !memory ? [] : [memory])];
  return {
    session_id: sessionId,
    runs: runs.length,
    live: runs.filter(({ status }) => !isTerminal(status)).length,
    created_at: times.map(({ created_at }) => created_at).reduce((a, b) => (b < a ? b : a)),
    updated_at: times.map(({ updated_at }) => updated_at).reduce((a, b) => (b > a ? b : a)),
    items: runs.map(runJson),
    turns: turns?.["turns"] ?? [],
    has_memory: memory !== null,
  };
}
