/** `bundle@version:flow` in parts; what else a workflow is called stays whole. */
export function partsOf(workflowId: string): { bundle: string; version: string | null; flow: string | null } {
  const match = /^([^@:]+)(?:@([^:]+))?:(.+)$/.exec(workflowId);
  if (!match || workflowId.startsWith("scheduled:")) return { bundle: workflowId, version: null, flow: null };
  return { bundle: match[1] ?? workflowId, version: match[2] ?? null, flow: match[3] ?? null };
}

/** A bundle and its version, as a path names them. */
export function bundleRefOf(workflowId: string): string | null {
  const { bundle, version, flow } = partsOf(workflowId);
  return flow === null ? null : version === null ? bundle : `${bundle}@${version}`;
}

export function nameOf(workflowId: string): string {
  const { bundle, flow } = partsOf(workflowId);
  if (workflowId.startsWith("scheduled:")) return "Schedule";
  return flow === null || flow === bundle ? bundle : `${bundle} / ${flow}`;
}

export function WorkflowName({ workflowId }: { workflowId: string }) {
  const { version } = partsOf(workflowId);
  return (
    <span className="workflow" title={workflowId}>
      <span className="cut">{nameOf(workflowId)}</span>
      {version && <span className="tag">{version}</span>}
    </span>
  );
}
