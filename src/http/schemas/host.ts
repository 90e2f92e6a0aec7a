import { Type as t } from "@sinclair/typebox";
import { count, flag, nullable, oneOf, text, time } from "#http/schemas/fields.ts";

export const MetricsText = t.String({ description: "Counters, gauges and histograms, one sample per line." });

const LiveRuns = t.Object(
  {
    running: count("Runs with something to do."),
    waiting: count("Runs that wait for a person, an event, a time or another run."),
    paused: count("Runs that somebody has paused."),
  },
  { description: "Runs that have not ended." },
);

const RunnerState = t.Object(
  {
    state: oneOf(["stopped", "standby", "running", "draining"], "What the runner does."),
    active_runs: count("Runs that are being looked after now."),
    queued_runs: count("Runs that wait for their turn."),
    effects_in_flight: count("Calls of models, tools and the like under way."),
  },
  { description: "The part that advances runs." },
);

export const GatewayStatus = t.Object(
  {
    ok: flag("Always true."),
    version: text("Version of the program."),
    time: time("Now."),
    started_at: time("When this process started."),
    uptime_s: count("Seconds since then."),
    runs: LiveRuns,
    streams: count("Live streams that are open."),
    runner: nullable(RunnerState, "Null in a process that only serves the API."),
    ledger: t.Object(
      { bytes: count("Size of the ledger."), log_bytes: count("Size of its write-ahead log.") },
      { description: "Sizes of the ledger's files." },
    ),
    memory: t.Object({ resident_bytes: count("Memory that is in use.") }, { description: "Memory of the process." }),
  },
  { $id: "GatewayStatus", description: "What the gateway is doing now." },
);

const percent = (description: string) => t.Number({ minimum: 0, maximum: 100, description });

export const GpuMetrics = t.Object(
  {
    ts: time("When it was measured."),
    supported: flag("Whether there is something to measure."),
    reason: t.Optional(text("Why there is not.")),
    source: t.Optional(oneOf(["nvidia-smi", "ioreg"], "Program that was asked.")),
    utilization_gpu_pct: t.Optional(percent("Mean load of the cards.")),
    gpus: t.Optional(
      t.Array(
        t.Object({
          index: count("Number of the card."),
          name: text("Its name."),
          utilization_gpu_pct: percent("Its load."),
        }),
        { description: "The cards." },
      ),
    ),
  },
  { $id: "GpuMetrics", description: "Load of the graphics cards." },
);
