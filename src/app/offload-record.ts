import { offloadLarge } from "#artifacts/offload.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import type { Clock } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import type { OffloadRecord } from "#runner/commit.ts";

/** Moves the large leaves of a record's effect payload and result into artifacts of its run. */
export function createOffloadRecord(options: { blobs: BlobStore; now: Clock; maxInlineBytes: number }): OffloadRecord {
  return async (record, runtimeId) => {
    const shared = { ...options, runId: record.run_id, runtimeId, keepRoot: true };
    const tags = { kind: "ledger", node_id: record.node_id };
    const result = await offloadLarge(record.result, { ...shared, tags: { ...tags, path: "result" } });
    if (!record.effect) return { record: { ...record, result: result.value }, artifacts: result.artifacts };
    const payload = await offloadLarge(record.effect.payload, { ...shared, tags: { ...tags, path: "effect.payload" } });
    const effect = { ...record.effect, payload: payload.value as JsonObject };
    return {
      record: { ...record, effect, result: result.value },
      artifacts: [...payload.artifacts, ...result.artifacts],
    };
  };
}
