import { stringifyJson } from "#core/json.ts";
import { isTerminal } from "#core/run.ts";
import { isoTime, parseTime } from "#core/time.ts";
import { type JsonObject, type Value } from "#core/value.ts";
import { durationMs } from "#engine/kernel-effects.ts";
import { type Converted, isPauseWait } from "#migrate/python/convert-flow.ts";
import type { LedgerFacts } from "#migrate/python/ledger-facts.ts";
import { type PythonRun, objectAt } from "#migrate/python/python-run.ts";

/**
 * The run of a schedule. The Python gateway made a flow of it, ours is a plan with the times in the vars (`engine/schedule/`): its next time
 * stays, later ones come at the interval's rate from there.
 */
export function convertSchedule(run: PythonRun, facts: LedgerFacts): Converted {
  const meta = objectAt(run.vars, "_meta", "schedule");
  const position = positionOf(run, meta, facts);
  const wait = isPauseWait(run) ? null : run.waiting;
  if ("hold" in position) return { vars: run.vars, nodeId: run.current_node, wait, hold: position.hold, caution: null };
  const { nodeId, anchorMs, isUsed, resumesTo } = position;
  const { children } = facts;
  const isOver = run.status !== null && isTerminal(run.status);
  const state: JsonObject = {
    fired: children.ended,
    skipped: 0,
    cursor: isUsed ? anchorMs : null,
    due: isUsed || isOver ? null : anchorMs,
    mode: "calendar",
    child: children.last,
    started: msOf(children.startedAt),
    ended: msOf(children.endedAt),
    backfill: [],
    replan: false,
    now: false,
  };
  return {
    vars: {
      ...run.vars,
      _meta: { ...objectAt(run.vars, "_meta"), schedule: scheduleOf(meta, anchorMs) },
      _schedule: state,
      _temp: isOver ? objectAt(run.vars, "_temp") : {},
    },
    nodeId: isOver ? run.current_node : nodeId,
    wait: wait && { ...wait, resume_to_node: resumesTo, result_key: `_temp.effects.${nodeId}` },
    hold: null,
    caution: null,
  };
}

/** Keys of ours beside those of the contract; a count stands for an end that was reckoned into it. */
function scheduleOf(meta: JsonObject, anchorMs: number): JsonObject {
  const hasCount = meta["repeat_count"] !== null && meta["repeat_count"] !== undefined;
  return {
    ...meta,
    repeat_until: hasCount ? null : (meta["repeat_until"] ?? null),
    cron: [],
    timezone: null,
    anchor: isoTime(anchorMs),
    starts_at_anchor: true,
    overlap: "skip",
    catchup_window: null,
    jitter: null,
    pause_on_failure: false,
    note: null,
    updated_at: meta["updated_at"] ?? null,
  };
}

interface Position {
  nodeId: string;
  /** The time that is waited for, or, when it is used up, that of the run which is under way. */
  anchorMs: number;
  isUsed: boolean;
  resumesTo: string;
}

/** Steps of the Python flow that only led to the start of the child run. */
const beforeTarget =
  /^(?:__internal_join_exec__run_target|run_target|set_child_sid|prefix_colon|child_sid|idx_str|dt)$/;
const beforeWait = /^(?:start|wait_start|wait_interval|repeat|is_first|pick_wait)$/;

function positionOf(run: PythonRun, meta: JsonObject, facts: LedgerFacts): Position | { hold: string } {
  const { current_node: node, waiting } = run;
  const updatedMs = parseTime(run.updated_at);
  const interval = meta["interval"];
  const intervalMs = typeof interval === "string" ? durationMs(interval) : null;
  if (typeof meta["target_workflow_id"] !== "string") return { hold: "what it runs is not stored" };
  if (interval !== null && interval !== undefined && intervalMs === null)
    return { hold: `its interval ${stringifyJson(interval)} cannot be read` };
  if (run.status === null) return { hold: `its status '${run.statusText}' is not known here` };
  if (run.status === "waiting" && !isPauseWait(run)) return waitingPosition(run, facts);
  if (waiting !== null && !isPauseWait(run)) return { hold: "it runs and waits at once" };
  if (beforeTarget.test(node)) return { nodeId: "run_target", anchorMs: updatedMs, isUsed: true, resumesTo: "after" };
  if (node === "end") return { nodeId: "end", anchorMs: updatedMs, isUsed: true, resumesTo: "" };
  if (!beforeWait.test(node)) return { hold: `its flow has no node '${node}'` };
  const isFirst = facts.children.ended === 0;
  const anchorMs = isFirst ? startOf(meta, parseTime(run.created_at)) : updatedMs + (intervalMs ?? 0);
  return { nodeId: "start", anchorMs, isUsed: false, resumesTo: "" };
}

function waitingPosition(
  { current_node: nodeId, waiting, updated_at }: PythonRun,
  facts: LedgerFacts,
): Position | { hold: string } {
  if (waiting?.reason === "until" && (nodeId === "wait_start" || nodeId === "wait_interval")) {
    const anchorMs = parseTime(waiting.until ?? "");
    if (!Number.isNaN(anchorMs)) return { nodeId, anchorMs, isUsed: false, resumesTo: "fire" };
  }
  if (waiting?.reason === "subworkflow" && nodeId === "run_target") {
    const anchorMs = parseTime(facts.children.startedAt ?? updated_at);
    return { nodeId, anchorMs, isUsed: true, resumesTo: "after" };
  }
  return { hold: `it waits at '${nodeId}', which no schedule does` };
}

function startOf(meta: JsonObject, createdMs: number): number {
  const start = meta["start_at"];
  if (typeof start !== "string" || start.trim() === "" || start === "now") return createdMs;
  const later = durationMs(start);
  const at = later === null ? parseTime(start) : createdMs + later;
  return Number.isNaN(at) ? createdMs : at;
}

function msOf(time: Value): number | null {
  const ms = typeof time === "string" ? parseTime(time) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
