import { base, runPath } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

/** A row of a list of artifacts, as far as clients of this package read it. */
export interface Artifact {
  artifact_id: string;
  run_id: string | null;
  content_type: string;
  size_bytes: number;
  created_at: string;
  tags: Record<string, string>;
  filename?: string | null;
  title?: string | null;
  render_kind?: string | null;
}

export interface ArtifactPage {
  items: Artifact[];
  total: number;
}

/** Values too large for the ledger, and everything that was made or uploaded. */
export interface ArtifactCalls {
  ofRun(runId: string): Promise<ArtifactPage>;
  search(query: Record<string, string | number>): Promise<ArtifactPage>;
  content(runId: string, artifactId: string, signal?: AbortSignal): Promise<Blob>;
}

export function artifactCalls(send: Send): ArtifactCalls {
  return {
    ofRun: async (runId) => readPlainJson(await send(`${runPath(runId)}/artifacts`)),
    search: async (query) => readPlainJson(await send(`${base}/artifacts/search`, { query })),
    content: async (runId, artifactId, signal) => {
      const path = `${runPath(runId)}/artifacts/${encodeURIComponent(artifactId)}/content`;
      return (await send(path, { stream: true, ...(signal ? { signal } : {}) })).blob();
    },
  };
}
