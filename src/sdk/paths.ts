/** Where the API begins, below the gateway's address. */
export const base = "/api/gateway";

export function runPath(runId: string): string {
  return `${base}/runs/${encodeURIComponent(runId)}`;
}

export function bundlePath(ref: string): string {
  return `${base}/bundles/${encodeURIComponent(ref)}`;
}
