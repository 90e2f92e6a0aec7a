import { Elysia } from "elysia";
import { isoTime } from "#core/time.ts";
import { AppError } from "#core/errors.ts";
import { metricsPath } from "#http/access.ts";
import type { LiveStreams } from "#http/live-streams.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply, replyText } from "#http/route-context.ts";
import { GatewayStatus, GpuMetrics, MetricsText } from "#http/schemas/host.ts";
import type { Services } from "#http/services.ts";

/** How the gateway and its machine are. */
export function hostRoutes({ services, access, streams }: RouteContext & { streams: LiveStreams }) {
  return new Elysia()
    .get(
      metricsPath,
      async ({ set }) => {
        const { telemetry } = services;
        if (!telemetry) throw new AppError("not_found", "Metrics are off (ABSTRACTGATEWAY_METRICS=0)");
        const text = await telemetry.render();
        replyText(set, text);
        set.headers["content-type"] = telemetry.contentType;
        return text;
      },
      operation({
        id: "readMetrics",
        summary: "Read the metrics of this process in Prometheus' text format",
        tag: "gateway",
        response: MetricsText,
        responseType: "text/plain",
        errors: [404],
      }),
    )
    .get(
      "/api/gateway/status",
      async ({ request, set }) => reply(set, await gatewayStatus(access.services(request), streams.count)),
      operation({
        id: "readStatus",
        summary: "Read what the gateway is doing now",
        tag: "gateway",
        response: GatewayStatus,
      }),
    )
    .get(
      "/api/gateway/host/metrics/gpu",
      async ({ set }) => reply(set, await services.host.gpu()),
      operation({
        id: "readGpuMetrics",
        summary: "Read the load of the graphics cards",
        tag: "gateway",
        response: GpuMetrics,
      }),
    );
}

async function gatewayStatus({ ledger, runner, version, host, now }: Services, streams: number) {
  const status = runner?.status() ?? null;
  const [runs, size] = await Promise.all([ledger.liveCounts(), ledger.size()]);
  return {
    ok: true,
    version,
    time: isoTime(now()),
    started_at: isoTime(host.startedMs),
    uptime_s: Math.round((now() - host.startedMs) / 1000),
    runs,
    streams,
    runner: status && {
      state: status.state,
      active_runs: status.activeRuns,
      queued_runs: status.queuedRuns,
      effects_in_flight: status.effectsInFlight,
    },
    ledger: size,
    memory: { resident_bytes: process.memoryUsage.rss() },
  };
}
