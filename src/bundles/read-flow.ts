import { AppError } from "#core/errors.ts";
import type { Flow, FlowEdge, FlowNode } from "#core/flow.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** Reads a VisualFlow document (contract flow-runtime 1.4). AppError `invalid_request` when it is none; oddities become warnings. */
export function readFlow(raw: Value, warnings: string[] = []): Flow {
  if (!isObject(raw)) throw refuse("it must be an object");
  const id = [raw["id"], raw["flow_id"], raw["workflow_id"]].find((value) => typeof value === "string" && value.trim());
  if (typeof id !== "string") throw refuse("it has no id");
  if (!Array.isArray(raw["nodes"])) throw refuse(`flow '${id}' has no list of nodes`);
  const nodes = raw["nodes"].flatMap((node, index) => readNode(node, `${id}: nodes[${index}]`, warnings));
  const seen = new Set<string>();
  for (const node of nodes) {
    if (seen.has(node.id)) throw refuse(`flow '${id}' has two nodes '${node.id}'`);
    seen.add(node.id);
  }
  const edges = (Array.isArray(raw["edges"]) ? raw["edges"] : []).flatMap(readEdge);
  return {
    id: id.trim(),
    name: text(raw["name"]) || id,
    description: text(raw["description"]),
    interfaces: (Array.isArray(raw["interfaces"]) ? raw["interfaces"] : []).filter(
      (each): each is string => typeof each === "string",
    ),
    nodes,
    edges,
    entryNode: typeof raw["entryNode"] === "string" && raw["entryNode"] ? raw["entryNode"] : null,
  };
}

function refuse(reason: string): AppError {
  return new AppError("invalid_request", `The flow document is refused: ${reason}`);
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

function readNode(raw: Value, where: string, warnings: string[]): FlowNode[] {
  if (!isObject(raw) || typeof raw["id"] !== "string" || !raw["id"]) {
    warnings.push(`${where} is not a node and was left out`);
    return [];
  }
  const data: JsonObject = isObject(raw["data"]) ? raw["data"] : {};
  const written = text(raw["type"]) || text(data["nodeType"]);
  const type = written.replace(/^NodeType\./i, "").toLowerCase();
  if (!type) warnings.push(`${where} has no type`);
  return [{ id: raw["id"], type, data }];
}

function readEdge(raw: Value): FlowEdge[] {
  if (!isObject(raw)) return [];
  const { source, sourceHandle, target, targetHandle } = raw;
  const whole = [source, sourceHandle, target, targetHandle].every((each) => typeof each === "string" && each !== "");
  if (!whole) return [];
  return [{ source, sourceHandle, target, targetHandle } as FlowEdge];
}

const referenceFields = ["subflowId", "flowId", "workflowId", "workflow_id"];

/** Gives a flow its id inside a bundle version, and its references the same (contract flow-runtime 1.7). */
export function namespaceFlow(
  flow: Flow,
  bundle: { ref: string; flowIds: Set<string>; sanitize: (text: string) => string },
  warnings: string[],
): Flow {
  const id = `${bundle.ref}:${flow.id}`;
  const nodes = flow.nodes.map((node) => {
    if (node.type === "subflow") return { ...node, data: namespaced(node, { ...bundle, flowId: flow.id }, warnings) };
    if (node.type !== "agent") return node;
    const config = isObject(node.data["agentConfig"]) ? node.data["agentConfig"] : {};
    const react = `visual_react_agent_${bundle.sanitize(id)}_${bundle.sanitize(node.id)}`;
    return { ...node, data: { ...node.data, agentConfig: { ...config, _react_workflow_id: react } } };
  });
  return { ...flow, id, nodes };
}

function namespaced(
  node: FlowNode,
  bundle: { ref: string; flowIds: Set<string>; flowId: string },
  warnings: string[],
): JsonObject {
  const data = { ...node.data };
  for (const field of referenceFields) {
    const reference = data[field];
    if (typeof reference !== "string" || !reference) continue;
    const own = reference.startsWith(`${bundle.ref}:`) ? reference.slice(bundle.ref.length + 1) : reference;
    if (bundle.flowIds.has(own)) data[field] = `${bundle.ref}:${own}`;
    else
      warnings.push(
        `Node '${node.id}' of flow '${bundle.flowId}' calls the flow '${reference}', which is not in the bundle`,
      );
  }
  return data;
}
