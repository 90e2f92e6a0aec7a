import { hostname } from "node:os";
import { join } from "node:path";
import type { AccessLog } from "#artifacts/access-log.ts";
import { consoleFiles } from "#app/console-files.ts";
import { createCrashPoint } from "#app/crash-point.ts";
import { createOffloadRecord } from "#app/offload-record.ts";
import { type OpenedMemory, createGraphMemory } from "#app/graph-memory.ts";
import { emailAccounts } from "#app/comms.ts";
import { createLinks } from "#app/links.ts";
import { createModelConfig } from "#app/model-config.ts";
import { type Programs, createPrograms } from "#app/programs.ts";
import { inferenceCommand, sandboxCommand } from "#app/own-command.ts";
import { createFolders, openStores } from "#app/stores.ts";
import { createTools } from "#app/tool-wiring.ts";
import { createGpuProbe } from "#app/telemetry/gpu.ts";
import { measuredLedger } from "#app/telemetry/measured.ts";
import { type Metrics, type Readings, createMetrics } from "#app/telemetry/metrics.ts";
import { type Tracing, createTracing } from "#app/telemetry/traces/tracing.ts";
import { loggedRuns, loggedSubmit } from "#app/telemetry/run-log.ts";
import { openChosenLedger } from "#app/chosen-ledger.ts";
import { version } from "#app/version.ts";
import { type Webhooks, createWebhooks } from "#app/webhooks.ts";
import { builtinBundles } from "#bundles/builtin.ts";
import { openFolderRegistry } from "#bundles/folder-registry.ts";
import type { Settings } from "#config/settings.ts";
import { newId } from "#core/ids.ts";
import type { Log, Report } from "#core/log.ts";
import { systemClock } from "#core/time.ts";
import { type HttpServer, createHttp } from "#http/create-http.ts";
import type { WholeServices } from "#http/own-services.ts";
import { requireMigrated } from "#migrate/marker.ts";
import { createCallerServices, createOwnModels, createRuntimes } from "#app/runtimes.ts";
import { type People, createCatalog, createPeople } from "#app/people.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { ToolRegistry } from "#tools/tool.ts";
import { createProviderRegistry } from "#models/registry.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { AdoptingRunner } from "#runner/create-runner.ts";
import { createAnnotateRun } from "#runner/annotate.ts";
import { createForkRun } from "#runner/fork.ts";
import { type RunWatch, joinWatches } from "#runner/run-watch.ts";
import { createStartRun } from "#runner/start.ts";
import { createSubmitCommand } from "#runner/submit.ts";
import { createRetention } from "#retention/create-retention.ts";
import type { Retention } from "#retention/retention.ts";
import { Sweeper } from "#retention/sweeper.ts";
import { CodeRunner } from "#sandbox/code-runner.ts";
import { pythonSnapshotPath } from "#sandbox/python/snapshot.ts";
import { createGatewayRunner } from "#app/gateway-runner.ts";

export interface App {
  /** Starts the runner, when the settings ask for one, and the HTTP server, unless `http` is false. */
  listen(options?: ListenOptions): Promise<{ url: string | null }>;
  /** Drains: no new work, effects in flight get their grace time, streams end, everything committed. */
  stop(): Promise<void>;
  runner: AdoptingRunner | null;
}

export interface ListenOptions {
  http?: boolean;
  /** Another process of this data folder may listen on the same port. */
  sharesPort?: boolean;
}

export interface AppOptions {
  log: Log;
  /** Another process works on the same data folder: each looks for what the other committed. */
  isShared?: boolean;
  /** Of the process; commands of tools get a few harmless variables of it. */
  environment?: Record<string, string | undefined>;
}

const toolLoadMs = 5000;

/** Puts the gateway together. Nothing outside this file constructs a service. */
export async function createApp(
  settings: Settings,
  { log, isShared = !settings.runner, environment = {} }: AppOptions,
): Promise<App> {
  const now = systemClock;
  const report: Report = (message, fields) => log.write("warn", message, fields);
  await requireMigrated(settings.dataDir);
  const metrics = settings.telemetry.metrics ? createMetrics(version) : null;
  const ledger = await openLedger(settings, { isShared, metrics, report });
  const stores = await openStores(settings, ledger);
  const { blobs, attachments, accessLog } = stores;
  const bundles = await openBundles(settings, report);
  const programs = createPrograms((digest) => bundles.open(digest));
  const models = createModels(settings);
  const { providers } = models;
  const modelsOf = createOwnModels(settings, models);
  const codeRunner = createCodeRunner(settings);
  const offload = createOffloadRecord({ blobs, now, maxInlineBytes: settings.limits.maxInlineBytes });
  const tools = await createTools(settings, environment, attachments);
  const webhooks = createWebhooks(settings, report);
  const tracing = await createTracing(settings, { version, report });
  const watch = joinWatches([webhooks.watch, tracing?.watch ?? null, loggedRuns(log)]);
  // A runner that waits for another one's end does not write the graph's index yet.
  const hasRunner = (): boolean => runner !== null && runner.status().state !== "standby";
  const graph = await createGraphMemory({ settings, ledger, providers, environment, report, hasRunner, isShared });
  const engines = { settings, ledger, providers, codeRunner, tools, webhooks, graph, metrics, tracing, log };
  const runner: AdoptingRunner | null = settings.runner
    ? createGatewayRunner({ ...engines, modelsOf, watch, programs, stores, offload, report })
    : null;
  const retention = createGatewayRetention(settings, ledger);
  const sweeper = runner ? createSweeper(settings, retention, report) : null;
  const shared = {
    settings,
    version,
    hostName: hostname(),
    wholeLedger: ledger,
    catalog: createCatalog(settings),
    runner,
    retention,
    telemetry: metrics,
    links: createLinks(settings),
    email: emailAccounts(settings),
    host: { startedMs: performance.timeOrigin, gpu: createGpuProbe(settings.telemetry.gpu, now) },
    now,
    newId,
  };
  const whole = {
    ...shared,
    ...stores,
    ...createFolders(settings),
    bundles,
    plan: programs.load,
    tools,
    webhooks,
    graph,
    codeRunner,
    ...createStarters({ settings, ledger, programs, watch, runner }),
    submitCommand: loggedSubmit(createSubmitCommand(ledger), log),
  };
  const people = createPeople(settings, report);
  const { of, forget } = createCallerServices(settings, whole, { modelsOf, report });
  const http = createHttp(
    { ...shared, ...people, of, runtimes: createRuntimes(settings, ledger, forget) },
    { report, log, consoleFiles },
  );
  metrics?.watch(readingsOf({ ledger, runner, http }));
  return assemble({ ...engines, accessLog, people, runner, sweeper, http });
}

function openBundles(settings: Settings, report: Report) {
  return openFolderRegistry({
    flowsDir: settings.flowsDir,
    dataDir: settings.dataDir,
    builtin: builtinBundles(),
    now: systemClock,
    report,
    limits: { maxArchiveBytes: settings.limits.maxBundleBytes },
  });
}

/** Providers, and what somebody entered and set for them. */
function createModels(settings: Settings) {
  const config = createModelConfig(settings);
  const providers = createProviderRegistry(settings.models, {
    inferenceCommand: inferenceCommand(),
    ownPort: settings.port,
    ...config,
  });
  return { ...config, providers };
}

function createCodeRunner({ code }: Settings): CodeRunner {
  const { isFullAccessAllowed } = code;
  return new CodeRunner({ command: sandboxCommand(), snapshotPath: pythonSnapshotPath, isFullAccessAllowed });
}

/** How runs come into being: from the beginning, and from another one's state. */
function createStarters(parts: {
  settings: Settings;
  ledger: Ledger;
  programs: Programs;
  watch: RunWatch | null;
  runner: AdoptingRunner | null;
}): Pick<WholeServices, "startRun" | "forkRun" | "annotateRun"> {
  const { settings, ledger, programs, watch, runner } = parts;
  const workspacesDir = join(settings.dataDir, "workspaces");
  const shared = { ledger, now: systemClock, newId, workspacesDir, loadPlan: programs.load, watch };
  const adopt = runner ? { adopt: runner.adopt.bind(runner) } : {};
  return {
    startRun: createStartRun({ ...shared, ...adopt, cachesPrompts: settings.models.cachesPrompts }),
    forkRun: createForkRun(shared),
    annotateRun: createAnnotateRun(shared),
  };
}

function createGatewayRetention(settings: Settings, ledger: Ledger): Retention {
  return createRetention({
    ledger,
    // What lies in a bucket is swept by the rules of the bucket.
    artifactsDir: settings.s3 ? null : join(settings.dataDir, "artifacts"),
    workspacesDir: join(settings.dataDir, "workspaces"),
    policy: { ...settings.retention, draftTtlS: settings.draftTtlS },
    now: systemClock,
  });
}

function createSweeper(
  { retention: { intervalMs } }: Settings,
  retention: Retention,
  report: (message: string) => void,
): Sweeper | null {
  return intervalMs > 0 ? new Sweeper(retention, { intervalMs, report }) : null;
}

function readingsOf(parts: { ledger: Ledger; runner: AdoptingRunner | null; http: HttpServer }): Readings {
  const { ledger, runner, http } = parts;
  return {
    liveRuns: () => ledger.liveCounts(null),
    runner: () => runner?.status() ?? null,
    streams: () => http.streams,
  };
}

async function openLedger(
  settings: Settings,
  { isShared, metrics, report }: { isShared: boolean; metrics: Metrics | null; report: Report },
): Promise<Ledger> {
  const ledger = await openChosenLedger(settings, {
    isShared,
    crashPoint: createCrashPoint(settings.runtime.crashAt),
    report,
    ...(metrics ? { onCommit: (batches: number) => metrics.group(batches) } : {}),
  });
  return metrics ? measuredLedger(ledger, metrics) : ledger;
}

function assemble(parts: {
  settings: Settings;
  ledger: Ledger;
  accessLog: AccessLog;
  providers: ProviderRegistry;
  codeRunner: CodeRunner;
  tools: ToolRegistry;
  webhooks: Webhooks;
  graph: OpenedMemory;
  people: People;
  runner: AdoptingRunner | null;
  sweeper: Sweeper | null;
  http: HttpServer;
  metrics: Metrics | null;
  tracing: Tracing | null;
}): App {
  const {
    settings,
    ledger,
    accessLog,
    providers,
    codeRunner,
    tools,
    webhooks,
    graph,
    people,
    runner,
    sweeper,
    http,
    metrics,
    tracing,
  } = parts;
  const stopCleaning = runner ? webhooks.keepFew(ledger) : () => undefined;
  return {
    runner,
    async listen(options = {}) {
      // A run that goes on names its tools to the model: they are known before it does. A server that hangs is not waited for.
      if (runner) await tools.load(AbortSignal.timeout(toolLoadMs)).catch(() => undefined);
      await runner?.start();
      sweeper?.start();
      if (options.http === false) return { url: null };
      const { port } = await http.listen(settings.host, settings.port, { sharesPort: options.sharesPort ?? false });
      const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
      return { url: `http://${host}:${port}` };
    },
    async stop() {
      await http.stop({ graceMs: Math.min(5000, settings.runtime.graceMs) });
      await sweeper?.stop();
      await runner?.stop();
      stopCleaning();
      await tracing?.close();
      metrics?.close();
      await codeRunner.close();
      await graph.close();
      await tools.close();
      await providers.close();
      people.close();
      await accessLog.close();
      await ledger.close();
    },
  };
}
