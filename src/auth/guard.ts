import { type BodyLimits, bodyLimitBytes, tooLargeDetail } from "#auth/body-limit.ts";
import type { Lockout } from "#auth/lockout.ts";
import type { Credentials } from "#auth/credentials.ts";
import { cookieValue } from "#auth/cookies.ts";
import { digestOf, isSameDigest } from "#auth/digest.ts";
import type { OriginCheck } from "#auth/origins.ts";
import { type Principal, isAdmin, localAdmin, loopbackReader, nobody } from "#auth/principal.ts";
import { hasScope, ruleOf, scopeFor } from "#auth/route-rules.ts";
import type { TokenSet } from "#auth/tokens.ts";
import type { Clock } from "#core/time.ts";

/** Who must authenticate (contract 2.3). */
export interface AuthRules {
  /** False: everything passes, as local administrator. */
  enabled: boolean;
  protectRead: boolean;
  protectWrite: boolean;
  /** Loopback clients may read without a token. */
  devReadNoAuth: boolean;
}

/** What the guard sees of a request. `header` takes lower-case names. */
export interface GuardRequest {
  method: string;
  /** Below `/api/gateway`, with its first slash. */
  path: string;
  header(name: string): string | null;
  /** Asked only when an address matters, because looking it up costs more than the rest. */
  address(): string;
}

export interface Refusal {
  status: 401 | 403 | 413 | 429 | 503;
  body: Record<string, unknown> & { detail: string };
  headers: Record<string, string>;
}

export type Verdict = { refusal: Refusal; authRequired: boolean } | Pass;

export interface Pass {
  refusal: null;
  principal: Principal;
  authRequired: boolean;
  bodyLimitBytes: number;
}

export interface GuardOptions {
  auth: AuthRules;
  limits: BodyLimits;
  tokens: TokenSet;
  /** Null with a single user. */
  people: People | null;
  isAllowedOrigin: OriginCheck;
  lockout: Lockout;
  now: Clock;
}

/** Users with tokens and browser sessions of their own, and where their browsers keep the secrets. */
export interface People {
  credentials: Credentials;
  names: { cookie: string; header: string; csrfHeader: string };
}

/** Where everybody may knock. */
const signInPath = "/session/login";

/** Decides over a request in the order of contract 2.1, up to the body limit. Places for concurrent requests come after it. */
export interface Guard {
  /** Origin and lockout only: all that a CORS preflight has to pass. */
  preflight(request: GuardRequest): Refusal | null;
  decide(request: GuardRequest): Verdict;
}

export function createGuard(options: GuardOptions): Guard {
  const preflight = (request: GuardRequest): Refusal | null =>
    options.auth.enabled ? (checkOrigin(options, request) ?? checkLockout(options, request)) : null;
  return {
    preflight,
    decide(request) {
      const isWrite = isWriteMethod(request.method);
      const isSignIn = request.path === signInPath && request.method === "POST";
      const authRequired = !isSignIn && needsAuth(options, request, isWrite);
      const refused = (refusal: Refusal): Verdict => ({ refusal, authRequired });
      const early = preflight(request);
      if (early) return refused(early);
      const identity = isSignIn
        ? nobody()
        : authRequired
          ? authenticate(options, request, isWrite)
          : anonymous(options, isWrite);
      if ("status" in identity) return refused(identity);
      const late =
        (isSignIn ? null : checkRights(identity, request.path, isWrite)) ??
        checkLength(options.limits, request, isWrite);
      if (late) return refused(late);
      return {
        refusal: null,
        principal: identity,
        authRequired,
        bodyLimitBytes: isWrite ? bodyLimitBytes(request.path, options.limits) : 0,
      };
    },
  };
}

export function isWriteMethod(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH" || method === "DELETE";
}

export function concurrencyRefusal(): Refusal {
  return refuse(429, "Too Many Requests (concurrency limit)", { "retry-after": "1" });
}

function checkOrigin(options: GuardOptions, request: GuardRequest): Refusal | null {
  const origin = request.header("origin");
  if (origin === null || options.isAllowedOrigin(origin)) return null;
  return refuse(403, "Forbidden (origin not allowed)");
}

function checkLockout({ lockout, now }: GuardOptions, request: GuardRequest): Refusal | null {
  if (!lockout.active) return null;
  const waitS = lockout.retryAfterS(request.address(), now());
  return waitS > 0 ? refuse(429, "Too Many Requests (auth lockout)", { "retry-after": String(waitS) }) : null;
}

/** Among several users nobody is anybody: reading and writing always need a name. */
function needsAuth({ auth, people }: GuardOptions, request: GuardRequest, isWrite: boolean): boolean {
  if (!auth.enabled) return false;
  if (people) return true;
  if (isWrite) return auth.protectWrite;
  return auth.protectRead && !isDevRead(auth, request);
}

function anonymous({ auth, people }: GuardOptions, isWrite: boolean): Principal {
  const options = { isOneOfMany: people !== null };
  if (!auth.enabled) return localAdmin("security-disabled", options);
  return !isWrite && auth.protectRead ? loopbackReader(options) : localAdmin("open-access", options);
}

/** A request that a proxy forwarded is not one of this machine, whatever the header says. */
function isDevRead(auth: AuthRules, request: GuardRequest): boolean {
  return auth.devReadNoAuth && request.header("x-forwarded-for") === null && isLoopback(request.address());
}

/** A bearer token first; a browser's session counts only where there is none (contract 2.4). */
function authenticate(options: GuardOptions, request: GuardRequest, isWrite: boolean): Principal | Refusal {
  const { tokens, people, lockout, now } = options;
  if (!tokens.configured && !people) return refuse(503, "Gateway auth required but no token configured");
  const token = bearerToken(request.header("authorization"));
  const found =
    token === null
      ? people && sessionHolder(people, request, isWrite)
      : (people?.credentials.token(token) ?? tokens.verify(token));
  if (found) {
    if (lockout.active) lockout.succeed(request.address());
    return found;
  }
  lockout.fail(request.address(), now());
  return refuse(401, "Unauthorized", { "www-authenticate": "Bearer" });
}

/** A page of another site can make a browser send its cookie, but cannot read the secret that a write has to send back. */
function sessionHolder(
  { credentials, names }: People,
  request: GuardRequest,
  isWrite: boolean,
): Principal | Refusal | null {
  const value = request.header(names.header) ?? cookieValue(request.header("cookie"), names.cookie);
  const session = value === null || value === "" ? null : credentials.session(value);
  if (!session) return null;
  if (!isWrite || isSameDigest(digestOf(request.header(names.csrfHeader) ?? ""), session.csrfDigest)) {
    return session.principal;
  }
  const refusal = refuse(403, "Gateway browser session CSRF token missing or invalid");
  Object.assign(refusal.body, { reason_code: "csrf_required" });
  return refusal;
}

function bearerToken(header: string | null): string | null {
  if (header === null || header.length < 8 || header.slice(0, 7).toLowerCase() !== "bearer ") return null;
  return header.slice(7).trim() || null;
}

function checkRights(principal: Principal, path: string, isWrite: boolean): Refusal | null {
  return checkRole(principal, path, isWrite) ?? checkScope(principal, path, isWrite);
}

function checkRole(principal: Principal, path: string, isWrite: boolean): Refusal | null {
  if (isAdmin(principal)) return null;
  const rule = ruleOf(path, isWrite);
  if (!rule?.needsAdmin) return null;
  const refusal = refuse(403, "Admin principal required");
  const action = isWrite ? "write" : "read";
  Object.assign(refusal.body, {
    reason_code: "admin_required",
    required_role: "admin",
    resource_class: rule.resourceClass,
    action,
  });
  return refusal;
}

function checkScope({ grants }: Principal, path: string, isWrite: boolean): Refusal | null {
  if (grants === null) return null;
  const scope = scopeFor(path, isWrite);
  if (scope === null || hasScope(grants, scope)) return null;
  const isClosed = scope === "none";
  const refusal = refuse(
    403,
    isClosed ? "No personal access token may do this" : `The token lacks the scope '${scope}'`,
  );
  Object.assign(refusal.body, { reason_code: "scope_required", ...(isClosed ? {} : { required_scope: scope }) });
  return refusal;
}

function checkLength(limits: BodyLimits, request: GuardRequest, isWrite: boolean): Refusal | null {
  const declared = isWrite ? request.header("content-length") : null;
  if (declared === null) return null;
  const bytes = Number(declared);
  const limitBytes = bodyLimitBytes(request.path, limits);
  return bytes > limitBytes ? refuse(413, tooLargeDetail(bytes, limitBytes)) : null;
}

function isLoopback(address: string): boolean {
  return address === "::1" || address === "localhost" || /^(?:::ffff:)?127\./.test(address);
}

function refuse(status: Refusal["status"], detail: string, headers: Record<string, string> = {}): Refusal {
  return { status, body: { detail }, headers };
}
