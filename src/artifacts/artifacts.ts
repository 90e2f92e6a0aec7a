import { rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { type ArtifactOwner, isSameOwner, ownerHasher } from "#artifacts/artifact-owner.ts";
import { type BlobStore, type StoredBlob, chunksOf } from "#artifacts/blob-store.ts";
import { type ReceivedFile, receive, removeAbandoned } from "#artifacts/incoming-file.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { modalityOf } from "#ledger/artifact-kinds.ts";
import type { ArtifactRow, Ledger } from "#ledger/ledger.ts";

/** Makes artifacts out of bytes that come in. Their content is durable before their row is. */
export interface Artifacts {
  /** Receives a whole source. */
  receive(
    source: AsyncIterable<Uint8Array>,
    options: { maxBytes: number; owner: ArtifactOwner | null },
  ): Promise<ReceivedFile>;
  /** Stores the content and answers the row, which the caller has to commit. The received file is gone afterwards. */
  keep(file: ReceivedFile, facts: ArtifactFacts): Promise<ArtifactRow>;
  /** The row for content that is stored already: nothing is copied. */
  keepBlob(blobId: string, blob: StoredBlob, facts: ArtifactFacts): Promise<ArtifactRow>;
  /** Removes files that a killed gateway left half received. */
  clean(): Promise<void>;
  /** Commits a row; the same content in the same run keeps the time of its first. */
  commit(row: ArtifactRow): Promise<ArtifactRow>;
}

export interface ArtifactFacts {
  owner: ArtifactOwner;
  contentType: string;
  tags: Record<string, string>;
  metadata?: JsonObject;
}

export interface ArtifactsOptions {
  ledger: Ledger;
  blobs: BlobStore;
  /** Where unfinished files lie. */
  folder: string;
  now: Clock;
}

/** Nobody sends nothing for so long: the server closes the connection much earlier. */
const abandonedMs = 3600 * 1000;

export function createArtifacts({ ledger, blobs, folder, now }: ArtifactsOptions): Artifacts {
  const rowOf = (ids: Pick<ArtifactRow, "artifact_id" | "blob_id" | "size_bytes">, facts: ArtifactFacts) => ({
    ...ids,
    run_id: facts.owner.runId,
    runtime_id: facts.owner.runtimeId,
    content_type: facts.contentType,
    created_at: isoTime(now()),
    tags: { ...facts.tags, sha256: ids.blob_id, modality: facts.tags["modality"] ?? modalityOf(facts.contentType) },
    metadata: facts.metadata ?? {},
  });
  return {
    receive: (source, options) => receive(source, { folder, ...options }),
    clean: () => removeAbandoned(folder, now() - abandonedMs),
    async keep(file, facts) {
      try {
        const owned = file.owned && isSameOwner(file.owned.owner, facts.owner) ? file.owned : null;
        const hash = owned ? owned.sha256 : await hashFor(facts.owner, readFile(file.path));
        await blobs.adopt(file.path, file.sha256);
        return rowOf({ artifact_id: hash.slice(0, 32), blob_id: file.sha256, size_bytes: file.sizeBytes }, facts);
      } catch (error) {
        await rm(file.path, { force: true });
        throw error;
      }
    },
    async keepBlob(blobId, blob, facts) {
      const hash = await hashFor(facts.owner, chunksOf(blob));
      return rowOf({ artifact_id: hash.slice(0, 32), blob_id: blobId, size_bytes: blob.size }, facts);
    },
    async commit(row) {
      const known = await ledger.getArtifact(row.artifact_id, row.runtime_id);
      const kept = known ? { ...row, created_at: known.created_at } : row;
      await ledger.commit({ artifacts: [kept] });
      return kept;
    },
  };
}

async function hashFor(owner: ArtifactOwner, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = ownerHasher(owner);
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

function readFile(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
}
