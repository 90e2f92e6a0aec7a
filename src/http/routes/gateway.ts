import { Elysia } from "elysia";
import { isoTime } from "#core/time.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { Health, Ping } from "#http/schemas/discovery.ts";

const service = "abstractgateway";

/** Is it there, can I connect. */
export function gatewayRoutes({ services }: RouteContext) {
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
    );
}
