import { ensureSessionMemory } from "#artifacts/session-memory.ts";
import { AppError } from "#core/errors.ts";
import { mediaWorkflowPrefix } from "#core/media.ts";
import type { Run } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import { chooseMaker } from "#effects/media/media-call.ts";
import { maxImageBytes } from "#effects/media/keep-media.ts";
import { mediaPlan } from "#engine/media/plan.ts";
import { idInRef } from "#http/media/media-operations.ts";
import type { MediaOperation, MediaSource } from "#http/media/media-operation.ts";
import { ownRuntime, runOrNotFound } from "#http/route-context.ts";
import { visibleArtifact } from "#http/visible-artifact.ts";
import type { Services } from "#http/services.ts";
import { mediaType } from "#ledger/artifact-kinds.ts";

export interface MediaStart {
  operation: MediaOperation;
  body: JsonObject;
  runId: string;
  requestId: string;
  /** Whether the client chose the id. */
  isNamed: boolean;
  principal: string;
  traceparent: string | null;
}

/** What was asked for, checked; `refusal` when nobody is there who could make it. */
export type PreparedMedia = { payload: JsonObject; parent: Run } | { refusal: AppError };

/**
 * Checks everything that the client can mend. AppErrors: `not_found` (run, artifact), `invalid_request` (no text, wrong kind of file),
 * `too_large` (image).
 */
export async function prepareMedia(services: Services, { operation, body, runId }: MediaStart): Promise<PreparedMedia> {
  const parent = await anchorRun(services, runId);
  const prompt = operation.promptOf(body);
  if (prompt === "" && !["stt", "image_upscale"].includes(operation.task)) {
    throw new AppError("invalid_request", operation.task === "tts" ? "text is required" : "prompt is required");
  }
  const output = operation.outputOf(body);
  const media: JsonObject[] = [];
  for (const source of operation.sources) {
    const id = idInRef(body[source.field]);
    if (id !== null) media.push(await sourceItem(services, parent, { source, id }));
    else if (source.role === "source") throw new AppError("invalid_request", `${source.field} names no artifact`);
  }
  try {
    chooseMaker(services.providers, operation.task, output);
  } catch (error) {
    if (error instanceof AppError) return { refusal: error };
    throw error;
  }
  return { parent, payload: { prompt, output, ...(media.length > 0 ? { media } : {}) } };
}

/** Starts the child run; a repeated request id answers the run that is there. AppError `unprocessable` for another request of that id. */
export async function startMedia(
  services: Services,
  { operation, body, runId, requestId, isNamed, principal, traceparent }: MediaStart,
  { payload, parent }: { payload: JsonObject; parent: Run },
): Promise<string> {
  const workflowId = mediaWorkflowPrefix + operation.task;
  const key = `media:${runId}:${operation.path}:${requestId}`;
  try {
    const { run_id } = await services.startRun({
      target: { workflowId, bundleDigest: null, plan: mediaPlan(workflowId) },
      inputData: { media_call: { payload, request_id: requestId } },
      sessionId: parent.session_id,
      actorId: parent.actor_id ?? "gateway",
      thinking: null,
      lifecycle: null,
      traceparent,
      parent: { run_id: parent.run_id, root_run_id: parent.root_run_id },
      idempotency: isNamed ? { key, principal, bodyHash: Bun.SHA256.hash(JSON.stringify(body), "hex") } : null,
    });
    return run_id;
  } catch (error) {
    if (!(error instanceof AppError && error.code === "unprocessable")) throw error;
    throw new AppError("unprocessable", `request_id '${requestId}' was used before with another request`);
  }
}

const memoryName = /^session_memory_(?!sha_)(.+)$/;

/** The run that the media belong to; that of a session comes to be when it is named. */
async function anchorRun(services: Services, runId: string): Promise<Run> {
  const sessionId = memoryName.exec(runId)?.[1];
  if (sessionId !== undefined && /^[a-zA-Z0-9_-]{1,200}$/.test(sessionId)) {
    const { ledger, now } = services;
    await ensureSessionMemory(ledger, { sessionId, runtimeId: ownRuntime(ledger), now });
  }
  return runOrNotFound(services, runId);
}

async function sourceItem(
  services: Services,
  parent: Run,
  { source, id }: { source: MediaSource; id: string },
): Promise<JsonObject> {
  const { field, family, role } = source;
  const row = await visibleArtifact(services, parent.run_id, id);
  const type = mediaType(row.content_type);
  if (type !== "application/octet-stream" && !type.startsWith(`${family}/`)) {
    throw new AppError(
      "invalid_request",
      `${field} must be ${family === "image" ? "an image" : "a recording"}, not ${type}`,
    );
  }
  if (family === "image" && row.size_bytes > maxImageBytes) {
    throw new AppError("too_large", `Image too large (${row.size_bytes} bytes > ${maxImageBytes} bytes)`);
  }
  return { $artifact: row.artifact_id, content_type: row.content_type, type: family, role };
}
