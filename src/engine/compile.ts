import { AppError } from "#core/errors.ts";
import type { Flow, FlowEdge, FlowNode } from "#core/flow.ts";
import { sanitizeId } from "#core/ids.ts";
import { type Value, isObject } from "#core/value.ts";
import type { DraftNode, DraftNodes } from "#engine/draft.ts";
import { kindOf, pinsOf } from "#engine/classify.ts";
import { lowerJoins } from "#engine/lower-joins.ts";
import { supportWarnings } from "#engine/nodes/support.ts";
import type { Compile, Plan } from "#engine/plan.ts";

/** The ways out of the nodes that branch; every other node has one, and `on_error` beside it. */
const branches: Record<string, RegExp> = {
  if: /^(?:true|false)$/,
  switch: /^(?:case:.*|default)$/,
  sequence: /^(?:then:\d+|done)$/,
  parallel: /^(?:then:\d+|completed)$/,
  loop: /^(?:loop|done)$/,
  for: /^(?:loop|done)$/,
  while: /^(?:loop|done)$/,
};
const freeBranch = /^(?:true|false|case:.*|default|then:\d+|completed|loop|done)$/;

export const compile: Compile = (flow, options = {}) => {
  const workflowId = options.workflowId ?? flow.id;
  const warnings: string[] = [];
  const nodes: DraftNodes = new Map(flow.nodes.map((node) => [node.id, draft(node)]));
  const edges = flow.edges.filter((edge) => isKnown(edge, nodes, warnings));
  for (const edge of edges) if (isExec(edge)) addExec(edge, nodes);
  for (const edge of edges) if (isData(edge)) addData(edge, nodes);
  const entry = options.entry ?? chooseEntry(flow, nodes, edges);
  const reachable = reach(entry, nodes);
  const listenerNodes = options.entry ? [] : flow.nodes.filter((node) => isListener(node, entry));
  dropUnreachable(nodes, reachable, new Set(listenerNodes.map((node) => node.id)), warnings);
  lowerJoins(nodes, { edges: edges.filter((edge) => isExec(edge) && reachable.has(edge.source)) });
  warnings.push(...supportWarnings(nodes.values()));
  return {
    workflow_id: workflowId,
    flow_id: flow.id.slice(flow.id.lastIndexOf(":") + 1),
    entry,
    nodes,
    literals: literalsOf(nodes),
    listeners: listenerNodes.map((node) => ({
      node_id: node.id,
      workflow_id: `visual_event_listener_${sanitizeId(flow.id)}_${sanitizeId(node.id)}`,
    })),
    inputs: startPins(flow),
    warnings,
  } satisfies Plan;
};

function draft(node: FlowNode): DraftNode {
  const { data } = node;
  const defaults = isObject(data["pinDefaults"]) ? Object.entries(data["pinDefaults"]) : [];
  return {
    id: node.id,
    type: node.type,
    kind: kindOf(node),
    label: typeof data["label"] === "string" ? data["label"] : node.id,
    inputs: pinsOf(data["inputs"]),
    outputs: pinsOf(data["outputs"]),
    sources: new Map(),
    defaults: new Map(defaults),
    next: new Map(),
    data,
    referenced: new Set(),
  };
}

function isKnown(edge: FlowEdge, nodes: DraftNodes, warnings: string[]): boolean {
  const missing = [edge.source, edge.target].find((id) => !nodes.has(id));
  if (missing !== undefined) warnings.push(`An edge names the node '${missing}', which is not there; it was left out`);
  return missing === undefined;
}

function isExec(edge: FlowEdge): boolean {
  return edge.targetHandle === "exec-in";
}

function isData(edge: FlowEdge): boolean {
  return edge.targetHandle !== "exec-in" && edge.sourceHandle !== "exec-out";
}

function addExec(edge: FlowEdge, nodes: DraftNodes): void {
  const source = nodes.get(edge.source) as DraftNode;
  if (source.kind !== "exec" || nodes.get(edge.target)?.kind !== "exec") return;
  const known = source.next.get(edge.sourceHandle);
  if (known !== undefined && known !== edge.target) {
    throw refuse(`node '${edge.source}' has two edges out of '${edge.sourceHandle}'`);
  }
  if (!isBranch(source, edge.sourceHandle)) {
    throw refuse(`node '${edge.source}' (${source.type}) has no branch '${edge.sourceHandle}'`);
  }
  source.next.set(edge.sourceHandle, edge.target);
}

function isBranch(source: DraftNode, handle: string): boolean {
  if (handle === "on_error") return true;
  const own = Object.hasOwn(branches, source.type) ? branches[source.type] : undefined;
  if (own) return own.test(handle);
  const others = [...source.next.keys()].filter((other) => other !== "on_error" && other !== handle);
  return others.length === 0 || (freeBranch.test(handle) && others.every((other) => freeBranch.test(other)));
}

function addData(edge: FlowEdge, nodes: DraftNodes): void {
  const target = nodes.get(edge.target) as DraftNode;
  if (target.sources.has(edge.targetHandle)) {
    throw refuse(`pin '${edge.targetHandle}' of node '${edge.target}' has two data edges`);
  }
  target.sources.set(edge.targetHandle, { node: edge.source, pin: edge.sourceHandle });
  nodes.get(edge.source)?.referenced.add(edge.sourceHandle);
}

function chooseEntry(flow: Flow, nodes: DraftNodes, edges: FlowEdge[]): string {
  const named = flow.entryNode ? nodes.get(flow.entryNode) : undefined;
  if (named?.kind === "exec") return named.id;
  const targets = new Set(edges.filter(isExec).map((edge) => edge.target));
  const execs = [...nodes.values()].filter((node) => node.kind === "exec");
  const first = execs.find((node) => !targets.has(node.id)) ?? execs[0];
  if (!first) throw refuse("it has no node that runs");
  return first.id;
}

function reach(entry: string, nodes: DraftNodes): Set<string> {
  const seen = new Set<string>();
  const queue = [entry];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    queue.push(...(nodes.get(id)?.next.values() ?? []));
  }
  return seen;
}

function isListener(node: FlowNode, entry: string): boolean {
  return node.type === "on_event" && node.id !== entry;
}

/** Nodes behind a listener belong to the listener's own plan, so only the rest is worth a warning. */
function dropUnreachable(nodes: DraftNodes, reachable: Set<string>, listeners: Set<string>, warnings: string[]): void {
  const behindListeners = new Set([...listeners].flatMap((id) => [...reach(id, nodes)]));
  for (const node of nodes.values()) {
    if (node.kind !== "exec" || reachable.has(node.id)) continue;
    nodes.delete(node.id);
    if (!behindListeners.has(node.id)) warnings.push(`Node '${node.id}' (${node.type}) is never reached`);
  }
}

function literalsOf(nodes: DraftNodes): Map<string, Value> {
  const literals = new Map<string, Value>();
  for (const node of nodes.values()) {
    if (node.kind === "literal") literals.set(node.id, { value: node.data["literalValue"] ?? null });
  }
  return literals;
}

function startPins(flow: Flow): Plan["inputs"] {
  const start = flow.nodes.find((node) => node.type === "on_flow_start" || node.data["nodeType"] === "on_flow_start");
  if (!start) return [];
  return pinsOf(start.data["outputs"]).filter((pin) => pin.type !== "execution" && !/^exec(-out)?$/.test(pin.id));
}

function refuse(reason: string): AppError {
  return new AppError("unprocessable", `The flow cannot run: ${reason}`);
}
