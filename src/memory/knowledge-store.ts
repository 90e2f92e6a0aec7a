import type { Assertion, AssertionScope } from "#core/assertion.ts";

/**
 * A projection of the memory log that answers queries. Every back end passes `tests/memory/conformance.ts`. A store is made for one space
 * of vectors, or none; another model for embeddings is another store, made again from the log.
 */
export interface KnowledgeStore {
  readonly backend: "lancedb" | "sqlite" | "memory";
  /** Where it lies; null for a store that is gone with the process. */
  readonly path: string | null;
  /** Length of its vectors; null when it has none. */
  readonly dimensions: number | null;
  /** Number of the last entry of the memory log that was applied. */
  position(): Promise<number>;
  /** Applies changes in order and moves the position. Interrupted, it may be called again with the same changes. */
  apply(changes: Change[], position: number): Promise<void>;
  /** By `observed_at`, then by the order in which they were written; `limit` 0: all. */
  select(filter: AssertionFilter, page: { limit: number; order: "asc" | "desc" }): Promise<StoredAssertion[]>;
  /** Best first; `score` is the cosine. Assertions without a vector are not found. */
  nearest(vector: Float32Array, filter: AssertionFilter, options: NearestOptions): Promise<Scored[]>;
  /** Those whose text has at least one of the words, newest or best first, for ranking by the caller. */
  search(words: string[], filter: AssertionFilter, limit: number): Promise<StoredAssertion[]>;
  /** Assertions that were added without a vector, oldest first. */
  withoutVector(limit: number): Promise<StoredAssertion[]>;
  setVectors(vectors: { no: number; vector: Float32Array }[]): Promise<void>;
  counts(): Promise<{ assertions: number; withoutVector: number }>;
  /** Builds indexes and folds small pieces together, beside its readers. */
  tidy(): Promise<void>;
  /** Removes everything: the store begins at position 0. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface StoredAssertion extends Assertion {
  /** Place in the order in which assertions were written; unique. */
  no: number;
  runtime_id: string;
  /** When somebody said that it no longer holds. */
  invalidated_at: string | null;
  /** When the run that wrote it was undone. */
  retracted_at: string | null;
}

export type Change =
  | { kind: "add"; rows: NewRow[] }
  | { kind: "invalidate"; runtimeId: string; ids: string[]; validUntil: string; at: string }
  | { kind: "retract"; runtimeId: string; runId: string; at: string };

export interface NewRow {
  assertion: StoredAssertion;
  /** What is embedded and searched. */
  text: string;
  vector: Float32Array | null;
}

export interface AssertionFilter {
  runtimeId: string;
  /** Whose; an owner of null is everybody in that scope. Null: every scope and owner. */
  owners: { scope: AssertionScope; owner_id: string | null }[] | null;
  /** Canonical terms. */
  subject?: string | undefined;
  /** One of these subjects. */
  subjects?: string[] | undefined;
  predicate?: string | undefined;
  /** Lower case. */
  object?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  /** What held at that time; without it, everything but what was invalidated. */
  activeAt?: string | undefined;
  writerRunId?: string | undefined;
  ids?: string[] | undefined;
  /** Also what was invalidated, whatever the time. */
  withInvalidated?: boolean | undefined;
  /** Also what was undone. */
  withRetracted?: boolean | undefined;
}

export interface NearestOptions {
  limit: number;
  /** Smallest cosine; the limit counts what passes. */
  minScore: number | null;
}

export interface Scored {
  assertion: StoredAssertion;
  score: number;
}

/** Writers per log entry: `no` of an assertion is the entry's number and its place in the entry. */
export const rowsPerEntry = 2 ** 20;
