import { stringifyJson } from "#core/json.ts";
import type { NewMail } from "#core/mail.ts";
import { type PauseState, type RunProgress, type Wait, isTerminal, pauseWait } from "#core/run.ts";
import { isScheduleWorkflow } from "#core/schedule.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { Editor } from "#core/delta.ts";
import { scheduleSummary } from "#engine/schedule/summary.ts";
import type { Converted } from "#migrate/python/convert-flow.ts";
import { isPauseWait } from "#migrate/python/convert-flow.ts";
import { type PythonRun, objectAt, without } from "#migrate/python/python-run.ts";
import type { MigratedRun, MigratedState } from "#migrate/source.ts";

interface Surroundings {
  digest: string | null;
  /** First node of its flow, when that is known. */
  entry: string | null;
  rootRunId: string;
  runtimeId: string;
  movePath: (path: string) => string;
  now: number;
  mail: NewMail[];
}

/** The row and the vars of a converted run. */
export function migratedRun(run: PythonRun, converted: Converted, around: Surroundings): MigratedRun {
  const vars = moved(withoutControl(converted.vars), around.movePath);
  const isSchedule = isScheduleWorkflow(run.workflow_id);
  const lifecycle = vars["_run_lifecycle"];
  const identity = {
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    bundle_digest: around.digest,
    parent_run_id: run.parent_run_id,
    root_run_id: around.rootRunId,
    session_id: run.session_id,
    actor_id: run.actor_id,
    runtime_id: around.runtimeId,
    schedule_id: isSchedule ? run.run_id : null,
    lifecycle: isObject(lifecycle) ? lifecycle : null,
    forked_from: null,
    created_at: run.created_at,
  };
  const progress = progressOf(run, converted, { vars, isSchedule, now: around.now });
  const key = progress.wait?.wait_key;
  return {
    run: { ...identity, ...progress },
    startVars: stringifyJson(startVars(vars, around.entry)),
    startPosition: { node_id: around.entry ?? run.current_node, wait: null },
    states: () => oneState(stringifyJson(vars)),
    isCompacted: false,
    listens: key?.startsWith("evt:") ? [key] : [],
    mail: around.mail,
  };
}

async function* oneState(json: string): AsyncGenerator<MigratedState> {
  yield { seq: null, json, isSnapshot: true, position: null };
}

function progressOf(
  run: PythonRun,
  { nodeId, wait, hold }: Converted,
  { vars, isSchedule, now }: { vars: JsonObject; isSchedule: boolean; now: number },
): RunProgress {
  const { _limits: limits, _flow_warnings: warnings } = vars;
  const shared = {
    node_id: nodeId,
    output: run.output,
    limits: isObject(limits) ? limits : null,
    flow_warnings: Array.isArray(warnings) ? warnings.map(String) : null,
    schedule: isSchedule ? scheduleSummary({ vars: new Editor(vars) }) : null,
    updated_at: run.updated_at,
  };
  if (run.status !== null && isTerminal(run.status)) {
    const { status, error, updated_at } = run;
    return { ...shared, status, error, wait: null, pause: pauseOf(run), finished_at: updated_at };
  }
  const pause = hold === null ? pauseOf(run) : heldPause(hold, now);
  const isRunning = run.status === "running" || isPauseWait(run);
  const shownWait: Wait | null = isRunning ? (pause?.paused ? pauseWait(run.run_id, nodeId) : null) : wait;
  const status = isRunning && !pause?.paused ? "running" : "waiting";
  return { ...shared, status, error: run.error, wait: shownWait, pause, finished_at: null };
}

function pauseOf({ vars }: PythonRun): PauseState | null {
  const control = objectAt(vars, "_runtime", "control");
  if (typeof control["paused"] !== "boolean") return null;
  const text = (name: string) => (typeof control[name] === "string" ? control[name] : null);
  return {
    paused: control["paused"],
    pause_reason: text("pause_reason"),
    paused_at: text("paused_at"),
    resumed_at: text("resumed_at"),
  };
}

function heldPause(reason: string, now: number): PauseState {
  return { paused: true, pause_reason: `Migration: ${reason}`, paused_at: isoTime(now), resumed_at: null };
}

/** Whether a run is paused stands in its row. */
function withoutControl(vars: JsonObject): JsonObject {
  const runtime = vars["_runtime"];
  if (!isObject(runtime) || runtime["control"] === undefined) return vars;
  return { ...vars, _runtime: without(runtime, "control") };
}

function moved(vars: JsonObject, movePath: (path: string) => string): JsonObject {
  const root = vars["workspace_root"];
  return typeof root === "string" ? { ...vars, workspace_root: movePath(root) } : vars;
}

/** The Python gateway does not keep what a run was started with: its inputs lie among the variables, and in the record of its start node. */
function startVars(vars: JsonObject, entry: string | null): JsonObject {
  const started = entry === null ? {} : objectAt(vars, "_temp", "node_outputs", entry);
  const runtime = without(objectAt(vars, "_runtime"), "node_traces");
  return { ...without(vars, "_temp", "_last_output", "_schedule"), ...started, _runtime: runtime };
}
