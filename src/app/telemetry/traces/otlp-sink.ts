import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Settings } from "#config/settings.ts";
import type { Span, SpanSink } from "#app/telemetry/traces/span.ts";

export interface OtlpOptions {
  settings: NonNullable<Settings["telemetry"]["traces"]>;
  version: string;
  report: (message: string) => void;
}

/** What waits for a collector that is slow or away; more is dropped. */
const maxQueuedSpans = 2048;
const flushMs = 3000;

const kinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER };

/**
 * Sends spans to a collector by OTLP over HTTP, in batches. Only this file knows OpenTelemetry's packages; it is loaded when a collector
 * is configured and not before.
 */
export function createOtlpSink({ settings, version, report }: OtlpOptions): SpanSink {
  const { url, headers, timeoutMs, delayMs, serviceName, resource } = settings;
  const exporter = withOneWarning(new OTLPTraceExporter({ url, headers, timeoutMillis: timeoutMs }), url, report);
  const ids = { traceId: "", spanId: "" };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ ...resource, "service.name": serviceName, "service.version": version }),
    // The ids follow from the ledger: whoever starts a span says which are its.
    idGenerator: { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: maxQueuedSpans,
        exportTimeoutMillis: timeoutMs,
        scheduledDelayMillis: delayMs,
      }),
    ],
  });
  const tracer = provider.getTracer("abstractgateway", version);
  return {
    emit(span) {
      if (!span.isSampled) return;
      ids.traceId = span.traceId;
      ids.spanId = span.spanId;
      const { name, attributes, error } = span;
      const options = { kind: kinds[span.kind], attributes, startTime: span.startMs };
      const made = tracer.startSpan(name, options, parentOf(span));
      if (error !== null) made.setStatus({ code: SpanStatusCode.ERROR, message: error });
      made.end(Math.max(span.startMs, span.endMs));
    },
    close: () => Promise.race([provider.shutdown().catch(() => undefined), Bun.sleep(flushMs)]),
  };
}

function parentOf({ traceId, parentId }: Span) {
  if (parentId === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: parentId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

/** A collector that is away is told of once, until it has answered again. */
function withOneWarning(exporter: SpanExporter, url: string, report: (message: string) => void): SpanExporter {
  let isAway = false;
  const judge = ({ code, error }: ExportResult) => {
    const fails = code === ExportResultCode.FAILED;
    if (fails && !isAway)
      report(`Traces cannot be sent to ${originOf(url)}: ${error?.message ?? "it failed"}; they are dropped`);
    isAway = fails;
  };
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        judge(result);
        // The processor would report every failure to a handler of the whole process.
        done({ code: ExportResultCode.SUCCESS });
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** An address may hold a token. */
function originOf(url: string): string {
  return new URL(url).origin;
}
