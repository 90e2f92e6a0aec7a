/** The parts of `bundle[@version]:flow`; null for ids of internal and dynamic workflows. */
export interface WorkflowName {
  bundleId: string;
  bundleVersion: string | null;
  flowId: string;
}

const form = /^([A-Za-z0-9_-]+)(?:@([A-Za-z0-9_.-]+))?:(.+)$/s;

export function parseWorkflowId(workflowId: string): WorkflowName | null {
  const match = form.exec(workflowId);
  if (!match?.[1] || !match[3] || workflowId.startsWith("scheduled:")) return null;
  return { bundleId: match[1], bundleVersion: match[2] ?? null, flowId: match[3] };
}
