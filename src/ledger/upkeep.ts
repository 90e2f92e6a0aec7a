import type { ArtifactRow } from "#ledger/ledger.ts";

/** The part of the ledger that keeps it from growing for ever. Whoever calls it decides what may go; see `retention/`. */
export interface Upkeep {
  /** Runs that ended and were last changed before a time (ISO), oldest first, in pages. */
  endedRuns(query: { before: string; after: EndedCursor | null; limit: number }): Promise<EndedPage>;
  /** What these runs take in the store. Unknown ids count nothing. */
  measureRuns(runIds: string[]): Promise<MeasuredRuns>;
  /**
   * Makes the last state of an ended run its only one beside the first (what it was started with). `readState` of a record in between answers
   * null from then on. Answers the bytes that went; null when the run has not ended, stands elsewhere, or has nothing in between.
   */
  compactStates(runId: string, last: { headSeq: number; snapshot: string }): Promise<number | null>;
  /**
   * Which of these ids (32 to 64 hex digits) stand in the records, states, rows, mail, waiting commands or artifacts of runs other than
   * `except`. Reads the whole ledger, a part at a time, so that others get their turn; throws the signal's reason when that aborts.
   */
  mentioned(
    ids: ReadonlySet<string>,
    options?: { except?: ReadonlySet<string>; signal?: AbortSignal | undefined },
  ): Promise<Set<string>>;
  /** Artifacts made before a time whose run is not there (or that never had one), by id. */
  looseArtifacts(query: { before: string; after: string | null; limit: number }): Promise<ArtifactRow[]>;
  /** Answers how many there were. */
  deleteArtifacts(artifactIds: string[]): Promise<number>;
  /** Those of the blobs that no artifact names. */
  unnamedBlobs(blobIds: string[]): Promise<string[]>;
}

/** Opaque to callers. */
export interface EndedCursor {
  updatedAt: string;
  no: number;
}

export interface EndedPage {
  items: EndedRun[];
  next: EndedCursor | null;
}

export interface EndedRun {
  run_id: string;
  parent_run_id: string | null;
  root_run_id: string;
  session_id: string | null;
  updated_at: string;
  is_draft: boolean;
  /** States beside the first one. */
  states: number;
}

export interface MeasuredRuns {
  runs: number;
  ledger_records: number;
  commands: number;
  artifacts: number;
  /** Of records and states. */
  bytes: number;
  /** Of states alone. */
  state_bytes: number;
  /** Of the artifacts' content. */
  artifact_bytes: number;
}
