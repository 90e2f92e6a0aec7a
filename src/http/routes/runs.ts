import type { Static } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { type Run, type RunStatus, runStatuses } from "#core/run.ts";
import { readJsonBody } from "#http/body.ts";
import { tagOf, taggedReply } from "#http/entity-tag.ts";
import { historyBundle } from "#http/history/history-bundle.ts";
import { runStats } from "#http/history/run-stats.ts";
import { inputData } from "#http/input-data.ts";
import { operation } from "#http/operation.ts";
import { purgeDrafts } from "#http/purge-drafts.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, reply, replyText, runOrNotFound } from "#http/route-context.ts";
import { runJson } from "#http/run-json.ts";
import { HistoryBundle, HistoryQuery } from "#http/schemas/history.ts";
import {
  InputData,
  ListRunsQuery,
  PurgeDraftsRequest,
  PurgeDraftsResponse,
  RunList,
  RunSummary,
  StartRunRequest,
  StartRunResponse,
} from "#http/schemas/runs.ts";
import type { Services } from "#http/services.ts";
import { startRun } from "#http/start-run.ts";
import { bodyCheck } from "#http/validation.ts";

const startBody = bodyCheck(StartRunRequest);
const purgeBody = bodyCheck(PurgeDraftsRequest);

export function runRoutes(context: RouteContext) {
  return new Elysia().use(startRoutes(context)).use(readRoutes(context));
}

function startRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/runs/start",
      async ({ request, set }) => {
        const { text, value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const body = startBody.check(value);
        assertName(body.session_id, ["body", "session_id"]);
        const key = request.headers.get("idempotency-key");
        assertName(key, ["header", "idempotency-key"]);
        const runId = await startRun(access.services(request), body, {
          principal: principalKey(access.principal(request)),
          caller: access.principal(request),
          idempotency: key ? { key, bodyHash: Bun.SHA256.hash(text, "hex") } : null,
          mayReferToArtifacts: text.includes("artifact"),
          traceparent: request.headers.get("traceparent"),
        });
        return reply(set, { run_id: runId });
      },
      operation({
        id: "startRun",
        summary: "Start a run of a flow",
        tag: "runs",
        headers: {
          "idempotency-key": "The same key with the same body answers the same run; with another body 422.",
          traceparent: "The run belongs to this trace (W3C Trace Context).",
        },
        body: StartRunRequest,
        response: StartRunResponse,
        errors: [400, 404, 409, 413, 501],
      }),
    )
    .post(
      "/api/gateway/runs/purge_drafts",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        return reply(set, await purgeDrafts(access.services(request), purgeBody.check(value)));
      },
      operation({
        id: "purgeDrafts",
        summary: "Remove draft tests that are over and expired",
        tag: "runs",
        body: PurgeDraftsRequest,
        response: PurgeDraftsResponse,
        errors: [413, 501],
      }),
    );
}

function readRoutes({ access }: RouteContext) {
  const path = { run_id: "Id of the run." };
  return new Elysia()
    .get(
      "/api/gateway/runs",
      async ({ request, set }) =>
        reply(set, await listRuns(access.services(request), readQuery(request.url, ListRunsQuery))),
      operation({
        id: "listRuns",
        summary: "List runs, newest change first",
        tag: "runs",
        query: ListRunsQuery,
        response: RunList,
        errors: [400],
      }),
    )
    .get(
      "/api/gateway/runs/:run_id",
      async ({ params, request, set }) => {
        const text = JSON.stringify(runJson(await runOrNotFound(access.services(request), params.run_id)));
        return taggedReply(request, set, { tag: tagOf(text), text });
      },
      operation({
        id: "readRun",
        summary: "A run as it stands",
        tag: "runs",
        path,
        response: RunSummary,
        errors: [404],
      }),
    )
    .get(
      "/api/gateway/runs/:run_id/input_data",
      async ({ params, request, set }) => {
        const services = access.services(request);
        return reply(set, await inputData(services, await runOrNotFound(services, params.run_id)));
      },
      operation({
        id: "readRunInput",
        summary: "What a run was started with",
        tag: "runs",
        path,
        response: InputData,
        errors: [404],
      }),
    )
    .get(
      "/api/gateway/runs/:run_id/history_bundle",
      async ({ params, request, set }) => {
        const query = readQuery(request.url, HistoryQuery);
        const services = access.services(request);
        return replyText(set, await historyBundle(services, await runOrNotFound(services, params.run_id), query));
      },
      operation({
        id: "exportRunHistory",
        summary: "Everything that is needed to show a run again",
        tag: "runs",
        path,
        query: HistoryQuery,
        response: HistoryBundle,
        errors: [400, 404],
      }),
    );
}

async function listRuns(services: Services, query: Static<typeof ListRunsQuery>) {
  const runs = await services.ledger.listRuns({
    limit: query.limit,
    ...(query.status ? { status: statusOf(query.status) } : {}),
    ...(query.workflow_id ? { workflowId: query.workflow_id } : {}),
    ...(query.session_id ? { sessionId: query.session_id } : {}),
    rootOnly: query.root_only,
    includeDrafts: query.include_drafts,
  });
  const items: object[] = [];
  for (const run of runs) {
    items.push({
      ...runJson(run),
      ...(query.include_ledger_len ? { ledger_len: run.head_seq } : {}),
      ...(query.include_metrics ? await metrics(services, run) : {}),
    });
  }
  return { items };
}

/** Longer ledgers are not counted for a list; their numbers are null. */
const maxMeasuredRecords = 2000;

async function metrics(services: Services, run: Run) {
  if (run.head_seq > maxMeasuredRecords) {
    return { steps: run.head_seq, llm_calls: null, tool_calls: null, tokens_total: null };
  }
  const stats = await runStats(services.ledger, [run.run_id]);
  return {
    steps: run.head_seq,
    llm_calls: stats.llm_calls,
    tool_calls: stats.tool_calls,
    tokens_total: stats.usage.total_tokens,
  };
}

function statusOf(text: string): RunStatus {
  const status = runStatuses.find((each) => each === text);
  if (!status) throw new AppError("invalid_request", `status must be one of ${runStatuses.join(", ")}, not '${text}'`);
  return status;
}
