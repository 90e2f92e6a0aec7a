import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { shown } from "#bundles/entry-path.ts";

/** A flow as the editor keeps it, and as it goes into a bundle. Nodes and edges stay as they came. */
export type VisualFlow = JsonObject & {
  id: string;
  name: string;
  description: string;
  interfaces: string[];
  nodes: JsonObject[];
  edges: JsonObject[];
  entryNode: string | null;
  created_at: string;
  updated_at: string;
};

/** What an editor may set. */
export interface VisualFlowFields {
  name: string;
  description: string;
  interfaces: string[];
  nodes: JsonObject[];
  edges: JsonObject[];
  entryNode: string | null;
}

const maxNodes = 20_000;
const maxEdges = 100_000;

/** AppError `invalid_request`: the first thing that keeps the fields from being a flow. */
export function checkVisualFlow(fields: VisualFlowFields): void {
  const problem = nameProblem(fields.name) ?? nodesProblem(fields.nodes) ?? edgesProblem(fields);
  if (problem !== null) throw new AppError("invalid_request", `Invalid VisualFlow JSON: ${problem}`);
}

function nameProblem(name: string): string | null {
  return name.trim() === "" ? "name must not be empty" : null;
}

function nodesProblem(nodes: JsonObject[]): string | null {
  if (nodes.length > maxNodes) return `nodes has ${nodes.length} items, more than ${maxNodes}`;
  const seen = new Set<string>();
  for (const [index, node] of nodes.entries()) {
    const problem = nodeProblem(node, `nodes[${index}]`);
    if (problem !== null) return problem;
    const id = node["id"] as string;
    if (seen.has(id)) return `two nodes have the id ${shown(id)}`;
    seen.add(id);
  }
  return null;
}

function nodeProblem(node: Value, at: string): string | null {
  if (!isObject(node)) return `${at} must be an object`;
  const { id, type, position, data } = node;
  if (!isName(id)) return `${at}.id must be a non-empty string`;
  if (!isName(type) && !(isObject(data) && isName(data["nodeType"]))) return `${at}.type must be a non-empty string`;
  if (position !== undefined && !isObject(position)) return `${at}.position must be an object`;
  if (data === undefined) return null;
  if (!isObject(data)) return `${at}.data must be an object`;
  for (const side of ["inputs", "outputs"]) {
    if (data[side] !== undefined && !Array.isArray(data[side])) return `${at}.data.${side} must be a list`;
  }
  return null;
}

function edgesProblem({ nodes, edges }: VisualFlowFields): string | null {
  if (edges.length > maxEdges) return `edges has ${edges.length} items, more than ${maxEdges}`;
  const nodeIds = new Set(nodes.map((node) => node["id"]));
  const seen = new Set<string>();
  for (const [index, edge] of edges.entries()) {
    const at = `edges[${index}]`;
    const problem = edgeProblem(edge, at, nodeIds);
    if (problem !== null) return problem;
    const { id } = edge;
    if (typeof id !== "string") continue;
    if (seen.has(id)) return `two edges have the id ${shown(id)}`;
    seen.add(id);
  }
  return null;
}

function edgeProblem(edge: Value, at: string, nodeIds: ReadonlySet<Value | undefined>): string | null {
  if (!isObject(edge)) return `${at} must be an object`;
  const { id, animated } = edge;
  if (id !== undefined && id !== null && !isName(id)) return `${at}.id must be a non-empty string`;
  for (const end of ["source", "target"]) {
    const value = edge[end];
    if (!isName(value)) return `${at}.${end} must be a non-empty string`;
    if (!nodeIds.has(value)) return `${at}.${end} names the node ${shown(value)}, which is not there`;
    if (!isName(edge[`${end}Handle`])) return `${at}.${end}Handle must be a non-empty string`;
  }
  if (animated !== undefined && animated !== null && typeof animated !== "boolean")
    return `${at}.animated must be a boolean`;
  return null;
}

function isName(value: Value | undefined): value is string {
  return typeof value === "string" && value.trim() !== "";
}
