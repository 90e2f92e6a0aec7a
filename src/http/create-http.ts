import { cors } from "@elysiajs/cors";
import { Elysia } from "elysia";
import { auditPath } from "#auth/audit-chain.ts";
import { type AuditLog, createAuditLog } from "#auth/audit-log.ts";
import { createGuard } from "#auth/guard.ts";
import { createLockout } from "#auth/lockout.ts";
import { createOriginCheck } from "#auth/origins.ts";
import { createRequestSlots } from "#auth/request-slots.ts";
import { createTokenSet } from "#auth/tokens.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { Log, Report } from "#core/log.ts";
import { RequestAccess, pathOf } from "#http/access.ts";
import type { ConsoleFiles } from "#http/console-page.ts";
import { docsAssets } from "#http/docs.ts";
import { type ErrorReply, errorReply } from "#http/errors.ts";
import { type LiveStreams, createLiveStreams } from "#http/live-streams.ts";
import { openApi } from "#http/openapi.ts";
import { type RouteTable, createRouteTable } from "#http/route-table.ts";
import { adminCatalogRoutes } from "#http/routes/admin-catalog.ts";
import { workflowCatalogRoutes } from "#http/routes/workflow-catalog.ts";
import { adminRuntimeRoutes } from "#http/routes/admin-runtimes.ts";
import { adminUserRoutes } from "#http/routes/admin-users.ts";
import { artifactGroups } from "#http/routes/artifact-groups.ts";
import { blocRoutes } from "#http/routes/blocs.ts";
import { auditRoutes } from "#http/routes/audit.ts";
import { bundleGroups } from "#http/routes/bundle-groups.ts";
import { commandRoutes } from "#http/routes/commands.ts";
import { consoleRoutes } from "#http/routes/console.ts";
import { connectionRoutes } from "#http/routes/connections.ts";
import { defaultRoutes } from "#http/routes/defaults.ts";
import { discoveryRoutes } from "#http/routes/discovery.ts";
import { embeddingRoutes } from "#http/routes/embeddings.ts";
import { gatewayRoutes } from "#http/routes/gateway.ts";
import { hostRoutes } from "#http/routes/host.ts";
import { ledgerRoutes } from "#http/routes/ledger.ts";
import { mediaGroups } from "#http/routes/media-groups.ts";
import { modelRoutes } from "#http/routes/models.ts";
import { openAiRoutes } from "#http/routes/openai.ts";
import { peopleRoutes } from "#http/routes/people.ts";
import { promptCacheRoutes } from "#http/routes/prompt-cache.ts";
import { runGroups } from "#http/routes/run-groups.ts";
import { sandboxRoutes } from "#http/routes/sandbox.ts";
import { scheduleRoutes } from "#http/routes/schedules.ts";
import { graphChangeRoutes } from "#http/routes/graph-changes.ts";
import { graphRoutes } from "#http/routes/graph.ts";
import { webhookRoutes } from "#http/routes/webhooks.ts";
import { upkeepRoutes } from "#http/routes/upkeep.ts";
import type { SharedServices } from "#http/services.ts";

export interface HttpServer {
  /** Live streams that are open now. */
  readonly streams: number;
  /**
   * Binds and answers the port, which the system chose when 0 was asked for. AppError `unavailable` when the address is taken. Servers that
   * share a port each get some of its connections, so that one can be replaced by another without a moment in which nobody listens.
   */
  listen(host: string, port: number, options?: { sharesPort: boolean }): Promise<{ port: number }>;
  /** Ends streams and takes no new connections, lets requests under way finish for `graceMs`, then closes connections. */
  stop(options: { graceMs: number }): Promise<void>;
}

export interface HttpOptions {
  /** Trouble that no client sees in full: one sentence. */
  report?: Report;
  /** Hears of every request of the API. */
  log?: Log;
  /** The web console; null without one. */
  consoleFiles?: ConsoleFiles | null;
}

/** Idle connections are closed after this; streams are exempt. */
const idleTimeoutS = 120;

export function createHttp(services: SharedServices, options: HttpOptions = {}): HttpServer {
  const report = options.report ?? ((message: string) => console.error(message));
  const audit = openAudit(services, report);
  const streams = createLiveStreams(services);
  let server: Bun.Server<unknown> | null = null;
  let sharesPort = false;
  let isLeaving = false;
  const access = createAccess(services, {
    audit,
    log: options.log ?? null,
    peerAddress: (request) => server?.requestIP(request)?.address ?? "",
  });
  const app = createRoutes(services, {
    access,
    audit,
    streams,
    report,
    consoleFiles: options.consoleFiles ?? null,
    keepOpen: (request) => server?.timeout(request, 0),
    isLeaving: () => isLeaving,
  });
  return {
    get streams() {
      return streams.count;
    },
    async listen(host, port, listening = { sharesPort: false }) {
      ({ sharesPort } = listening);
      server = await bind(app, { host, port, sharesPort });
      return { port: server.port ?? port };
    },
    async stop({ graceMs }) {
      isLeaving = true;
      // Before the streams end: their clients come again at once, and must not come here.
      const drained = server?.stop(false);
      streams.end();
      if (server) await drain(server, Promise.all([drained, sharesPort ? Bun.sleep(lingerMs) : null]), graceMs);
      server = null;
      await audit?.close();
    },
  };
}

/** A client that has a connection left learns from one more answer that it has to open a new one, which the other server gets. */
const lingerMs = 300;

function openAudit({ settings, now }: SharedServices, report: (message: string) => void): AuditLog | null {
  const { enabled, maxBytes, rotations } = settings.auth.audit;
  if (!enabled) return null;
  return createAuditLog({ path: auditPath(settings.dataDir), maxBytes, rotations, now, report });
}

function createAccess(
  services: SharedServices,
  parts: { audit: AuditLog | null; log: Log | null; peerAddress: (request: Request) => string },
): RequestAccess {
  const { settings, now } = services;
  const { auth, limits } = settings;
  const lockout = createLockout({ after: auth.lockoutAfter, baseS: auth.lockoutBaseS, maxS: auth.lockoutMaxS });
  const { cookie, header, csrfHeader } = auth.users.session;
  const names = { cookie, header, csrfHeader };
  const guard = createGuard({
    auth,
    limits,
    tokens: createTokenSet(auth.tokens, services.people !== null),
    people: services.people && { credentials: services.people.credentials, names },
    isAllowedOrigin: createOriginCheck(auth.allowedOrigins),
    lockout,
    now,
  });
  return new RequestAccess({
    settings,
    guard,
    general: createRequestSlots(limits.maxConcurrency),
    streams: createRequestSlots(limits.maxSse),
    now,
    telemetry: services.telemetry,
    servicesOf: (principal) => services.of(principal),
    ...parts,
  });
}

/**
 * Any origin is echoed, so that a browser can read every reply, refusals too; the guard decides which ones are served. Only the plugin's
 * hook is used, and only for requests that name an origin: it lists headers, which costs a plain request more than all checks of the guard.
 */
function corsHook() {
  const hook = cors({ origin: () => true, exposeHeaders: exposedHeaders, maxAge: 600 }).event.request?.[0]?.fn;
  if (!hook) throw new Error("the CORS plugin has no request hook");
  // Handed on whole, the context would be taken for one whose every part is used, cookies and all.
  return ({ request, set }: Parameters<typeof hook>[0]) => {
    if (!request.headers.has("origin")) return undefined;
    // The plugin would put these two on every reply of the server.
    set.headers["access-control-allow-credentials"] = "true";
    set.headers["access-control-expose-headers"] = exposedHeaders.join(", ");
    return hook({ request, set });
  };
}

interface Parts {
  access: RequestAccess;
  audit: AuditLog | null;
  streams: LiveStreams;
  report: Report;
  consoleFiles: ConsoleFiles | null;
  keepOpen: (request: Request) => void;
  /** Whether this server is being stopped. */
  isLeaving: () => boolean;
}

/** Sent with every reply. A page that needs more says so itself. */
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "frame-ancestors 'none'",
};

function createRoutes(services: SharedServices, parts: Parts) {
  const { access, audit, streams, report, consoleFiles, keepOpen, isLeaving } = parts;
  const context = { services, access };
  let table: RouteTable | null = null;
  const app = new Elysia({ handler: { standardHostname: false } })
    .headers(securityHeaders)
    .wrap((handle) => async (request: Request) => {
      let status = 500;
      try {
        const response = await (handle as unknown as Handle)(request);
        status = response.status;
        if (isLeaving()) response.headers.set("connection", "close");
        return response;
      } finally {
        access.leave(request, status);
      }
    })
    .onRequest(({ request }) => access.preflight(request) ?? undefined)
    .onRequest(corsHook())
    .onRequest(async ({ request, set }) => access.enter(request, set.headers as Record<string, string | number>))
    .onError(({ code, error, request, set }) => {
      table ??= createRouteTable(app.routes);
      const { status, body, headers } = code === "NOT_FOUND" ? unrouted(table, request) : errorReply(error);
      if (status === 500)
        report(`${request.method} ${pathOf(request.url)} failed: ${messageOf(error)}`, {
          request_id: access.requestId(request),
        });
      set.status = status;
      Object.assign(set.headers, headers);
      set.headers["content-type"] = "application/json";
      return JSON.stringify(body);
    })
    .use(openApi(services.version))
    .use(docsAssets())
    .use(consoleRoutes(services, consoleFiles))
    .use(gatewayRoutes(context))
    .use(peopleRoutes(context))
    .use(workflowCatalogRoutes(context))
    .use(adminCatalogRoutes(context))
    .use(adminUserRoutes(context))
    .use(auditRoutes({ ...context, audit }))
    .use(adminRuntimeRoutes(context))
    .use(scheduleRoutes(context))
    .use(runGroups({ ...context, keepOpen }))
    .use(ledgerRoutes({ ...context, streams, keepOpen }))
    .use(commandRoutes(context))
    .use(bundleGroups(context))
    .use(discoveryRoutes(context))
    .use(artifactGroups(context))
    .use(mediaGroups({ ...context, keepOpen }))
    .use(modelRoutes(context))
    .use(embeddingRoutes(context))
    .use(promptCacheRoutes(context))
    .use(blocRoutes(context))
    .use(defaultRoutes(context))
    .use(connectionRoutes(context))
    .use(sandboxRoutes(context))
    .use(webhookRoutes(context))
    .use(graphRoutes(context))
    .use(graphChangeRoutes(context))
    .use(openAiRoutes({ ...context, keepOpen }))
    .use(upkeepRoutes({ ...context, keepOpen }))
    .use(hostRoutes({ ...context, streams }));
  return app;
}

type Handle = (request: Request) => Promise<Response>;

const exposedHeaders = [
  "x-request-id",
  "retry-after",
  "www-authenticate",
  "etag",
  "content-range",
  "content-disposition",
];

function unrouted(table: RouteTable, request: Request): ErrorReply {
  const methods = table.methodsOf(pathOf(request.url));
  if (methods.length === 0) return { status: 404, body: { detail: "Not Found" }, headers: {} };
  return { status: 405, body: { detail: "Method Not Allowed" }, headers: { allow: methods.join(", ") } };
}

type App = ReturnType<typeof createRoutes>;

async function bind(
  app: App,
  { host, port, sharesPort }: { host: string; port: number; sharesPort: boolean },
): Promise<Bun.Server<unknown>> {
  try {
    // Bodies are counted by the routes, with a reply that says so; Bun's own limit would answer without a word.
    app.listen({ hostname: host, port, reusePort: sharesPort, idleTimeout: idleTimeoutS, maxRequestBodySize: 2 ** 40 });
  } catch (cause) {
    throw new AppError("unavailable", `Cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause });
  }
  if (!app.server) throw new AppError("unavailable", `Cannot listen on ${host}:${port}`);
  return app.server;
}

async function drain(server: Bun.Server<unknown>, drained: Promise<unknown>, graceMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([drained, late]);
  clearTimeout(timer);
  await server.stop(true);
}
