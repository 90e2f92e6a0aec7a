import { pyStr } from "#core/python.ts";
import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { execNodes } from "#engine/nodes/exec-nodes.ts";
import type { Plan } from "#engine/plan.ts";
import { convertFrames } from "#migrate/python/control-frames.ts";
import type { LedgerFacts } from "#migrate/python/ledger-facts.ts";
import { type PythonRun, objectAt } from "#migrate/python/python-run.ts";

/** A live run's state as our engine goes on from it. */
export interface Converted {
  vars: JsonObject;
  nodeId: string;
  wait: Wait | null;
  /** Why nobody can say what the run would do next; it is paused then. */
  hold: string | null;
  /** What may happen twice when it goes on. */
  caution: string | null;
}

/** The run of a flow. `plan` is null, with the reason, when its workflow cannot be loaded. */
export function convertFlow(run: PythonRun, plan: Plan | { problem: string }, facts: LedgerFacts): Converted {
  const wait = isPauseWait(run) ? null : run.waiting;
  const unchanged = { vars: run.vars, nodeId: run.current_node, wait, caution: null };
  if ("problem" in plan) return { ...unchanged, hold: plan.problem };
  const hold = problemOf(run, plan, wait);
  if (hold !== null) return { ...unchanged, hold };
  const control = convertFrames(run.vars, plan, run.current_node);
  if ("hold" in control) return { ...unchanged, hold: control.hold };
  const temp = objectAt(run.vars, "_temp");
  const { prev_node_id, prev_exec_handle, prev_next_node, ...rest } = temp;
  const next: JsonObject = { ...rest, node_outputs: syncedOutputs(run.vars, plan), visits: facts.visits };
  if (isObject(temp["_control"])) next["_control"] = { ...temp["_control"], frames: control.frames };
  if (typeof prev_node_id === "string") {
    next["prev"] = { node_id: prev_node_id, exec_handle: doorOf(plan, prev_node_id, prev_exec_handle, prev_next_node) };
  }
  const asked = wait && wait.details?.["mode"] === "approval_required" ? askedEffect(wait, facts) : null;
  if (asked) {
    if ("hold" in asked) return { ...unchanged, hold: asked.hold };
    next["asked"] = asked.effect;
  }
  const ahead = run.status === "running" ? aheadOf(run, facts) : { hold: null, caution: null };
  return { vars: { ...run.vars, _temp: next }, nodeId: run.current_node, wait, ...ahead };
}

export function isPauseWait(run: PythonRun): boolean {
  return run.waiting?.wait_key === `pause:${run.run_id}`;
}

function problemOf(run: PythonRun, plan: Plan, wait: Wait | null): string | null {
  if (run.status === null) return `its status '${run.statusText}' is not known here`;
  if (run.actor_id !== "gateway") return "it was not the gateway that ran it, but whoever started it";
  if (run.status === "waiting" && wait === null && !isPauseWait(run)) return "what it waits for is not stored";
  if (!plan.nodes.has(run.current_node)) return `its flow has no node '${run.current_node}'`;
  const next = wait?.resume_to_node ?? null;
  if (next !== null && !plan.nodes.has(next)) return `its flow has no node '${next}', where it would go on`;
  const phase = objectAt(run.vars, "_temp", "agent", run.current_node)["phase"];
  if (typeof phase === "string" && phase !== "done")
    return `it is inside the agent '${run.current_node}', whose loop kept its state in a form of its own`;
  return null;
}

/** The Python engine made records out of effect results when it read them; ours are made when the effect ends. */
function syncedOutputs(vars: JsonObject, plan: Plan): JsonObject {
  const outputs: JsonObject = { ...objectAt(vars, "_temp", "node_outputs") };
  for (const [nodeId, result] of Object.entries(objectAt(vars, "_temp", "effects"))) {
    const node = plan.nodes.get(nodeId);
    if (!node || result === null) continue;
    const make = execNodes.get(node.type)?.outputs;
    outputs[nodeId] = make ? make(result, node, outputs[nodeId]) : result;
  }
  return outputs;
}

/** Effect nodes left the handle of an earlier node in the state; the edge tells which it was. */
function doorOf(plan: Plan, nodeId: string, handle: Value | undefined, target: Value | undefined): Value {
  const next = plan.nodes.get(nodeId)?.next;
  if (!next || typeof target !== "string") return handle ?? null;
  if (typeof handle === "string" && next.get(handle) === target) return handle;
  const doors = [...next].filter(([, to]) => to === target);
  return doors.length === 1 ? (doors[0]?.[0] ?? null) : (handle ?? null);
}

/** The step that asked for consent: the answer makes this very step go on. */
function askedEffect(wait: Wait, facts: LedgerFacts): { effect: JsonObject } | { hold: string } {
  const record = wait.wait_key === null ? undefined : facts.waits.get(wait.wait_key);
  if (!record || !isObject(record["effect"]))
    return { hold: "the record of the tool calls that it asks consent for is missing" };
  const { step_id, node_id, effect, attempt, started_at, idempotency_key } = record;
  return {
    effect: {
      step_id: step_id ?? "",
      node_id: node_id ?? "",
      effect,
      next_node: wait.resume_to_node,
      attempt: attempt ?? 1,
      started_at: started_at ?? "",
      idempotency_key: idempotency_key ?? "",
    },
  };
}

/** The process died over an effect: the ledger is one step further than the state. */
function aheadOf({ vars, current_node: node }: PythonRun, { last }: LedgerFacts): Pick<Converted, "hold" | "caution"> {
  const none = { hold: null, caution: null };
  const key = last?.["idempotency_key"];
  if (!last || last["node_id"] !== node || typeof key !== "string" || key.startsWith("system:")) return none;
  const type = pyStr(objectAt(last, "effect")["type"] ?? null);
  if (last["status"] === "started" || last["status"] === "waiting") {
    return { hold: null, caution: `it was in the middle of '${type}' at '${node}', which begins anew` };
  }
  const steps = objectAt(vars, "_runtime", "node_traces", node)["steps"];
  const traced = Array.isArray(steps) ? steps.at(-1) : undefined;
  const isTraced = isObject(traced) && traced["idempotency_key"] === key && traced["status"] === last["status"];
  if (isTraced) return none;
  return {
    hold: `'${type}' at '${node}' has ended, and its state does not know it: going on would do it again`,
    caution: null,
  };
}
