import type { Flow, FlowNode } from "#core/flow.ts";
import { sanitizeId } from "#core/ids.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { shown } from "#bundles/entry-path.ts";
import { referenceFields, subflowReference } from "#bundles/subflow-reference.ts";

export interface Namespace {
  bundleId: string;
  bundleVersion: string;
  /** The flow's own id in the bundle. */
  flowId: string;
  /** Own ids of the flows that the bundle has. */
  flowIds: ReadonlySet<string>;
}

/**
 * The flow with ids that are unique over all bundles (contract flow-runtime 1.7): its own, those of the flows it calls, and the ReAct
 * workflow of each agent node. A call of a flow that is not there stays as it is: that node fails when the run reaches it.
 */
export function namespaceFlow(flow: Flow, namespace: Namespace): { flow: Flow; warnings: string[] } {
  const prefix = `${namespace.bundleId}@${namespace.bundleVersion}`;
  const id = `${prefix}:${namespace.flowId}`;
  const warnings: string[] = [];
  const nodes = flow.nodes.map((node) => {
    if (isOfType(node, "subflow")) return namespaceCall(node, { namespace, prefix, warnings });
    return isOfType(node, "agent") ? withReactWorkflow(node, id) : node;
  });
  return { flow: { ...flow, id, nodes }, warnings };
}

function isOfType(node: FlowNode, type: string): boolean {
  return node.type === type || node.data["nodeType"] === type;
}

interface CallContext {
  namespace: Namespace;
  prefix: string;
  warnings: string[];
}

function namespaceCall(node: FlowNode, { namespace, prefix, warnings }: CallContext): FlowNode {
  const reference = subflowReference(node.data);
  if (reference === null) {
    warnings.push(`node ${shown(node.id)} names no flow to call: it fails when it is reached`);
    return node;
  }
  const flowId = ownFlowId(reference, namespace);
  if (flowId === null) {
    warnings.push(
      `node ${shown(node.id)} calls the flow ${shown(reference)}, which is not in the bundle: it fails when it is reached`,
    );
    return node;
  }
  const data: JsonObject = { ...node.data };
  for (const name of referenceFields) if (data[name] !== undefined) data[name] = `${prefix}:${flowId}`;
  return { ...node, data };
}

/** The flow of this bundle that a reference means: by its own id, or qualified with this bundle. */
function ownFlowId(reference: string, { bundleId, bundleVersion, flowIds }: Namespace): string | null {
  if (flowIds.has(reference)) return reference;
  for (const prefix of [`${bundleId}@${bundleVersion}:`, `${bundleId}:`]) {
    const flowId = reference.startsWith(prefix) ? reference.slice(prefix.length) : "";
    if (flowIds.has(flowId)) return flowId;
  }
  return null;
}

function withReactWorkflow(node: FlowNode, flowId: string): FlowNode {
  const config = isObject(node.data["agentConfig"]) ? node.data["agentConfig"] : {};
  const workflowId = `visual_react_agent_${sanitizeId(flowId)}_${sanitizeId(node.id)}`;
  return { ...node, data: { ...node.data, agentConfig: { ...config, _react_workflow_id: workflowId } } };
}
