import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import { isTerminal } from "#core/run.ts";
import { readJsonBody } from "#http/body.ts";
import { forkRun } from "#http/fork-run.ts";
import { publicVars } from "#http/input-data.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, reply, runOrNotFound } from "#http/route-context.ts";
import { ForkRunRequest, ForkRunResponse, RunState, StateQuery } from "#http/schemas/forks.ts";
import { bodyCheck } from "#http/validation.ts";
import { readForkPoint } from "#runner/fork-point.ts";

const forkBody = bodyCheck(ForkRunRequest);
const path = { run_id: "Id of the run." };

/** Runs at earlier cursors: what they knew there, and new runs that go on from there. */
export function forkRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/runs/:run_id/fork",
      async ({ params, request, set }) => {
        const { text, value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const body = forkBody.check(value);
        assertName(body.session_id, ["body", "session_id"]);
        const key = request.headers.get("idempotency-key");
        assertName(key, ["header", "idempotency-key"]);
        const services = access.services(request);
        const run = await runOrNotFound(services, params.run_id);
        const principal = principalKey(access.principal(request));
        const bodyHash = Bun.SHA256.hash(`${run.run_id}\n${text}`, "hex");
        const answer = await forkRun(services, run, body, {
          idempotency: key ? { key, principal, bodyHash } : null,
          mayReferToArtifacts: text.includes("artifact"),
        });
        return reply(set, answer);
      },
      operation({
        id: "forkRun",
        summary: "Start a new run from a run's state at a cursor",
        description:
          "The history is not copied: the new run begins with the vars and the place that the run had at the cursor, and does again " +
          "only what comes after it. It waits for what the run waited for, under its own key; a child run that is waited for is forked " +
          "too, as it stands without `at`, from its beginning otherwise. 409 when nothing is left to do there, when another version " +
          "lacks a node, or when the state is no longer kept.",
        tag: "runs",
        path,
        headers: {
          "idempotency-key": "The same key with the same request answers the same run; with another one 422.",
        },
        body: ForkRunRequest,
        response: ForkRunResponse,
        errors: [400, 404, 409, 413],
      }),
    )
    .get(
      "/api/gateway/runs/:run_id/state",
      async ({ params, request, set }) => {
        const query = readQuery(request.url, StateQuery);
        const services = access.services(request);
        const run = await runOrNotFound(services, params.run_id);
        const point = await readForkPoint(services.ledger, run.run_id, query.at ?? null);
        return reply(set, {
          run_id: run.run_id,
          cursor: point.cursor,
          head: point.head,
          status: point.status,
          node_id: point.nodeId,
          waiting: point.wait,
          record_hash: point.recordHash,
          can_fork: !isTerminal(point.status) && run.schedule_id === null,
          vars: query.include_internal ? point.vars : publicVars(point.vars),
        });
      },
      operation({
        id: "readRunState",
        summary: "The vars of a run as of a cursor",
        tag: "runs",
        path,
        query: StateQuery,
        response: RunState,
        errors: [404, 409],
      }),
    );
}
