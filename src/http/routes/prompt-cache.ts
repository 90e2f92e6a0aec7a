import { Elysia } from "elysia";
import { AppError } from "#core/errors.ts";
import { isObject } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, reply } from "#http/route-context.ts";
import {
  CacheQuery,
  PromptCacheReply,
  SessionCacheQuery,
  SessionCacheReply,
  SessionCacheRequest,
  cacheBodies,
} from "#http/schemas/prompt-cache.ts";
import { bodyCheck } from "#http/validation.ts";
import { type CacheRequest, operateCache } from "#models/cache-operations.ts";
import {
  type SessionCacheOperation,
  type SessionCacheRequest as SessionCache,
  operateSessionCache,
} from "#models/session-cache.ts";

const reads = {
  capabilities: "What can be done with a model's prompt caches",
  stats: "The prompt caches of a model",
  saved: "Prompt caches of a model that were saved by name",
} as const;

const writes = {
  set: "Give a prompt cache its name",
  update: "Compute what conversations begin with, and keep it",
  fork: "Copy a prompt cache",
  clear: "Forget prompt caches",
  prepare_modules: "Compute a beginning part by part",
  save: "Keep a copy of a prompt cache by name",
  load: "Use a kept copy again",
} as const;

/** Named caches of what models computed. A failure is a 200 reply with `ok: false`, as clients expect it. */
export function promptCacheRoutes(context: RouteContext) {
  const { access } = context;
  const app = new Elysia();
  for (const [name, summary] of entries(reads)) {
    app.get(
      `/api/gateway/prompt_cache/${name}`,
      async ({ request, set }) =>
        reply(set, await operateCache(access.services(request).providers, name, targetOf(request.url), request.signal)),
      operation({
        id: camel(`read_prompt_cache_${name}`),
        summary,
        tag: "models",
        query: CacheQuery,
        response: PromptCacheReply,
        errors: [400],
      }),
    );
  }
  for (const [name, summary] of entries(writes)) {
    const checked = bodyCheck(cacheBodies[name]);
    app.post(
      `/api/gateway/prompt_cache/${name}`,
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const body = checked.check(value) as unknown as CacheRequest;
        return reply(set, await operateCache(access.services(request).providers, name, body, request.signal));
      },
      operation({
        id: camel(`${name}_prompt_cache`),
        summary,
        tag: "models",
        body: cacheBodies[name],
        response: PromptCacheReply,
        errors: [400, 413],
      }),
    );
  }
  return app.use(sessionCacheRoutes(context));
}

const sessionWrites = {
  prepare: "Prepare the prompt cache of a session",
  clear: "Forget the prompt cache of a session",
  rebuild: "Forget the prompt cache of a session and prepare it again",
} as const;
const sessionBody = bodyCheck(SessionCacheRequest);
const sessionPath = { session_id: "Id of the session." };

function sessionCacheRoutes({ access }: RouteContext) {
  const operate = (
    request: Request,
    sessionId: string,
    asked: { name: SessionCacheOperation; cache: SessionCache },
  ) => {
    assertName(sessionId, ["path", "session_id"]);
    const { source, tenant_id, user_id, runtime_id } = access.principal(request);
    const scope = { sessionId, principal: { source, tenant_id, user_id, runtime_id } };
    return operateSessionCache(
      access.services(request).providers,
      asked.name,
      { request: asked.cache, scope },
      request.signal,
    );
  };
  const app = new Elysia().get(
    "/api/gateway/sessions/:session_id/prompt_cache/status",
    async ({ params, request, set }) => {
      const cache = { ...targetOf(request.url), ...readQuery(request.url, SessionCacheQuery) };
      return reply(set, await operate(request, params.session_id, { name: "status", cache }));
    },
    operation({
      id: "readSessionCache",
      summary: "The prompt cache of a session",
      tag: "models",
      path: sessionPath,
      query: SessionCacheQuery,
      response: SessionCacheReply,
      errors: [400],
    }),
  );
  for (const [name, summary] of entries(sessionWrites)) {
    app.post(
      `/api/gateway/sessions/:session_id/prompt_cache/${name}`,
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const cache = sessionBody.check(value) as unknown as SessionCache;
        assertModules(cache.modules);
        return reply(set, await operate(request, params["session_id"] ?? "", { name, cache }));
      },
      operation({
        id: camel(`${name}_session_cache`),
        summary,
        tag: "models",
        path: sessionPath,
        body: SessionCacheRequest,
        response: SessionCacheReply,
        errors: [400, 413],
      }),
    );
  }
  return app;
}

const maxModules = 12;
const maxModuleBytes = 256_000;

function assertModules(modules: unknown): void {
  if (modules === undefined || modules === null) return;
  if (!Array.isArray(modules) || !modules.every(isObject)) {
    throw new AppError("invalid_request", "modules must be a list of objects");
  }
  if (modules.length > maxModules) throw new AppError("invalid_request", `modules has more than ${maxModules} entries`);
  if (Buffer.byteLength(JSON.stringify(modules)) > maxModuleBytes) {
    throw new AppError("invalid_request", `modules has more than ${maxModuleBytes} bytes`);
  }
}

/** The pair that every question names. AppError `invalid_request` when one is missing. */
function targetOf(url: string): { provider: string; model: string } {
  const { provider, model } = readQuery(url, CacheQuery);
  for (const [name, value] of Object.entries({ provider, model })) {
    if (!value?.trim()) throw new AppError("invalid_request", `${name} is required`);
  }
  return { provider, model };
}

function entries<T extends object>(record: T): [keyof T & string, string][] {
  return Object.entries(record) as [keyof T & string, string][];
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
