import { Elysia } from "elysia";
import { createLockout } from "#auth/lockout.ts";
import type { PersonalTokens } from "#auth/personal-tokens.ts";
import { type Principal, isAdmin, publicPrincipal } from "#auth/principal.ts";
import type { UserName } from "#auth/users.ts";
import { AppError } from "#core/errors.ts";
import { isoTime } from "#core/time.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply, secretReply } from "#http/route-context.ts";
import {
  CreatePersonalToken,
  CreatedPersonalToken,
  Me,
  PersonalTokenList,
  Removed,
  SignInReply,
  SignInRequest,
  SignOutReply,
} from "#http/schemas/people.ts";
import type { SharedServices } from "#http/services.ts";
import { clearedCookies, createSignIn, sessionCookies } from "#http/sign-in.ts";
import { bodyCheck } from "#http/validation.ts";

const signInBody = bodyCheck(SignInRequest);
const tokenBody = bodyCheck(CreatePersonalToken);

/** Who am I, signing in and out, and tokens for one's own programs. */
export function peopleRoutes(context: RouteContext) {
  return new Elysia().use(meRoute(context)).use(sessionRoutes(context)).use(tokenRoutes(context));
}

function modesOf({ people }: SharedServices) {
  return {
    auth: { mode: people ? "users" : "legacy-token", user_auth_enabled: people !== null },
    routing: { mode: people ? "per-principal" : "single-user", one_user_one_runtime: true },
  };
}

function meRoute({ services, access }: RouteContext) {
  return new Elysia().get(
    "/api/gateway/me",
    ({ request, set }) =>
      reply(set, { ok: true, principal: publicPrincipal(access.principal(request)), ...modesOf(services) }),
    operation({ id: "me", summary: "The caller, as the gateway knows it", tag: "people", response: Me }),
  );
}

function sessionRoutes({ services, access }: RouteContext) {
  const { people, settings, now } = services;
  const { users, lockoutAfter: after, lockoutBaseS: baseS, lockoutMaxS: maxS } = settings.auth;
  const lockout = createLockout({ after, baseS, maxS });
  const signIn = people && createSignIn({ accounts: people, names: users.session, lockout, now });
  return new Elysia()
    .post(
      "/api/gateway/session/login",
      async ({ request }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const { user_id, token, remember } = signInBody.check(value);
        if (!signIn) throw new AppError("unauthorized", "This gateway has one user, who comes with a bearer token");
        const attempt = { userId: user_id, token, remember, address: access.address(request) };
        const session = signIn(request, attempt);
        const { auth, routing } = modesOf(services);
        return withCookies(sessionCookies(request, users.session, session, remember), {
          ok: true,
          principal: publicPrincipal(session.principal),
          auth: { ...auth, session: "gateway-browser-session" },
          routing,
          session: { expires_at: isoTime(session.expiresMs) },
        });
      },
      operation({
        id: "signIn",
        summary: "Begin a browser session",
        description:
          "The session's id and its CSRF secret are cookies; servers of web clients read them and send headers.",
        tag: "people",
        body: SignInRequest,
        response: SignInReply,
        errors: [413],
      }),
    )
    .post(
      "/api/gateway/session/logout",
      ({ request }) => {
        const deleted = people?.sessions.close(access.principal(request).credential) ?? false;
        return withCookies(clearedCookies(request, users.session), { ok: true, deleted });
      },
      operation({ id: "signOut", summary: "End a browser session", tag: "people", response: SignOutReply }),
    );
}

function withCookies(cookies: string[], body: object): Response {
  const response = Response.json(body, { headers: { "cache-control": "no-store" } });
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  return response;
}

/** The tokens of the caller. AppError `conflict` for one who is in no registry. */
function ownTokens({ people }: SharedServices, principal: Principal): { tokens: PersonalTokens; owner: UserName } {
  if (people && principal.source === "user-registry") {
    return { tokens: people.tokens, owner: { tenantId: principal.tenant_id, userId: principal.user_id } };
  }
  throw new AppError("conflict", "Personal access tokens belong to users of the registry; this caller is none");
}

function tokenRoutes({ services, access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/me/tokens",
      ({ request, set }) => {
        const { tokens, owner } = ownTokens(services, access.principal(request));
        return reply(set, { tokens: tokens.list(owner) });
      },
      operation({
        id: "listPersonalTokens",
        summary: "List one's personal access tokens",
        tag: "people",
        response: PersonalTokenList,
        errors: [409],
      }),
    )
    .post(
      "/api/gateway/me/tokens",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const { name, scopes, expires_in_s: ttlS } = tokenBody.check(value);
        const principal = access.principal(request);
        const { tokens, owner } = ownTokens(services, principal);
        return secretReply(set, {
          ok: true,
          ...tokens.create(owner, { name, scopes, ttlS, isAdmin: isAdmin(principal) }),
        });
      },
      operation({
        id: "createPersonalToken",
        summary: "Make a personal access token",
        description: "It does what its scopes say, in the caller's runtime, until it expires.",
        tag: "people",
        body: CreatePersonalToken,
        response: CreatedPersonalToken,
        errors: [400, 409, 413],
      }),
    )
    .delete(
      "/api/gateway/me/tokens/:token_id",
      ({ params, request, set }) => {
        const { tokens, owner } = ownTokens(services, access.principal(request));
        if (!tokens.delete(owner, params.token_id)) throw new AppError("not_found", "Personal access token not found");
        return reply(set, { ok: true, deleted: true });
      },
      operation({
        id: "removePersonalToken",
        summary: "End a personal access token",
        tag: "people",
        path: { token_id: "Id of the token." },
        response: Removed,
        errors: [404, 409],
      }),
    );
}
