import type { Attachments } from "#artifacts/attachments.ts";
import type { Artifacts } from "#artifacts/artifacts.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import { AppError } from "#core/errors.ts";
import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { Documents } from "#documents/documents.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import type { OpenWorkspace } from "#tools/create-workspace.ts";
import type { Workspace } from "#tools/workspace.ts";

export interface FileDependencies {
  openWorkspace: OpenWorkspace;
  artifacts: Artifacts;
  attachments: Attachments;
  blobs: BlobStore;
  documents: Documents;
  /** Largest file that becomes an artifact. */
  maxArtifactBytes: number;
}

/** One operation on a file, for one run. */
export interface FileCall {
  deps: FileDependencies;
  input: JsonObject;
  workspace: Workspace;
  run: EffectContext["run"];
  nodeId: string;
  signal: AbortSignal;
}

/** What an operation gives, and the artifacts that become durable with it. AppErrors and their words are the node's own failure. */
export interface FileResult {
  result: JsonObject;
  artifacts?: ArtifactRow[];
}

export type FileOperation = (call: FileCall) => Promise<FileResult>;

/** Larger documents are not read. */
export const maxDocumentBytes = 256 * 1024 * 1024;

export function pathIn(input: JsonObject, ...names: string[]): string {
  for (const name of names) {
    const value = input[name];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  throw new AppError("invalid_request", `'${names[0] ?? "path"}' is missing`);
}

export function textIn(input: JsonObject, name: string): string {
  const value = input[name];
  return value === undefined || value === null ? "" : pyStr(value);
}

/** A whole number, or the preset when nothing is given. AppError `invalid_request` for anything else. */
export function countIn(
  input: JsonObject,
  name: string,
  { preset, min, max }: { preset: number; min: number; max: number },
) {
  const value = input[name];
  if (value === undefined || value === null || value === "") return preset;
  const number = typeof value === "string" ? Number(value) : numberOf(value);
  if (number === null || !Number.isInteger(number) || number < min || number > max) {
    throw new AppError("invalid_request", `'${name}' must be a whole number from ${min} to ${max}`);
  }
  return number;
}

/** The id in a reference to an artifact, or the id alone. */
export function artifactIdIn(value: Value | undefined): string {
  const id = isObject(value) ? (value["$artifact"] ?? value["artifact_id"]) : value;
  if (typeof id === "string" && id.trim() !== "") return id.trim();
  throw new AppError("invalid_request", "'artifact' names no artifact");
}
