import { AppError } from "#core/errors.ts";
import type { Flow, FlowNode } from "#core/flow.ts";
import { shown } from "#bundles/entry-path.ts";
import { subflowReference } from "#bundles/subflow-reference.ts";

/** The flow of an id, or null when there is none. */
export type FindFlow = (flowId: string) => Promise<Flow | null>;

/**
 * The root and every flow that it can come to call (contract flow-runtime 1.3). AppError `invalid_request` when a flow that
 * would be called is not there.
 */
export async function reachableFlows(root: Flow, find: FindFlow): Promise<Flow[]> {
  const found = new Map([[root.id, root]]);
  const open = [root];
  for (let flow = open.pop(); flow; flow = open.pop()) {
    for (const { node, flowId } of callsOf(flow)) {
      if (found.has(flowId)) continue;
      const called = await find(flowId);
      if (!called) {
        const names = `Flow ${shown(flow.id)} cannot be packed: its node ${shown(node.id)} calls the flow ${shown(flowId)}`;
        throw new AppError("invalid_request", `${names}, which is not there`);
      }
      found.set(flowId, called);
      open.push(called);
    }
  }
  return [...found.values()];
}

function callsOf(flow: Flow): { node: FlowNode; flowId: string }[] {
  const reached = reachedNodes(flow);
  return flow.nodes.flatMap((node) => {
    const flowId = node.type === "subflow" && reached.has(node.id) ? subflowReference(node.data) : null;
    return flowId === null ? [] : [{ node, flowId }];
  });
}

/** Nodes that execution can come to: from the entry and from every listener. */
function reachedNodes(flow: Flow): Set<string> {
  const next = new Map<string, string[]>();
  const targets = new Set<string>();
  for (const edge of flow.edges) {
    if (edge.targetHandle !== "exec-in") continue;
    next.set(edge.source, [...(next.get(edge.source) ?? []), edge.target]);
    targets.add(edge.target);
  }
  const reached = new Set<string>();
  const queue = flow.nodes.filter((node) => isStart(node, flow, targets)).map((node) => node.id);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    queue.push(...(next.get(id) ?? []));
  }
  return reached;
}

function isStart(node: FlowNode, flow: Flow, targets: Set<string>): boolean {
  if (node.type === "on_event") return true;
  const hasEntry = flow.nodes.some((each) => each.id === flow.entryNode);
  return hasEntry ? node.id === flow.entryNode : !targets.has(node.id);
}
