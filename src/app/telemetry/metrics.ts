import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HttpSample } from "#http/telemetry.ts";

/** Values that are read when somebody asks, so that a gateway that nobody watches pays nothing for them. */
export interface Readings {
  /** Live runs by state; finished ones are counted as they end. */
  liveRuns(): Promise<{ running: number; waiting: number; paused: number }>;
  /** Null in a process that only serves the API. */
  runner(): { activeRuns: number; queuedRuns: number; effectsInFlight: number } | null;
  streams(): number;
}

/** The instruments of one process, in Prometheus' text format. Times are in seconds, as Prometheus wants them. */
export interface Metrics {
  contentType: string;
  render(): Promise<string>;
  request(sample: HttpSample): void;
  commit(seconds: number): void;
  /** One transaction of the writer held so many batches. */
  group(batches: number): void;
  records(count: number): void;
  runsStarted(count: number): void;
  runEnded(status: string): void;
  commandApplied(lagSeconds: number): void;
  queueWait(seconds: number): void;
  effect(type: string, outcome: string, seconds: number): void;
  tokens(provider: string, model: string, kind: "input" | "output", count: number): void;
  /** Adds what is read when somebody asks. Once. */
  watch(readings: Readings): void;
  close(): void;
}

const fast = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const slow = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** A client can name any model; beyond so many, one name stands for the rest. */
const maxModels = 200;
const lagProbeMs = 1000;

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name: `abstractgateway_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
    new Histogram<L>({ name: `abstractgateway_${name}`, help, buckets, labelNames, registers });
  const requests = histogram("http_request_seconds", "Time to answer a request, streams aside", fast, [
    "method",
    "resource",
    "status",
  ]);
  const commits = histogram("commit_seconds", "Time from handing in a batch to its being durable", fast);
  const groups = histogram("commit_batches", "Batches in one transaction", [1, 2, 4, 8, 16, 32, 64, 128, 256]);
  const records = counter("records_total", "Ledger records written by this process");
  const started = counter("runs_started_total", "Runs that this process made");
  const ended = counter("runs_ended_total", "Runs that this process ended", ["status"]);
  const lag = histogram("command_lag_seconds", "Time from accepting a command to its being applied", fast);
  const queue = histogram("queue_wait_seconds", "Time that a run waited for its turn", fast);
  const effects = histogram("effect_seconds", "Time of an effect", slow, ["type", "outcome"]);
  const tokens = counter("model_tokens_total", "Tokens of model calls in runs", ["provider", "model", "kind"]);
  addProcess(registry, version);
  const loop = eventLoopLag(registry);
  const models = new Set<string>();
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    request: ({ method, resource, status, seconds }) => requests.observe({ method, resource, status }, seconds),
    commit: (seconds) => commits.observe(seconds),
    group: (batches) => groups.observe(batches),
    records: (count) => records.inc(count),
    runsStarted: (count) => started.inc(count),
    runEnded: (status) => ended.inc({ status }),
    commandApplied: (seconds) => lag.observe(seconds),
    queueWait: (seconds) => queue.observe(seconds),
    effect: (type, outcome, seconds) => effects.observe({ type, outcome }, seconds),
    tokens(provider, model, kind, count) {
      if (models.size < maxModels) models.add(model);
      tokens.inc({ provider, model: models.has(model) ? model : "other", kind }, count);
    },
    watch: (readings) => addReadings(registry, readings),
    close: () => clearInterval(loop),
  };
}

function addReadings(registry: Registry, readings: Readings): void {
  registry.registerMetric(
    new Gauge({
      name: "abstractgateway_runs",
      help: "Runs that have not ended",
      labelNames: ["state"],
      registers: [],
      async collect() {
        for (const [state, count] of Object.entries(await readings.liveRuns())) this.set({ state }, count);
      },
    }),
  );
  const add = gauges(registry);
  add("abstractgateway_active_runs", "Runs that are being looked after now", () => readings.runner()?.activeRuns ?? 0);
  add("abstractgateway_queued_runs", "Runs that wait for their turn", () => readings.runner()?.queuedRuns ?? 0);
  add("abstractgateway_effects_in_flight", "Effects under way", () => readings.runner()?.effectsInFlight ?? 0);
  add("abstractgateway_sse_clients", "Live streams", () => readings.streams());
}

/** Names without our prefix are those of Prometheus' client libraries. */
function addProcess(registry: Registry, version: string): void {
  const labelNames = ["version", "bun"];
  const help = "1, with the versions as labels";
  const build = new Gauge({ name: "abstractgateway_build_info", help, labelNames, registers: [registry] });
  build.set({ version, bun: Bun.version }, 1);
  const add = gauges(registry);
  add("process_resident_memory_bytes", "Memory of the process", () => process.memoryUsage.rss());
  add("process_start_time_seconds", "When the process started", () => performance.timeOrigin / 1000);
  registry.registerMetric(
    new Counter({
      name: "process_cpu_seconds_total",
      help: "Processor time of the process",
      registers: [],
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    }),
  );
}

function gauges(registry: Registry) {
  return (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
}

/** The longest delay of a timer since the last look. A timer each second costs next to nothing; a finer one would keep an idle gateway awake. */
function eventLoopLag(registry: Registry): ReturnType<typeof setInterval> {
  let worstMs = 0;
  let dueMs = performance.now() + lagProbeMs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    worstMs = Math.max(worstMs, nowMs - dueMs);
    dueMs = nowMs + lagProbeMs;
  }, lagProbeMs);
  timer.unref();
  registry.registerMetric(
    new Gauge({
      name: "abstractgateway_event_loop_lag_seconds",
      help: "Longest delay of a timer since the last look",
      registers: [],
      collect() {
        this.set(worstMs / 1000);
        worstMs = 0;
      },
    }),
  );
  return timer;
}
