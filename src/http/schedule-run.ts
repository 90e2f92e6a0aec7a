import type { Principal } from "#auth/principal.ts";
import { resolveTarget } from "#http/catalog-access.ts";
import { AppError } from "#core/errors.ts";
import { overlapPolicies, schedulePrefix } from "#core/schedule.ts";
import { isoTime, parseTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { durationMs } from "#engine/kernel-effects.ts";
import { calendarOf, derivedCount } from "#engine/schedule/calendar.ts";
import { schedulePlan } from "#engine/schedule/plan.ts";
import type { ScheduleRunRequest } from "#http/schemas/schedules.ts";
import type { Services } from "#http/services.ts";
import { shownText } from "#http/validation.ts";
import { calendarMath } from "#scheduler/calendar.ts";

const maxExecutions = 10_000;

/**
 * Starts the run of a schedule (contract http-api 5); its id is the schedule's. AppErrors `invalid_request` name what is wrong with the
 * times, others are those of a start.
 */
export async function scheduleRun(
  services: Services,
  body: ScheduleRunRequest,
  {
    idempotency,
    caller,
  }: { idempotency: { key: string; principal: string; bodyHash: string } | null; caller: Principal },
): Promise<string> {
  const { installed, workflowId, flowId } = await resolveTarget(services, body, caller);
  // A flow that cannot run is refused now, and not at its first time.
  await services.plan(installed.digest, workflowId);
  const { bundle_id: bundleId, bundle_version: version } = installed.manifest;
  const wrapperId = `${schedulePrefix}${services.newId()}`;
  const now = services.now();
  const schedule: JsonObject = {
    kind: "scheduled_run",
    target_workflow_id: workflowId,
    target_bundle_id: bundleId,
    target_bundle_version: version,
    target_bundle_ref: `${bundleId}@${version}`,
    target_registry_scope: body.registry_scope ?? null,
    target_host_bundle_id: bundleId,
    target_flow_id: flowId,
    ...timesOf(body, now),
    share_context: body.share_context,
    session_prefix: body.share_context ? null : wrapperId,
    overlap: body.overlap,
    catchup_window: body.catchup_window ?? null,
    jitter: body.jitter ?? null,
    pause_on_failure: body.pause_on_failure,
    note: body.note ?? null,
    created_at: isoTime(now),
    updated_at: null,
  };
  checkPolicies(schedule);
  const input = body.input_data as JsonObject;
  const prompt = input["prompt"];
  const { run_id } = await services.startRun({
    target: { workflowId: wrapperId, bundleDigest: installed.digest, plan: schedulePlan(wrapperId) },
    inputData: { vars: input, ...(typeof prompt === "string" ? { prompt } : {}) },
    sessionId: body.session_id || null,
    actorId: "gateway",
    thinking: null,
    lifecycle: null,
    schedule,
    idempotency,
  });
  return run_id;
}

/** Checks the times of a request (contract http-api 5.3) and says when the first one is. */
function timesOf(body: ScheduleRunRequest, nowMs: number): JsonObject {
  const cron = body.cron === undefined || body.cron === null ? [] : [body.cron].flat();
  const recurs = body.interval !== null && body.interval !== undefined;
  const { repeat_count: count, repeat_until: until } = body;
  if (typeof count === "number" && count < 1) throw invalid("repeat_count must be >= 1");
  if (typeof count === "number" && count > 1 && !recurs && cron.length === 0) {
    throw invalid("repeat_count > 1 requires interval");
  }
  if (typeof count === "number" && until) throw invalid("repeat_until cannot be combined with repeat_count");
  if (until && !recurs && cron.length === 0) throw invalid("repeat_until requires interval");
  if (recurs && durationMs(body.interval ?? "") === null) {
    throw invalid(`Invalid interval: '${shownText(body.interval ?? "")}' (use 30s, 5m, 1h, 1d)`);
  }
  if (until) checkWithEnd(body);
  const startMs = startOf(body.start_at ?? null, nowMs);
  const isNow = isAtOnce(body.start_at ?? null);
  const interval = recurs && count !== 1 ? (body.interval ?? null) : null;
  const times: JsonObject = {
    start_at: isNow ? null : isoTime(startMs),
    interval,
    cron,
    timezone: body.timezone ?? null,
    repeat_until: until ? endOf(until) : null,
    anchor: isoTime(startMs),
    // A pattern alone says when the first time is; a given start is a time of its own.
    starts_at_anchor: cron.length === 0 || interval !== null || !isNow,
  };
  const calendar = calendarOf(times);
  const problem = calendarMath.problem(calendar);
  if (problem !== null)
    throw invalid(until && /end lies/.test(problem) ? "repeat_until must be >= start_at" : sentence(problem));
  const derived = derivedCount(calendar);
  times["repeat_count"] = count ?? derived;
  if (typeof count === "number" && count > maxExecutions)
    throw invalid(`repeat_count must be at most ${maxExecutions}`);
  if (derived !== null && derived > maxExecutions)
    throw invalid(`repeat_until implies too many executions (max ${maxExecutions})`);
  return times;
}

/** With an end the number of runs must be clear: whole units, and a start that is a time (contract http-api 5.2). */
function checkWithEnd({ interval, start_at: start }: ScheduleRunRequest): void {
  if (interval && !/^\s*\d+\s*[smhd]\s*$/i.test(interval)) {
    throw invalid(`Invalid interval: '${shownText(interval)}' (with repeat_until: a whole number of s, m, h or d)`);
  }
  if (start && !isAtOnce(start) && durationMs(start) !== null) {
    throw invalid(`Invalid start_at: '${shownText(start)}' (with repeat_until: now or an ISO time)`);
  }
}

function isAtOnce(start: string | null): boolean {
  return start === null || start.trim() === "" || start.trim().toLowerCase() === "now";
}

function startOf(start: string | null, nowMs: number): number {
  if (start === null || isAtOnce(start)) return Math.floor(nowMs);
  const later = durationMs(start);
  const ms = later === null ? parseTime(start) : nowMs + later;
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) {
    throw invalid(`Invalid start_at: '${shownText(start)}' (use now, 10m or an ISO time)`);
  }
  return Math.floor(ms);
}

function endOf(until: string): string {
  const ms = parseTime(until);
  if (Number.isNaN(ms)) throw invalid(`Invalid repeat_until: '${shownText(until)}' (use an ISO time)`);
  return isoTime(ms);
}

function checkPolicies({ overlap, catchup_window: window, jitter }: JsonObject): void {
  if (!overlapPolicies.some((policy) => policy === overlap)) {
    throw invalid(`overlap must be one of ${overlapPolicies.join(", ")}`);
  }
  for (const [name, value] of Object.entries({ catchup_window: window, jitter })) {
    if (typeof value === "string" && durationMs(value) === null)
      throw invalid(`${name} must be a duration such as 30s or 1h`);
  }
}

function sentence(problem: string): string {
  return problem.charAt(0).toUpperCase() + problem.slice(1);
}

function invalid(message: string): AppError {
  return new AppError("invalid_request", message);
}
