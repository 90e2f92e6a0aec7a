import type { GatewayStatus, GpuMetrics } from "#http/schemas/host.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type Status = (typeof GatewayStatus)["static"];

/** How the gateway itself is. */
export interface SystemCalls {
  status(): Promise<Status>;
  gpu(): Promise<(typeof GpuMetrics)["static"]>;
  /** Prometheus' text format. */
  metrics(): Promise<string>;
}

export function systemCalls(send: Send): SystemCalls {
  return {
    status: async () => readPlainJson(await send(`${base}/status`)),
    gpu: async () => readPlainJson(await send(`${base}/host/metrics/gpu`)),
    metrics: async () => (await send("/metrics")).text(),
  };
}
