import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import type { AppError } from "#core/errors.ts";
import { isTerminal } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import { awaitRun } from "#http/await-run.ts";
import { readJsonBody } from "#http/body.ts";
import { mediaReply, refusalReply } from "#http/media/media-reply.ts";
import type { MediaOperation } from "#http/media/media-operation.ts";
import { mediaOperations } from "#http/media/media-operations.ts";
import { type MediaStart, prepareMedia, startMedia } from "#http/media/start-media.ts";
import { operation as describe } from "#http/operation.ts";
import { type ReplySettings, type RouteContext, assertName, reply } from "#http/route-context.ts";
import { AcceptedMedia } from "#http/schemas/media.ts";
import { bodyCheck } from "#http/validation.ts";

export interface MediaContext extends RouteContext {
  /** The server must not cut a request that waits. */
  keepOpen: (request: Request) => void;
}

/** Speech, images, videos and music, each made by a child run (contract http-api 1.16). */
export function mediaRoutes(context: MediaContext) {
  const app = new Elysia();
  for (const each of mediaOperations) addRoute(app, context, each);
  return app;
}

function addRoute(app: Elysia, context: MediaContext, operation: MediaOperation): void {
  const check = bodyCheck(operation.body);
  app.post(
    `/api/gateway/runs/:run_id/${operation.path}`,
    async ({ params, request, set }) => {
      const { value } = await readJsonBody(request, context.access.bodyLimitBytes(request), { floats: false });
      const body = check.check(value) as JsonObject;
      return reply(set, await answer(context, { operation, body, runId: params.run_id }, { request, set }));
    },
    describe({
      id: operation.id,
      summary: operation.summary,
      description:
        "A child run makes it and tells in its ledger how far it is (`abstract.progress`); cancelling that run ends the provider's work. With `Prefer: respond-async` the answer is 202 with the child's id at once.",
      tag: "media",
      path: { run_id: "Run that it belongs to, or the memory run of a session." },
      headers: { prefer: "`respond-async`: do not wait.", traceparent: "The trace that the call belongs to." },
      body: operation.body,
      response: operation.reply,
      accepted: AcceptedMedia,
      errors: operation.code === null ? [400, 404, 413, 503] : [400, 404, 413],
    }),
  );
}

interface Exchange {
  request: Request;
  set: ReplySettings & { status?: number | string };
}

async function answer(
  { access, keepOpen }: MediaContext,
  asked: Pick<MediaStart, "operation" | "body" | "runId">,
  { request, set }: Exchange,
): Promise<JsonObject> {
  const services = access.services(request);
  const { operation, body, runId } = asked;
  const named = typeof body["request_id"] === "string" ? body["request_id"].trim() : "";
  assertName(named, ["body", "request_id"]);
  const requestId = named || services.newId();
  const start: MediaStart = {
    ...asked,
    requestId,
    isNamed: named !== "",
    principal: principalKey(access.principal(request)),
    traceparent: request.headers.get("traceparent"),
  };
  const prepared = await prepareMedia(services, start);
  if ("refusal" in prepared) return refused(start, prepared.refusal);
  const childId = await startMedia(services, start, prepared);
  if (/(?:^|[,;\s])respond-async(?:$|[,;\s])/i.test(request.headers.get("prefer") ?? "")) {
    set.status = 202;
    set.headers["preference-applied"] = "respond-async";
    set.headers["location"] = `/api/gateway/runs/${childId}`;
    const status = (await services.ledger.getRun(childId))?.status ?? "running";
    return { ok: true, run_id: runId, request_id: requestId, child_run_id: childId, status };
  }
  keepOpen(request);
  const isReady = ({ status }: { status: Parameters<typeof isTerminal>[0] }) => isTerminal(status);
  const child = await awaitRun(services, childId, { isReady, signal: request.signal });
  return mediaReply({ operation, runId, requestId }, child);
}

function refused({ operation, runId, requestId }: MediaStart, refusal: AppError): JsonObject {
  if (operation.code === null) throw refusal;
  const code = `${operation.code}_unavailable`;
  return refusalReply({ operation, runId, requestId }, { code, error: refusal.message });
}
