import type { BlobStore } from "#artifacts/blob-store.ts";
import { type ArtifactOwner, ownerHasher } from "#artifacts/artifact-owner.ts";
import { stringifyJson } from "#core/json.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { PyFloat, type Value, isObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

export interface OffloadOptions {
  /** A value whose text is longer becomes an artifact. 0 or less: never. */
  maxInlineBytes: number;
  runId: string;
  runtimeId: string;
  blobs: BlobStore;
  now: Clock;
  tags?: Record<string, string>;
  /** The value itself keeps its shape; only what is inside it is moved. */
  keepRoot?: boolean;
  /** Length of the value's JSON text in bytes, when the caller has it: a small one is not walked at all. */
  serializedBytes?: number;
}

export interface Offloaded {
  /** The same value, not a copy, when nothing was large. */
  value: Value;
  artifacts: ArtifactRow[];
}

/**
 * Moves large leaves into artifacts of the run and leaves `{"$artifact": id}` in their place (contract flow-runtime 3.14): depth first,
 * strings above the limit as text/plain, then any object or array that is still above it as application/json. Blobs are durable when
 * this returns; the rows have to be committed by the caller.
 */
export async function offloadLarge(value: Value, options: OffloadOptions): Promise<Offloaded> {
  const { maxInlineBytes, serializedBytes } = options;
  const isSmall = serializedBytes === undefined ? fits(value, maxInlineBytes) : serializedBytes <= maxInlineBytes;
  if (maxInlineBytes <= 0 || isSmall) return { value, artifacts: [] };
  const artifacts = new Map<string, ArtifactRow>();
  const moved = await move(value, [], { options, artifacts });
  return { value: moved, artifacts: [...artifacts.values()] };
}

/** The id under which the bytes of a run are known: the same bytes in the same run are one artifact. */
export function artifactId(owner: ArtifactOwner, bytes: Uint8Array): string {
  return ownerHasher(owner).update(bytes).digest("hex").slice(0, 32);
}

interface Moving {
  options: OffloadOptions;
  artifacts: Map<string, ArtifactRow>;
}

async function move(value: Value, path: string[], moving: Moving): Promise<Value> {
  const { maxInlineBytes, keepRoot } = moving.options;
  if (fits(value, maxInlineBytes)) return value;
  const isKept = keepRoot === true && path.length === 0;
  if (typeof value === "string") return isKept ? value : store(value, { kind: "text", path }, moving);
  const inner = await moveInside(value, path, moving);
  if (isKept || fits(inner, maxInlineBytes)) return inner;
  return store(stringifyJson(inner), { kind: "json", path }, moving);
}

async function moveInside(value: Value, path: string[], moving: Moving): Promise<Value> {
  if (Array.isArray(value)) {
    const items: Value[] = [];
    for (const [index, item] of value.entries()) items.push(await move(item, [...path, String(index)], moving));
    return items;
  }
  if (!isObject(value)) return value;
  const entries: [string, Value][] = [];
  for (const [key, item] of Object.entries(value)) entries.push([key, await move(item, [...path, key], moving)]);
  return Object.fromEntries<Value>(entries);
}

async function store(text: string, what: { kind: "text" | "json"; path: string[] }, moving: Moving): Promise<Value> {
  const { runId, runtimeId, blobs, now, tags } = moving.options;
  const bytes = new TextEncoder().encode(text);
  const id = artifactId({ runId, runtimeId }, bytes);
  const base = tags?.["path"];
  moving.artifacts.set(id, {
    artifact_id: id,
    blob_id: await blobs.put(bytes),
    run_id: runId,
    runtime_id: runtimeId,
    content_type: what.kind === "text" ? "text/plain" : "application/json",
    size_bytes: bytes.length,
    created_at: isoTime(now()),
    tags: { ...tags, source: "offload", kind: what.kind, path: [...(base ? [base] : []), ...what.path].join(".") },
    metadata: {},
  });
  return { $artifact: id };
}

/** Whether a string has, or the JSON text of any other value would have, at most `limit` bytes. Small values cost one walk, no text. */
function fits(value: Value, limit: number): boolean {
  if (typeof value === "string") return hasAtMost(value, limit);
  const least = leastLength(value, limit);
  if (least > limit) return false;
  // No UTF-16 unit takes more than the six characters of `\u0000`.
  return least * 6 <= limit || hasAtMost(stringifyJson(value), limit);
}

/** A lower bound of the length of a value's JSON text. Stops once it is above `limit`. */
function leastLength(value: Value, limit: number): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value === "number") return String(value).length;
  if (value instanceof PyFloat) return String(value.value).length;
  if (value === null || typeof value === "boolean") return 4;
  let length = 1;
  if (Array.isArray(value)) {
    for (const item of value) if ((length += 1 + leastLength(item, limit - length)) > limit) break;
    return Math.max(length, 2);
  }
  for (const [key, item] of Object.entries(value)) {
    if ((length += key.length + 4 + leastLength(item, limit - length)) > limit) break;
  }
  return Math.max(length, 2);
}

/** A UTF-16 unit takes one to three bytes, so most texts are decided by their length. */
function hasAtMost(text: string, limit: number): boolean {
  return text.length <= limit && (text.length * 3 <= limit || Buffer.byteLength(text) <= limit);
}
