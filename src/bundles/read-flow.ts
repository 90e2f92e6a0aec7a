import { AppError } from "#core/errors.ts";
import type { Flow, FlowEdge, FlowNode } from "#core/flow.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { shown } from "#bundles/entry-path.ts";

/** A VisualFlow document as the engine wants it, and sentences about what was tolerated. */
export interface ReadFlow {
  flow: Flow;
  warnings: string[];
}

const maxNodes = 20_000;
const maxEdges = 100_000;

/**
 * Reads a VisualFlow document (contract flow-runtime 1.4). Junk is ignored, unknown node types are kept. AppError `invalid_request`
 * when there is no flow in it: no object, no id, no list of nodes.
 */
export function readFlow(document: Value): ReadFlow {
  if (!isObject(document)) throw refuse("it is not a JSON object");
  const warnings: string[] = [];
  const id = flowIdOf(document);
  if (id === null) throw refuse("it has no id");
  const nodes = readNodes(document["nodes"], warnings);
  const entryNode = textOrNull(document["entryNode"]);
  if (entryNode !== null && !nodes.some((node) => node.id === entryNode)) {
    warnings.push(`entryNode names the node ${shown(entryNode)}, which is not there`);
  }
  return {
    flow: {
      id,
      name: textOrNull(document["name"]) ?? "",
      description: textOrNull(document["description"]) ?? "",
      interfaces: list(document["interfaces"]).filter((each) => typeof each === "string"),
      nodes,
      edges: readEdges(document["edges"], warnings),
      entryNode,
    },
    warnings,
  };
}

/** The flow's own id, or null. */
export function flowIdOf(document: JsonObject): string | null {
  const names = ["id", "flow_id", "workflow_id"];
  return names.map((name) => textOrNull(document[name])?.trim()).find((id) => id) ?? null;
}

function refuse(reason: string): AppError {
  return new AppError("invalid_request", reason);
}

function textOrNull(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function list(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}

function readNodes(raw: Value | undefined, warnings: string[]): FlowNode[] {
  if (!Array.isArray(raw)) throw refuse("it has no list of nodes");
  if (raw.length > maxNodes) throw refuse(`it has ${raw.length} nodes, more than ${maxNodes}`);
  const nodes = new Map<string, FlowNode>();
  raw.forEach((each, index) => {
    const node = readNode(each, index, warnings);
    if (!node) return;
    // Which of the two an edge means is anybody's guess.
    if (nodes.has(node.id)) throw refuse(`two nodes have the id ${shown(node.id)}`);
    nodes.set(node.id, node);
  });
  return [...nodes.values()];
}

function readNode(raw: Value, index: number, warnings: string[]): FlowNode | null {
  const id = isObject(raw) ? textOrNull(raw["id"]) : null;
  if (!isObject(raw) || id === null) {
    warnings.push(`nodes[${index}] has no id; it was left out`);
    return null;
  }
  const data = isObject(raw["data"]) ? raw["data"] : {};
  const type = typeName(raw["type"]) ?? typeName(data["nodeType"]);
  if (type === null) warnings.push(`node ${shown(id)} has no type`);
  const nodeType = typeName(data["nodeType"]);
  return { id, type: type ?? "", data: nodeType === null ? data : { ...data, nodeType } };
}

/** `NodeType.ON_FLOW_START` is how Python prints the enum. */
function typeName(value: Value | undefined): string | null {
  return (
    textOrNull(value)
      ?.replace(/^NodeType\./, "")
      .toLowerCase() ?? null
  );
}

function readEdges(raw: Value | undefined, warnings: string[]): FlowEdge[] {
  const all = list(raw);
  if (all.length > maxEdges) throw refuse(`it has ${all.length} edges, more than ${maxEdges}`);
  return all.flatMap((each, index) => {
    const edge = isObject(each) ? each : {};
    const source = textOrNull(edge["source"]);
    const target = textOrNull(edge["target"]);
    if (source === null || target === null) {
      warnings.push(`edges[${index}] has no source or no target; it was left out`);
      return [];
    }
    // The contract: an edge without a handle is no edge.
    const sourceHandle = textOrNull(edge["sourceHandle"]);
    const targetHandle = textOrNull(edge["targetHandle"]);
    return sourceHandle === null || targetHandle === null ? [] : [{ source, sourceHandle, target, targetHandle }];
  });
}
