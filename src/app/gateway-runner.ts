import { join } from "node:path";
import { createCrashPoint } from "#app/crash-point.ts";
import type { createOffloadRecord } from "#app/offload-record.ts";
import type { OpenedMemory } from "#app/graph-memory.ts";
import type { createPrograms } from "#app/programs.ts";
import { type Stores, fileDependencies } from "#app/stores.ts";
import { mediaSources, specOf, toolCallDependencies } from "#app/tool-wiring.ts";
import { measuredHandlers } from "#app/telemetry/measured.ts";
import type { Metrics } from "#app/telemetry/metrics.ts";
import type { Tracing } from "#app/telemetry/traces/tracing.ts";
import { loggedHandlers } from "#app/telemetry/run-log.ts";
import type { Webhooks } from "#app/webhooks.ts";
import type { Settings } from "#config/settings.ts";
import { newId } from "#core/ids.ts";
import type { Log, Report } from "#core/log.ts";
import { systemClock } from "#core/time.ts";
import { createHandlers } from "#effects/create-handlers.ts";
import { schemaReader } from "#memory/assertion-schema.ts";
import { createSpanStore } from "#memory/spans/span-store.ts";
import type { OwnModels } from "#app/runtimes.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { ToolRegistry } from "#tools/tool.ts";
import { type AdoptingRunner, createRunner } from "#runner/create-runner.ts";
import { createMakeChild } from "#runner/make-child.ts";
import type { RunWatch } from "#runner/run-watch.ts";
import { calendarMath } from "#scheduler/calendar.ts";
import type { CodeRunner } from "#sandbox/code-runner.ts";

/** The runner with every effect of this gateway. */
export function createGatewayRunner(parts: {
  settings: Settings;
  ledger: Ledger;
  modelsOf: (runtimeId: string) => OwnModels;
  codeRunner: CodeRunner;
  programs: ReturnType<typeof createPrograms>;
  tools: ToolRegistry;
  webhooks: Webhooks;
  graph: OpenedMemory;
  watch: RunWatch | null;
  stores: Stores;
  offload: ReturnType<typeof createOffloadRecord>;
  metrics: Metrics | null;
  tracing: Tracing | null;
  log: Log;
  report: Report;
}): AdoptingRunner {
  const { settings, ledger, modelsOf, codeRunner, programs, tools, webhooks, stores, offload, metrics, tracing } =
    parts;
  const now = systemClock;
  const makeChild = createMakeChild({ loadPlan: programs.load, now, newId });
  const toolCalls = toolCallDependencies(settings, { tools, evidence: { blobs: stores.blobs, now } });
  const own = createHandlers({
    ledger,
    providers: (runtimeId) => modelsOf(runtimeId).providers,
    prices: settings.models.prices,
    codeRunner,
    makeChild,
    toolCalls,
    blocs: stores.blocStore,
    media: mediaSources(settings, stores.attachments, toolCalls),
    artifacts: stores.artifacts,
    files: fileDependencies(settings, stores),
    graph: parts.graph,
    spans: createSpanStore(ledger, stores.blobs),
    now,
  });
  const handlers = new Map([...own, [webhooks.handler.type, webhooks.handler]]);
  const told = loggedHandlers(handlers, parts.log);
  const counted = metrics ? measuredHandlers(told, metrics) : told;
  return createRunner({
    ...limitsOf(settings),
    ledger,
    handlers: tracing?.handlers(counted) ?? counted,
    loadPlan: programs.load,
    offload,
    engine: {
      compatNodeErrors: settings.runtime.compatNodeErrors,
      effectTypes: new Set(handlers.keys()),
      toolSpec: specOf(tools),
      semanticSchema: schemaReader(parts.graph.semantics),
      calendar: calendarMath,
    },
    owner: "local",
    lock: () => takeProcessLock(join(settings.dataDir, "gateway_runner.lock")),
    now,
    newId,
    random: Math.random,
    sleep,
    crashPoint: createCrashPoint(settings.runtime.crashAt),
    watch: parts.watch,
    onTaken: () => parts.graph.takeUp(),
    // The next runner writes the graph's index as soon as it has the lease.
    onDrained: () => parts.graph.close(),
    ...(metrics ? { onTurn: (waitedMs: number) => metrics.queueWait(waitedMs / 1000) } : {}),
    report: parts.report,
  });
}

function limitsOf({ runtime, limits }: Settings) {
  return {
    maxActiveRuns: runtime.maxActiveRuns,
    maxEffects: runtime.maxEffects,
    slice: { maxRecords: runtime.sliceRecords, ms: runtime.sliceMs },
    maxInlineBytes: limits.maxInlineBytes,
    leaseMs: runtime.leaseMs,
    graceMs: runtime.graceMs,
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    });
  });
}
