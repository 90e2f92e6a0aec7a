import { artifactNotFound, artifactOrNotFound, isOfSession } from "#http/artifact-refs.ts";
import type { Services } from "#http/services.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

/** Artifact A is visible through run R when R made it, or when it belongs to R's session (contract 1.9). */
export async function visibleArtifact(services: Services, runId: string, artifactId: string): Promise<ArtifactRow> {
  const row = await artifactOrNotFound(services.ledger, artifactId);
  if (row.run_id === runId) return row;
  const sessionId = (await services.ledger.getRun(runId))?.session_id ?? null;
  if (sessionId === null || !isOfSession(row, sessionId)) throw artifactNotFound(artifactId);
  return row;
}
