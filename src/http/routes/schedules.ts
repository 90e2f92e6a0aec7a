import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import type { CommandType } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import { type Run, isTerminal, runStatuses } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { calendarOf, countOf, maxPatterns, runsLeft } from "#engine/schedule/calendar.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, reply } from "#http/route-context.ts";
import { scheduleRun } from "#http/schedule-run.ts";
import { StartRunResponse } from "#http/schemas/runs.ts";
import {
  ScheduleChanged,
  ScheduleChanges,
  ScheduleList,
  ScheduleReply,
  ScheduleRunRequest,
  SchedulesQuery,
} from "#http/schemas/schedules.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { calendarMath } from "#scheduler/calendar.ts";

const scheduleBody = bodyCheck(ScheduleRunRequest);
const changeBody = bodyCheck(ScheduleChanges);
const path = { schedule_id: "Id of the schedule." };

/** Runs at given times. The schedule is a run itself: it is paused, resumed, cancelled and followed like any other. */
export function scheduleRoutes(context: RouteContext) {
  return new Elysia().use(createRoute(context)).use(readRoutes(context)).use(changeRoutes(context));
}

function createRoute({ access }: RouteContext) {
  return new Elysia().post(
    "/api/gateway/runs/schedule",
    async ({ request, set }) => {
      const { text, value } = await readJsonBody(request, access.bodyLimitBytes(request));
      const body = scheduleBody.check(value);
      assertName(body.session_id, ["body", "session_id"]);
      const key = request.headers.get("idempotency-key");
      assertName(key, ["header", "idempotency-key"]);
      const principal = principalKey(access.principal(request));
      const idempotency = key ? { key, principal, bodyHash: Bun.SHA256.hash(text, "hex") } : null;
      return reply(set, {
        run_id: await scheduleRun(
          access.services(request),
          { ...body, cron: patternsOf(body.cron) },
          {
            idempotency,
            caller: access.principal(request),
          },
        ),
      });
    },
    operation({
      id: "scheduleRun",
      summary: "Run a flow later, or again and again",
      tag: "runs",
      headers: { "idempotency-key": "The same key with the same body answers the same run; with another body 422." },
      body: ScheduleRunRequest,
      response: StartRunResponse,
      errors: [400, 404, 409, 413],
    }),
  );
}

function patternsOf(cron: unknown): string[] {
  if (cron === undefined || cron === null || cron === "") return [];
  const patterns: unknown[] = Array.isArray(cron) ? cron : [cron];
  if (patterns.length <= maxPatterns && patterns.every((pattern) => typeof pattern === "string")) return patterns;
  throw new AppError("invalid_request", `cron must be a pattern or a list of at most ${maxPatterns} patterns`);
}

function readRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/schedules",
      async ({ request, set }) => {
        const { limit, status } = readQuery(request.url, SchedulesQuery);
        const known = runStatuses.find((each) => each === status);
        if (status && !known) throw new AppError("invalid_request", `status must be one of ${runStatuses.join(", ")}`);
        const services = access.services(request);
        const runs = await services.ledger.listRuns({ limit, scheduled: true, ...(known ? { status: known } : {}) });
        return reply(set, { items: runs.map((run) => scheduleJson(services, run, listedTimes)) });
      },
      operation({
        id: "listSchedules",
        summary: "List schedules with their next times",
        tag: "runs",
        query: SchedulesQuery,
        response: ScheduleList,
        errors: [400],
      }),
    )
    .get(
      "/api/gateway/schedules/:schedule_id",
      async ({ params, request, set }) => {
        const services = access.services(request);
        return reply(set, scheduleJson(services, await scheduleOf(services, params.schedule_id), shownTimes));
      },
      operation({
        id: "readSchedule",
        summary: "A schedule with its next ten times",
        tag: "runs",
        path,
        response: ScheduleReply,
        errors: [404],
      }),
    );
}

function changeRoutes({ access }: RouteContext) {
  return new Elysia()
    .patch(
      "/api/gateway/schedules/:schedule_id",
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const payload = changeBody.check(value) as JsonObject;
        const services = access.services(request);
        const run = await scheduleOf(services, params.schedule_id);
        const principal = principalKey(access.principal(request));
        return reply(set, await carryOut(services, run, { type: "update_schedule", payload, principal }));
      },
      operation({
        id: "updateSchedule",
        summary: "Change a schedule, or make up for a past range",
        tag: "runs",
        path,
        body: ScheduleChanges,
        response: ScheduleChanged,
        errors: [400, 404, 413],
      }),
    )
    .delete(
      "/api/gateway/schedules/:schedule_id",
      async ({ params, request, set }) => {
        const services = access.services(request);
        const run = await scheduleOf(services, params.schedule_id);
        const principal = principalKey(access.principal(request));
        return reply(set, await carryOut(services, run, { type: "cancel", payload: {}, principal }));
      },
      operation({
        id: "cancelSchedule",
        summary: "End a schedule and what it runs",
        tag: "runs",
        path,
        response: ScheduleChanged,
        errors: [400, 404],
      }),
    );
}

async function scheduleOf({ ledger }: Services, id: string): Promise<Run> {
  const run = await ledger.getRun(id);
  if (!run || run.schedule_id === null) throw new AppError("not_found", `Schedule '${shownText(id)}' not found`);
  return run;
}

const shownTimes = 10;
/** Times of patterns cost a tenth of a millisecond each, and a list may be long. */
const listedTimes = 1;

function scheduleJson({ now }: Services, run: Run, count: number) {
  const schedule = run.schedule ?? {};
  const isOver = isTerminal(run.status) || run.pause?.paused === true;
  return {
    schedule_id: run.run_id,
    status: run.status,
    paused: run.pause?.paused ?? false,
    pause_reason: run.pause?.pause_reason ?? null,
    schedule,
    runs_left: isTerminal(run.status) ? 0 : runsLeft(schedule, now()),
    next_fire_times: isOver ? [] : nextTimes(schedule, now(), count),
  };
}

function nextTimes(schedule: JsonObject, nowMs: number, wanted: number): string[] {
  const calendar = calendarOf(schedule);
  const count = countOf(schedule);
  const fired = typeof schedule["executions"] === "number" ? schedule["executions"] : 0;
  const left = count === null ? wanted : Math.min(wanted, Math.max(0, count - fired));
  const times: string[] = [];
  for (let at: number | null = nowMs; times.length < left; times.push(isoTime(at))) {
    at = calendarMath.next(calendar, at);
    if (at === null) break;
  }
  return times;
}

const patienceMs = 2000;

/** Submits a command and waits a moment for what becomes of it. A refusal is the caller's error. */
async function carryOut(
  services: Services,
  run: Run,
  command: { type: CommandType; payload: JsonObject; principal: string },
): Promise<object> {
  const commandId = newHexId();
  const { seq } = await services.submitCommand({
    command_id: commandId,
    run_id: run.run_id,
    ...command,
    ts: isoTime(services.now()),
    client_id: null,
  });
  const until = services.now() + patienceMs;
  for (let pauseMs = 5; services.now() < until; pauseMs = Math.min(100, pauseMs * 2)) {
    const outcome = (await services.ledger.getCommand(commandId, command.principal))?.outcome;
    if (outcome?.status === "refused") throw new AppError("invalid_request", outcome.message);
    if (outcome) return { ok: true, command_id: commandId, message: outcome.message, seq };
    await Bun.sleep(pauseMs);
  }
  return { ok: true, command_id: commandId, message: "Accepted; no runner has applied it yet", seq };
}
