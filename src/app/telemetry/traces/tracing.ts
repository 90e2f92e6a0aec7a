import type { Settings } from "#config/settings.ts";
import { systemClock } from "#core/time.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import type { RunWatch } from "#runner/run-watch.ts";
import { tracedHandlers } from "#app/telemetry/traces/effect-spans.ts";
import { watchRuns } from "#app/telemetry/traces/run-spans.ts";

/** Traces of runs, when somebody collects them. */
export interface Tracing {
  watch: RunWatch;
  handlers(handlers: ReadonlyMap<string, EffectHandler>): ReadonlyMap<string, EffectHandler>;
  close(): Promise<void>;
}

/** Null without a collector: then nothing is loaded, and nobody pays. */
export async function createTracing(
  { telemetry }: Settings,
  { version, report }: { version: string; report: (message: string) => void },
): Promise<Tracing | null> {
  const settings = telemetry.traces;
  if (!settings) return null;
  const { createOtlpSink } = await import("#app/telemetry/traces/otlp-sink.ts");
  const sink = createOtlpSink({ settings, version, report });
  return {
    watch: watchRuns(sink),
    handlers: (handlers) => tracedHandlers(handlers, { sink, now: systemClock, hasContent: settings.hasContent }),
    close: () => sink.close(),
  };
}
