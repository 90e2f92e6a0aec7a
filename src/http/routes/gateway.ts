import { Elysia } from "elysia";
import { publicPrincipal } from "#auth/principal.ts";
import { isoTime } from "#core/time.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { Health, Me, Ping } from "#http/schemas/discovery.ts";

const service = "abstractgateway";

/** Is it there, can I connect, who am I. */
export function gatewayRoutes({ services, access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/health",
      ({ set }) => reply(set, { status: "healthy", service }),
      operation({ id: "health", summary: "Whether the server answers", tag: "gateway", response: Health }),
    )
    .get(
      "/api/gateway/ping",
      ({ set }) => reply(set, { ok: true, status: "healthy", service, time: isoTime(services.now()) }),
      operation({ id: "ping", summary: "Whether a client can connect", tag: "gateway", response: Ping }),
    )
    .get(
      "/api/gateway/me",
      ({ request, set }) =>
        reply(set, {
          ok: true,
          principal: publicPrincipal(access.principal(request)),
          auth: { mode: "legacy-token", user_auth_enabled: false },
          routing: { mode: "single-user", one_user_one_runtime: true },
        }),
      operation({ id: "me", summary: "The caller, as the gateway knows it", tag: "gateway", response: Me }),
    );
}
