import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { NewId } from "#core/ids.ts";
import type { Wait } from "#core/run.ts";
import { effectKey } from "#engine/effect-key.ts";
import type { PendingEffect } from "#engine/engine.ts";
import type { Plan } from "#engine/plan.ts";
import { reservedVars } from "#runner/first-vars.ts";

/** Whose names are replaced by whose. */
export interface Renaming {
  from: { runId: string; sessionId: string | null };
  to: { runId: string; sessionId: string | null };
  newId: NewId;
}

/**
 * The vars of a fork: the parent's, with what belongs to the parent's own steps made the fork's. An effect in flight is marked, so that
 * the fork opens it in its own ledger. Values that flows made stay as they are, also where they name the parent.
 */
export function forkVars(vars: JsonObject, renaming: Renaming): JsonObject {
  const temp = vars["_temp"];
  if (!isObject(temp)) return vars;
  const { pending, asked } = temp;
  const moved: JsonObject = { ...temp };
  const visits = isObject(temp["visits"]) ? temp["visits"] : {};
  const isOver = temp["held"] !== undefined;
  if (isObject(pending)) {
    const own = ownEffect(pending as unknown as PendingEffect, visits, renaming);
    moved["pending"] = (isOver ? own : { ...own, attempt: 1, forked: true }) as unknown as Value;
  }
  if (isObject(asked))
    moved["asked"] = ownEffect(asked as unknown as PendingEffect, visits, renaming) as unknown as Value;
  return { ...vars, _temp: moved };
}

function ownEffect(pending: PendingEffect, visits: JsonObject, { to, newId }: Renaming): PendingEffect {
  const { node_id: nodeId, effect } = pending;
  const visitNumber = numberOf(visits[nodeId]) ?? 1;
  const key = effectKey({ runId: to.runId, nodeId, effect, visitNumber });
  return { ...pending, step_id: newId(), idempotency_key: key };
}

/** The same wait under the fork's own names: two runs that wait must not be told apart by chance. */
export function forkWait(wait: Wait, { from, to }: Renaming): Wait {
  const { wait_key: key } = wait;
  const sessionScope = `evt:session:${from.sessionId ?? from.runId}:`;
  if (key === null) return wait;
  if (!key.startsWith(sessionScope)) return { ...wait, wait_key: key.replaceAll(from.runId, to.runId) };
  return { ...wait, wait_key: `evt:session:${to.sessionId ?? to.runId}:${key.slice(sessionScope.length)}` };
}

/**
 * Puts input over the vars, with the rules of a start. A start node that has run keeps its pins in a record of its own, from which the
 * nodes after it read: they see the new input too.
 */
export function withInput(vars: JsonObject, input: JsonObject, plan: Plan): JsonObject {
  const own = Object.entries(input).filter(([key]) => !reservedVars.includes(key));
  if (own.length === 0) return vars;
  const merged: JsonObject = { ...vars };
  for (const [key, value] of own) put(merged, key, mergedValue(key, value, vars));
  const temp = vars["_temp"];
  const outputs = isObject(temp) ? temp["node_outputs"] : undefined;
  if (!isObject(temp) || !isObject(outputs)) return merged;
  const changed: JsonObject = { ...outputs };
  for (const node of plan.nodes.values()) {
    const record = outputs[node.id];
    if (node.type !== "on_flow_start" || !isObject(record)) continue;
    const next = { ...record };
    for (const [key, value] of own) if (Object.hasOwn(record, key)) put(next, key, value);
    changed[node.id] = next;
    if (JSON.stringify(vars["_last_output"]) === JSON.stringify(record)) merged["_last_output"] = next;
  }
  merged["_temp"] = { ...temp, node_outputs: changed };
  return merged;
}

function mergedValue(key: string, value: Value, vars: JsonObject): Value {
  const before = vars[key];
  if (!["_limits", "_runtime"].includes(key)) return value;
  if (!isObject(value)) return before ?? {};
  const { workflow_policy: _, control: __, ...allowed } = value;
  return { ...(isObject(before) ? before : {}), ...allowed };
}

/** A key like `__proto__` is a key and nothing else. */
function put(target: JsonObject, key: string, value: Value): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Nodes that the run stands at, goes to next or is inside of: another version of the flow must have them too. */
export function nodesInUse(nodeId: string, wait: Wait | null, vars: JsonObject): string[] {
  const temp = isObject(vars["_temp"]) ? vars["_temp"] : {};
  const control = isObject(temp["_control"]) ? temp["_control"] : {};
  const steps = [temp["pending"], temp["asked"]].filter(isObject);
  const named: (Value | undefined)[] = [
    nodeId,
    wait?.resume_to_node,
    control["return_to"],
    ...(Array.isArray(control["stack"]) ? control["stack"] : []),
    ...steps.flatMap((step) => [step["node_id"], step["next_node"]]),
  ];
  return [...new Set(named.filter((each) => typeof each === "string"))];
}
