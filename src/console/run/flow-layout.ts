import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";

export interface FlowNode {
  id: string;
  label: string;
  type: string;
  colour: string | null;
  x: number;
  y: number;
}

export interface FlowEdge {
  id: string;
  source: string;
  target: string;
  /** It says what runs next; the others carry values. */
  runs: boolean;
  label: string | null;
}

export interface FlowLayout {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

const column = 260;
const line = 110;

/** A flow as its author laid it out; in columns, where nobody did. */
export function layoutOf(flow: JsonObject): FlowLayout {
  const nodes = objects(flow["nodes"]).map(nodeOf);
  const ids = new Set(nodes.map(({ id }) => id));
  const edges = objects(flow["edges"])
    .map((edge, index) => edgeOf(edge, index, flow))
    .filter(({ source, target }) => ids.has(source) && ids.has(target));
  const places = new Set(nodes.map(({ x, y }) => `${x} ${y}`));
  return { nodes: places.size < nodes.length / 2 ? inColumns(nodes, edges) : nodes, edges };
}

function objects(value: Value | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function nodeOf(node: JsonObject): FlowNode {
  const data = isObject(node["data"]) ? node["data"] : {};
  const position = isObject(node["position"]) ? node["position"] : {};
  const type = textOf(data["nodeType"]) ?? textOf(node["type"]) ?? "node";
  return {
    id: textOf(node["id"]) ?? "",
    label: textOf(data["label"]) ?? textOf(node["label"]) ?? type,
    type,
    colour: safeColour(textOf(data["headerColor"]) ?? textOf(node["headerColor"])),
    x: numberOf(position["x"]) ?? 0,
    y: numberOf(position["y"]) ?? 0,
  };
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function safeColour(text: string | null): string | null {
  return text !== null && /^#[0-9a-f]{3,8}$/i.test(text) ? text : null;
}

function edgeOf(edge: JsonObject, index: number, flow: JsonObject): FlowEdge {
  const source = textOf(edge["source"]) ?? "";
  const handle = textOf(edge["sourceHandle"]) ?? "";
  const runs = textOf(edge["targetHandle"]) === "exec-in" || pinType(flow, source, handle) === "execution";
  return {
    id: textOf(edge["id"]) ?? `edge-${index}`,
    source,
    target: textOf(edge["target"]) ?? "",
    runs,
    label: runs && handle !== "exec-out" && handle !== "" ? handle : null,
  };
}

function pinType(flow: JsonObject, nodeId: string, pinId: string): string | null {
  const node = objects(flow["nodes"]).find(({ id }) => id === nodeId);
  const data = node && isObject(node["data"]) ? node["data"] : {};
  const pin = objects(data["outputs"]).find(({ id }) => id === pinId);
  return textOf(pin?.["type"]);
}

/** Each node one column right of the farthest node that leads to it, without going round in circles. */
function inColumns(nodes: FlowNode[], edges: FlowEdge[]): FlowNode[] {
  const columns = new Map<string, number>();
  const visit = (id: string, depth: number, path: ReadonlySet<string>) => {
    if (path.has(id) || depth <= (columns.get(id) ?? -1)) return;
    columns.set(id, depth);
    const onward = new Set(path).add(id);
    for (const edge of edges) if (edge.source === id) visit(edge.target, depth + 1, onward);
  };
  const targets = new Set(edges.map(({ target }) => target));
  for (const { id } of nodes) if (!targets.has(id)) visit(id, 0, new Set());
  const heights = new Map<number, number>();
  return nodes.map((node) => {
    const at = columns.get(node.id) ?? 0;
    const above = heights.get(at) ?? 0;
    heights.set(at, above + 1);
    return { ...node, x: at * column, y: above * line };
  });
}
