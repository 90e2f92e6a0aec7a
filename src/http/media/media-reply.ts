import { AppError } from "#core/errors.ts";
import { progressEvent } from "#core/media.ts";
import type { Run } from "#core/run.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { MediaOperation } from "#http/media/media-operation.ts";

export interface MediaAnswer {
  operation: MediaOperation;
  runId: string;
  requestId: string;
}

/** What became of the child run. AppErrors `internal` and `too_large` where the contract answers with an HTTP error. */
export function mediaReply(answer: MediaAnswer, child: Run): JsonObject {
  const { operation, runId, requestId } = answer;
  if (child.status === "failed") return failed(answer, { childId: child.run_id, error: reasonOf(child) });
  const result = isObject(child.output) && isObject(child.output["result"]) ? child.output["result"] : null;
  if (child.status !== "completed" || result === null) {
    const reason = child.error ?? child.status;
    throw new AppError("internal", `${operation.words} child run did not complete successfully: ${reason}`);
  }
  const refs = refsIn(operation, result);
  const { artifactField } = operation;
  if (refs.length === 0) {
    if (operation.code === null) throw new AppError("internal", `${operation.words} made no artifact`);
    return refusalReply(answer, {
      code: `${operation.code}_no_artifact`,
      error: "No artifact was produced",
      childId: child.run_id,
    });
  }
  const text = isObject(result["text"]) ? { text: result["text"]["content"] ?? "" } : {};
  return {
    ok: true,
    ...(operation.code === null ? {} : { supported: true }),
    run_id: runId,
    request_id: requestId,
    child_run_id: child.run_id,
    ...text,
    [artifactField]: refs[0] ?? null,
    ...listFields(operation, refs),
    ...(operation.code === null ? {} : { code: null, error: null }),
  };
}

/** A run's error names the node that failed, and how often it was tried; here there is but one. */
function reasonOf({ error }: Run): string {
  const text = error ?? "without a reason";
  return /^Effect failed after \d+ attempts: (.*) \(node 'generate'\)$/s.exec(text)?.[1] ?? text;
}

function failed(answer: MediaAnswer, { childId, error }: { childId: string; error: string }): JsonObject {
  const { operation } = answer;
  if (operation.code === null)
    throw new AppError("internal", `${operation.words} failed: ${error}`, { fields: { child_run_id: childId } });
  if (error.startsWith("Image too large"))
    throw new AppError("too_large", error, { fields: { child_run_id: childId } });
  return refusalReply(answer, { code: `${operation.code}_error`, error, childId });
}

/** `ok: false` with status 200, as clients of these routes expect it. */
export function refusalReply(
  { operation, runId, requestId }: MediaAnswer,
  { code, error, childId = null }: { code: string; error: string; childId?: string | null },
): JsonObject {
  return {
    ok: false,
    supported: false,
    run_id: runId,
    request_id: requestId,
    child_run_id: childId,
    [operation.artifactField]: null,
    ...listFields(operation, []),
    ...(operation.hasList ? { event_name: null } : {}),
    code,
    error,
  };
}

function listFields({ hasList, artifactField }: MediaOperation, refs: JsonObject[]): JsonObject {
  return hasList ? { [`${artifactField}s`]: refs, event_name: progressEvent } : {};
}

function refsIn({ task }: MediaOperation, result: JsonObject): JsonObject[] {
  const outputs = isObject(result["outputs"]) ? Object.values(result["outputs"]) : [];
  const items = outputs.flatMap((each) => (Array.isArray(each) ? each : [])).filter(isObject);
  return items.map(({ artifact_id, content_type, filename, size_bytes, sha256 }) => ({
    $artifact: artifact_id ?? null,
    content_type: content_type ?? null,
    filename: filename ?? null,
    size_bytes: size_bytes ?? null,
    ...(task.endsWith("video") ? {} : { sha256: sha256 ?? null }),
  }));
}
