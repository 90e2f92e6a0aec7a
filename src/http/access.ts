import type { AuditLog } from "#auth/audit-log.ts";
import { type Guard, type GuardRequest, type Refusal, concurrencyRefusal, isWriteMethod } from "#auth/guard.ts";
import type { Principal } from "#auth/principal.ts";
import type { RequestSlots } from "#auth/request-slots.ts";
import type { Settings } from "#config/settings.ts";
import { newHexId } from "#core/ids.ts";
import type { Log } from "#core/log.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { Services } from "#http/services.ts";
import { type Telemetry, resourceOf } from "#http/telemetry.ts";

/** The part of the API that the guard protects. */
export const gatewayPrefix = "/api/gateway";
/** The part that speaks OpenAI's API, behind the same guard. */
export const openAiPrefix = "/v1";

/** Where Prometheus looks, with a token like everybody. */
export const metricsPath = "/metrics";

/** How long a request waits for a place before it is turned away. */
const slotWaitMs = 10;

const maxAuditedQueryNames = 50;
const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export interface AccessOptions {
  settings: Settings;
  guard: Guard;
  general: RequestSlots;
  streams: RequestSlots;
  /** Null when the audit log is off. */
  audit: AuditLog | null;
  /** Null when nobody listens. */
  log: Log | null;
  telemetry: Telemetry | null;
  now: Clock;
  peerAddress: (request: Request) => string;
  servicesOf: (principal: Principal) => Services | Promise<Services>;
}

interface Admitted {
  requestId: string;
  startedMs: number;
  path: string;
  authRequired: boolean;
  principal: Principal | null;
  services: Services | null;
  bodyLimitBytes: number;
  slots: RequestSlots | null;
}

/** What a route may ask about the request that it serves. */
export interface Access {
  principal(request: Request): Principal;
  /** The gateway as the caller sees it: their runs, bundles, defaults and connections, and nothing of others. */
  services(request: Request): Services;
  bodyLimitBytes(request: Request): number;
  /** Of the client, for holding back who guesses. */
  address(request: Request): string;
  /** Keeps the request's place beyond the reply, for a stream; the answer gives it back, once. */
  keepSlot(request: Request): () => void;
}

type Headers = Record<string, string | number>;

/**
 * Applies the guard to the requests of one server: `enter` before a route runs, `leave` with its reply. The state in between hangs on
 * the request object, and a route that asks for a request that never entered fails closed.
 */
export class RequestAccess implements Access {
  #options: AccessOptions;
  #admitted = new WeakMap<Request, Admitted>();

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** A refusal of a CORS preflight, or null. */
  preflight(request: Request): Response | null {
    const path = pathOf(request.url);
    if (request.method !== "OPTIONS" || !isGuarded(path)) return null;
    const refusal = this.#options.guard.preflight(this.#view(request, path));
    return refusal && refusalResponse(refusal);
  }

  /** The reply that turns a request away, or undefined when it may go on. `headers` become those of whatever the reply will be. */
  async enter(request: Request, headers: Headers): Promise<Response | undefined> {
    const path = pathOf(request.url);
    if (!isGuarded(path)) return undefined;
    const requestId = requestIdOf(request);
    headers["x-request-id"] = requestId;
    const verdict = this.#options.guard.decide(this.#view(request, path));
    const state: Admitted = {
      requestId,
      startedMs: this.#options.now(),
      path,
      authRequired: verdict.authRequired,
      principal: null,
      services: null,
      bodyLimitBytes: 0,
      slots: null,
    };
    this.#admitted.set(request, state);
    if (verdict.refusal) return refusalResponse(verdict.refusal);
    state.principal = verdict.principal;
    state.bodyLimitBytes = verdict.bodyLimitBytes;
    const slots = path.endsWith("/ledger/stream") ? this.#options.streams : this.#options.general;
    if (!slots.tryAcquire() && !(await slots.acquire(slotWaitMs))) return refusalResponse(concurrencyRefusal());
    state.slots = slots;
    if (verdict.principal.source === "anonymous") return undefined;
    const services = this.#options.servicesOf(verdict.principal);
    state.services = services instanceof Promise ? await services : services;
    return undefined;
  }

  /** Gives the place back and writes the audit line. */
  leave(request: Request, status: number): void {
    const state = this.#admitted.get(request);
    if (!state) return;
    state.slots?.release();
    state.slots = null;
    if (this.#options.telemetry) this.#sample(this.#options.telemetry, request.method, state, status);
    if (this.#options.log?.isOn("info")) this.#writeLog(this.#options.log, request.method, state, status);
    if (this.#options.audit && isWriteMethod(request.method))
      this.#writeAudit(this.#options.audit, request, state, status);
  }

  /** Undefined for a request that needed no token. */
  requestId(request: Request): string | undefined {
    return this.#admitted.get(request)?.requestId;
  }

  principal(request: Request): Principal {
    const principal = this.#admitted.get(request)?.principal;
    if (!principal) throw new Error("the request did not pass the guard");
    return principal;
  }

  services(request: Request): Services {
    const services = this.#admitted.get(request)?.services;
    if (!services) throw new Error("the request did not pass the guard");
    return services;
  }

  bodyLimitBytes(request: Request): number {
    return this.#admitted.get(request)?.bodyLimitBytes ?? 0;
  }

  address(request: Request): string {
    return this.#address(request);
  }

  keepSlot(request: Request): () => void {
    const state = this.#admitted.get(request);
    let slots = state?.slots ?? null;
    if (state) state.slots = null;
    return () => {
      slots?.release();
      slots = null;
    };
  }

  #view(request: Request, path: string): GuardRequest {
    return {
      method: request.method,
      path: ruledPath(path),
      header: (name) => request.headers.get(name),
      address: () => this.#address(request),
    };
  }

  #address(request: Request): string {
    const forwarded = this.#options.settings.auth.trustProxy ? request.headers.get("x-forwarded-for") : null;
    return forwarded?.split(",", 1)[0]?.trim() || this.#options.peerAddress(request);
  }

  /** Streams last as long as their readers want, which says nothing of the gateway. */
  #sample(telemetry: Telemetry, method: string, state: Admitted, status: number): void {
    if (state.path.endsWith("/stream")) return;
    telemetry.request({
      method: knownMethods.has(method) ? method : "other",
      resource: resourceOf(state.path),
      status: `${Math.floor(status / 100)}xx`,
      seconds: (this.#options.now() - state.startedMs) / 1000,
    });
  }

  /** Without the query, whose values may hold what no log should. */
  #writeLog(log: Log, method: string, state: Admitted, status: number): void {
    log.write("info", "Request", {
      request_id: state.requestId,
      method,
      path: state.path,
      status,
      duration_ms: Math.round((this.#options.now() - state.startedMs) * 10) / 10,
      run_id: /\/runs\/([0-9a-f-]{36})(?:\/|$)/.exec(state.path)?.[1],
      command_id: /\/commands\/([^/]+)$/.exec(state.path)?.[1],
    });
  }

  #writeAudit(audit: AuditLog, request: Request, state: Admitted, status: number): void {
    const { now, settings } = this.#options;
    const length = Number(request.headers.get("content-length") ?? Number.NaN);
    const origin = request.headers.get("origin");
    const agent = request.headers.get("user-agent");
    const principal = state.principal?.source === "anonymous" ? null : state.principal;
    audit.append({
      ts: isoTime(state.startedMs),
      request_id: state.requestId,
      ip: this.#address(request),
      method: request.method,
      path: state.path,
      ...namesOfQuery(request.url),
      status,
      duration_ms: Math.round((now() - state.startedMs) * 1000) / 1000,
      auth_required: state.authRequired,
      ...(principal?.token_fingerprint ? { auth_token_fp: principal.token_fingerprint } : {}),
      ...(principal ? { principal_user_id: principal.user_id, principal_tenant_id: principal.tenant_id } : {}),
      ...(origin === null ? {} : { origin }),
      ...(agent === null ? {} : { user_agent: agent.slice(0, 300) }),
      ...(Number.isFinite(length) ? { bytes_in: length } : {}),
      ...auditedHeaders(request, settings.auth.audit.headers),
    });
  }
}

/** The path of a URL as it was sent, without query. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", 8);
  if (start < 0) return "/";
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** The path that rules speak of: below the prefix, and without the slash at the end that the router passes over too. */
function ruledPath(path: string): string {
  const inner = path.startsWith(gatewayPrefix) ? path.slice(gatewayPrefix.length) : path;
  return inner.replace(/\/+$/, "") || "/";
}

/** Whether a token is asked for. */
export function isGuarded(path: string): boolean {
  return [gatewayPrefix, openAiPrefix, metricsPath].some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

function requestIdOf(request: Request): string {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[\x21-\x7e]{1,128}$/.test(given) ? given : newHexId();
}

function refusalResponse(refusal: Refusal): Response {
  return Response.json(refusal.body, { status: refusal.status, headers: refusal.headers });
}

/** Names only: values of a query may hold what no log should. */
function namesOfQuery(url: string): { query?: Record<string, string> } {
  const at = url.indexOf("?");
  if (at < 0) return {};
  const names = [...new Set(new URLSearchParams(url.slice(at + 1)).keys())].slice(0, maxAuditedQueryNames);
  return { query: Object.fromEntries(names.map((name) => [name.slice(0, 100), "<redacted>"])) };
}

function auditedHeaders(request: Request, names: readonly string[]): { headers?: Record<string, string> } {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = request.headers.get(name);
    if (value !== null) found[name] = value.slice(0, 300);
  }
  return Object.keys(found).length > 0 ? { headers: found } : {};
}
