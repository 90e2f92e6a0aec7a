import { AppError } from "#core/errors.ts";
import type { FlowEdge } from "#core/flow.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { DraftNode, DraftNodes } from "#engine/draft.ts";

export interface Route {
  key: string;
  node: string;
  handle: string;
}

/**
 * Gives every node with several entries one door (contract flow-runtime 2.6): a join that remembers where the run came from, and for each
 * pin with per-route sources a mux that reads the one that belongs to that door.
 */
export function lowerJoins(nodes: DraftNodes, { edges }: { edges: FlowEdge[] }): void {
  const incoming = new Map<string, FlowEdge[]>();
  for (const edge of edges) {
    if (nodes.get(edge.source)?.next.get(edge.sourceHandle) !== edge.target) continue;
    incoming.set(edge.target, [...(incoming.get(edge.target) ?? []), edge]);
  }
  for (const [targetId, entries] of incoming) {
    const target = nodes.get(targetId);
    if (!target) continue;
    // A join that the author drew only needs to know its doors.
    if (target.type === "join_exec") nodes.set(targetId, { ...target, data: withRoutes(target, entries) });
    else if (entries.length >= 2) lower(nodes, target, entries);
  }
}

function lower(nodes: DraftNodes, target: DraftNode, entries: FlowEdge[]): void {
  const routes = routesOf(target, entries);
  const joinId = `__internal_join_exec__${target.id}`;
  nodes.set(joinId, {
    ...blank(joinId, "join_exec"),
    data: withRoutes(target, entries),
    next: new Map([["exec-out", target.id]]),
  });
  for (const edge of entries) nodes.get(edge.source)?.next.set(edge.sourceHandle, joinId);
  const overrides = target.data["inputRouteOverrides"];
  if (!isObject(overrides)) return;
  for (const [pin, byRoute] of Object.entries(overrides)) {
    if (isObject(byRoute)) addMux(nodes, { target, joinId, pin, byRoute, routes });
  }
}

function withRoutes(target: DraftNode, entries: FlowEdge[]): JsonObject {
  const own = target.type === "join_exec" ? target.data : {};
  return { ...own, routes: routesOf(target, entries).map((route) => ({ ...route })) };
}

function routesOf(target: DraftNode, entries: FlowEdge[]): Route[] {
  const declared = target.data["entryRoutes"];
  const fromEdges = entries.map((edge) => ({
    key: `${edge.source}:${edge.sourceHandle}`,
    node: edge.source,
    handle: edge.sourceHandle,
  }));
  if (!Array.isArray(declared) || declared.length === 0) return fromEdges;
  const routes = declared.filter(isObject).map((route) => ({
    key: textOf(route["key"]) || `${textOf(route["sourceNodeId"])}:${textOf(route["sourceHandle"])}`,
    node: textOf(route["sourceNodeId"]),
    handle: textOf(route["sourceHandle"]),
  }));
  const door = (route: { node: string; handle: string }) => `${route.node}\u0000${route.handle}`;
  const wanted = new Set(routes.map(door));
  if (wanted.size !== fromEdges.length || !fromEdges.every((route) => wanted.has(door(route)))) {
    throw new AppError(
      "unprocessable",
      `The flow cannot run: entryRoutes of node '${target.id}' do not match its edges`,
    );
  }
  return routes;
}

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

interface Mux {
  target: DraftNode;
  joinId: string;
  pin: string;
  byRoute: JsonObject;
  routes: Route[];
}

function addMux(nodes: DraftNodes, { target, joinId, pin, byRoute, routes }: Mux): void {
  const id = `__internal_path_mux__${target.id}__${pin}`;
  const mux = blank(id, "path_mux");
  mux.sources.set("select", { node: joinId, pin: "which" });
  routes.forEach((route, index) => {
    const source = byRoute[route.key];
    if (!isObject(source) || typeof source["sourceNodeId"] !== "string") return;
    const from = { node: source["sourceNodeId"], pin: textOf(source["sourceHandle"]) };
    mux.sources.set(`in${index}`, from);
    nodes.get(from.node)?.referenced.add(from.pin);
  });
  const normal = target.sources.get(pin);
  const preset: Value | undefined = target.defaults.get(pin);
  if (normal) mux.sources.set("fallback", normal);
  else if (preset !== undefined) mux.defaults.set("fallback", preset);
  nodes.set(id, { ...mux, kind: "pure" });
  target.sources.set(pin, { node: id, pin: "out" });
}

function blank(id: string, type: string): DraftNode {
  return {
    id,
    type,
    kind: "exec",
    label: id,
    inputs: [],
    outputs: [],
    sources: new Map(),
    defaults: new Map(),
    next: new Map(),
    data: {},
    referenced: new Set(),
  };
}
