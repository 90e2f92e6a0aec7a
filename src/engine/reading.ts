import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import type { PlanNode } from "#engine/plan.ts";
import { NodeError } from "#engine/pure.ts";

/** A chain of pure nodes longer than this is a mistake or an attack. */
const maxDepth = 1000;
/** Pure nodes that hand out parts of the vars: what they give must not change under its holder. */
const readsVars = new Set(["get_var", "get_context", "var_decl", "bool_var"]);

/** Inputs of an exec node: the ambient output, then data edges, then defaults (contract flow-runtime 2.4). */
export function resolveInputs(execution: Execution, node: PlanNode): JsonObject {
  const ambient = ambientOf(execution, node);
  const inputs: JsonObject = isObject(ambient) ? { ...ambient } : {};
  for (const [pin, source] of node.sources) {
    const value = readPin(execution, source, []);
    if (value !== undefined) inputs[pin] = value;
  }
  for (const [pin, preset] of node.defaults) {
    if (node.sources.has(pin)) continue;
    const isDeclared = node.inputs.some((each) => each.id === pin);
    if (!isDeclared && Object.hasOwn(inputs, pin)) continue;
    inputs[pin] = structuredCopy(preset);
  }
  return inputs;
}

/** Only what is wired or preset, for nodes that swallow trouble while reading their inputs. */
export function resolveOrEmpty(execution: Execution, node: PlanNode): JsonObject {
  try {
    return resolveInputs(execution, node);
  } catch {
    return {};
  }
}

/** The payload that flows along exec edges: the last output, before there is one all vars, or what `inputKey` names. */
export function ambientOf(execution: Execution, node: PlanNode): Value {
  const key = node.data["inputKey"];
  if (typeof key === "string" && key) return execution.vars.read(...key.split(".")) ?? null;
  const last = execution.vars.peek("_last_output");
  return last === undefined ? (execution.vars.read() ?? null) : last;
}

/** A data edge's value, or undefined when its source does not have it (contract flow-runtime 2.2). */
export function readPin(
  execution: Execution,
  source: { node: string; pin: string },
  trail: string[],
): Value | undefined {
  const record = recordOf(execution, source.node, trail);
  if (record === undefined) return undefined;
  if (isObject(record) && Object.hasOwn(record, source.pin)) return record[source.pin];
  return source.pin === "result" || source.pin === "output" ? record : undefined;
}

function recordOf(execution: Execution, nodeId: string, trail: string[]): Value | undefined {
  const literal = execution.plan.literals.get(nodeId);
  if (literal !== undefined) return literal;
  const node = execution.plan.nodes.get(nodeId);
  if (node?.kind === "pure") return evaluate(execution, node, trail);
  return execution.vars.peek("_temp", "node_outputs", nodeId);
}

/** Pure nodes are evaluated anew on every pull. */
function evaluate(execution: Execution, node: PlanNode, trail: string[]): Value {
  if (trail.includes(node.id)) throw new NodeError(`Data edge cycle detected at '${node.id}'`);
  if (trail.length > maxDepth) throw new NodeError(`The chain of data nodes before '${node.id}' is too long`);
  const run = pureNodes.get(node.type);
  if (!run) throw new NodeError(`Node '${node.id}' has the type '${node.type}', which this build does not know`);
  const path = [...trail, node.id];
  const inputs: JsonObject = {};
  for (const [pin, source] of node.sources) {
    const value = readPin(execution, source, path);
    if (value !== undefined) inputs[pin] = value;
  }
  for (const [pin, preset] of node.defaults) if (!node.sources.has(pin)) inputs[pin] = preset;
  const { vars, now, random } = execution;
  const value = run(inputs, { node, vars: vars.root, now, random });
  if (readsVars.has(node.type)) releaseParts(execution, value);
  return value;
}

/** The record is new, what it holds may be the variables' own: as a value, or as the one item of a list made around it. */
export function releaseParts({ vars }: Execution, record: Value): void {
  if (!isObject(record)) return;
  for (const part of Object.values(record)) {
    vars.release(part);
    if (Array.isArray(part) && part.length === 1) vars.release(part[0] ?? null);
  }
}

function structuredCopy(value: Value): Value {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCopy(inner)]));
}
