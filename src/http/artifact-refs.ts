import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

interface ArtifactRef {
  artifactId: string;
  runId: string | null;
}

/** Every artifact that an input refers to must exist and be visible to its session (contract 1.3.1, 1.9). */
export async function assertArtifactRefs(
  ledger: ScopedLedger,
  input: JsonObject,
  sessionId: string | null,
): Promise<void> {
  const refs = new Map<string, ArtifactRef>();
  collectRefs(input, refs);
  for (const ref of refs.values()) await assertVisible(ledger, ref, sessionId);
}

function collectRefs(value: Value, refs: Map<string, ArtifactRef>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectRefs(item, refs);
    return;
  }
  if (!isObject(value)) return;
  const id = value["$artifact"] ?? value["artifact_id"];
  if (typeof id === "string" && id !== "") {
    const runId = typeof value["run_id"] === "string" && value["run_id"] !== "" ? value["run_id"] : null;
    refs.set(`${id}\u0000${runId ?? ""}`, { artifactId: id, runId });
  }
  for (const item of Object.values(value)) collectRefs(item, refs);
}

async function assertVisible(ledger: ScopedLedger, ref: ArtifactRef, sessionId: string | null): Promise<void> {
  const row = await artifactOrNotFound(ledger, ref.artifactId);
  if (ref.runId !== null) {
    if (row.run_id === ref.runId) return;
    throw new AppError("invalid_request", `Artifact '${ref.artifactId}' does not belong to run '${ref.runId}'`);
  }
  if (sessionId === null) {
    throw new AppError(
      "invalid_request",
      `Artifact '${ref.artifactId}' needs a session_id, or a run_id in its reference`,
    );
  }
  if (!isOfSession(row, sessionId) && !(await isOfRunIn(ledger, row, sessionId)))
    throw artifactNotFound(ref.artifactId);
}

async function isOfRunIn(ledger: ScopedLedger, row: ArtifactRow, sessionId: string): Promise<boolean> {
  return row.run_id !== null && (await ledger.getRun(row.run_id))?.session_id === sessionId;
}

export function isOfSession(row: ArtifactRow, sessionId: string): boolean {
  return row.run_id === sessionMemoryRunId(sessionId) || row.tags["session_id"] === sessionId;
}

export async function artifactOrNotFound(ledger: ScopedLedger, artifactId: string): Promise<ArtifactRow> {
  if (!/^[a-zA-Z0-9_-]{1,200}$/.test(artifactId)) {
    throw new AppError("invalid_request", `Invalid artifact id: ${artifactId.slice(0, 200)}`);
  }
  const row = await ledger.getArtifact(artifactId);
  if (!row) throw artifactNotFound(artifactId);
  return row;
}

export function artifactNotFound(artifactId: string): AppError {
  return new AppError("not_found", `Artifact '${artifactId}' not found`);
}
