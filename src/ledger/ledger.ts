import type { Command, CommandOutcome, NewCommand } from "#core/command.ts";
import type { Mail, NewMail } from "#core/mail.ts";
import type { LoggedMemoryEvent, MemoryEvent } from "#core/memory-event.ts";
import type { SealedRecord } from "#core/record.ts";
import type { Run, RunIdentity, RunProgress, RunStatus, Wait } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import type { Upkeep } from "#ledger/upkeep.ts";

/**
 * Durable state of all runs. Everything that happens is one `commit`; everything else is a read.
 * Every store passes `tests/ledger/conformance.ts`. Where a `runtimeId` is asked for, only rows of that runtime count; null is for whoever
 * may see those of all. What acts for one caller uses `scoped-ledger.ts`.
 */
export interface Ledger extends Upkeep {
  /**
   * Makes one batch durable (fsync) or refuses it whole. Batches of several callers share one transaction (group commit); a refused
   * batch does not touch its neighbours. Errors: AppError `conflict` (a run moved on, or another epoch owns it), `not_found`
   * (a run of `updates` or `mail` is unknown), `storage` (disk full, read-only, corrupt).
   */
  commit(batch: Batch): Promise<Committed>;

  /** Live notices of this process's commits (and, in split mode, of the other process's). Returns the unsubscribe function. */
  subscribe(listener: (notice: Notice) => void): () => void;
  /** Calls back when another process on the same store went, cleanly or not, where the store can tell. Answers the unsubscribe function. */
  onPeerGone?(listener: () => void): () => void;

  getRun(runId: string): Promise<Run | null>;
  listRuns(query: RunQuery): Promise<Run[]>;
  /** Sessions with root runs that are neither drafts nor internal, the last changed first. */
  listSessions(query: SessionQuery): Promise<SessionSummary[]>;
  /** Records after a cursor, as stored text; at most `limit` records and about `maxBytes`. */
  readRecords(runId: string, after: number, options: { limit: number; maxBytes?: number }): Promise<SealedRecord[]>;
  /** The last `limit` records, oldest first. */
  tailRecords(runId: string, limit: number): Promise<SealedRecord[]>;
  /**
   * Snapshot and deltas as of the last commit at `atSeq` or before (default: all). Null when the run is unknown, or when its states up to
   * there were compacted.
   */
  readState(runId: string, atSeq?: number): Promise<StoredState | null>;
  /** The vars a run was started with, JSON text. */
  readInput(runId: string): Promise<string | null>;

  children(runId: string): Promise<string[]>;
  /** Breadth-first, the run itself excluded. */
  descendants(runId: string, limit: number): Promise<string[]>;
  /** Unconsumed mail of a run in commit order. */
  readMail(runId: string, limit: number): Promise<Mail[]>;
  /** Ids of runs that somebody must look at: running and not paused, or with mail. Ordered by internal number, for paging. */
  pendingRuns(after: PendingCursor | null, limit: number): Promise<{ runIds: string[]; next: PendingCursor | null }>;
  /** Waiting, unpaused runs whose `until` has come, earliest first. */
  dueRuns(nowMs: number, limit: number): Promise<string[]>;
  /** Time in ms of the earliest timer, or null. */
  nextWake(): Promise<number | null>;
  /** Runs that wait on one of these keys or listen on them for good, and are neither paused nor terminal. */
  listeners(
    keys: string[],
    options: { runtimeId: string | null; limit: number },
  ): Promise<{ run_id: string; key: string }[]>;

  /** The start that came with this key, or null. */
  getStartKey(key: string, principal: string): Promise<StartKey | null>;
  getCommand(commandId: string, principal?: string): Promise<Command | null>;
  /** Accepted emit_event commands that were not applied yet, in order. */
  pendingEmits(limit: number): Promise<Command[]>;

  getArtifact(artifactId: string, runtimeId: string | null): Promise<ArtifactRow | null>;
  listArtifacts(
    runId: string,
    options: { runtimeId: string | null; limit: number; offset: number },
  ): Promise<{ items: ArtifactRow[]; total: number }>;
  /** Artifacts by filters, with where they come from and how often they were read. Indexed: the bytes of rows are not searched. */
  searchArtifacts(query: ArtifactQuery): Promise<ArtifactPage>;
  /** Number, size and values of everything that the filter leaves. */
  artifactStats(filter: ArtifactFilter): Promise<ArtifactStats>;
  /** Adds to the access counters of artifacts that are there. Nobody has to wait for it. */
  addArtifactAccess(reads: ArtifactReads[]): Promise<void>;

  /** Entries of the memory log after a number, oldest first. They outlive the runs that wrote them. */
  readMemory(after: number, limit: number): Promise<LoggedMemoryEvent[]>;
  /** Number of the newest entry of the memory log; 0 when it is empty. */
  memoryHead(): Promise<number>;

  /** Takes the runner lease when it is free, expired or already ours. The epoch grows with each new owner. Null when another holds it. */
  takeLease(name: string, owner: string, leaseMs: number): Promise<Lease | null>;
  /** Null when the lease was lost. */
  renewLease(lease: Lease, leaseMs: number): Promise<Lease | null>;
  releaseLease(lease: Lease): Promise<void>;

  /** Removes runs with records, states, mail and artifact rows. Answers what went. */
  deleteRuns(runIds: string[]): Promise<{ runs: number; ledger_records: number; commands: number; artifacts: number }>;
  /** Walks hash chains, sequence gaps, heads and states. One problem per finding; none means sound. */
  verify(options: { runId?: string; onProgress?: (runs: number, records: number) => void }): AsyncIterable<Problem>;
  /** Runs that have not ended. A paused run counts as paused only. */
  liveCounts(runtimeId: string | null): Promise<{ running: number; waiting: number; paused: number }>;
  counts(): Promise<{ runs: number; records: number; byStatus: Record<RunStatus, number> }>;
  /** What the store takes on the disk; `log_bytes` is the part that a checkpoint will bring into the rest. */
  size(): Promise<{ bytes: number; log_bytes: number }>;
  /** Flushes and closes. Further calls fail with `storage`. */
  close(): Promise<void>;
}

export interface Batch {
  /** New runs, with the records of their birth (normally none) and their first vars. */
  starts?: NewRun[];
  updates?: RunUpdate[];
  mail?: NewMail[];
  commands?: NewCommand[];
  /** Outcomes of commands, by `seq`. */
  outcomes?: { seq: number; outcome: CommandOutcome; applied_at: string }[];
  artifacts?: ArtifactRow[];
  /** Entries of the memory log. */
  memory?: MemoryEvent[];
  /** Idempotency of a start: with a key that is known, nothing of the batch is written and `Committed.duplicate` tells the first one. */
  startKey?: StartKey;
}

export interface StartKey {
  key: string;
  principal: string;
  /** SHA-256 of the request body. */
  body_hash: string;
  run_id: string;
}

export interface NewRun {
  run: RunIdentity & RunProgress;
  /** JSON text of the first vars: the snapshot at seq 0. */
  vars: string;
}

/** One run's next step. All or nothing, and only when `head_seq` is still the stored one and `epoch` is not older. */
export interface RunUpdate {
  run_id: string;
  head_seq: number;
  epoch: number;
  progress: RunProgress;
  records: SealedRecord[];
  /** JSON text of `Op[]`, or null when the vars did not change. */
  delta: string | null;
  /** JSON text of the whole vars as of the end of this update, when a snapshot is due. */
  snapshot: string | null;
  /** Ids of the mail that this update consumed. */
  consumed: number[];
  /** Event keys that this run listens on until it ends (repeated keys are fine). */
  listens: string[];
  /**
   * Records about a run that has ended, such as a summary of it: the chain goes on, and nothing else of the run changes, whatever the other
   * fields say. AppError `conflict` for a run that has not ended.
   */
  isNote?: true;
}

export interface Committed {
  /** One entry per command of the batch, in order. */
  commands: { command_id: string; seq: number; duplicate: boolean }[];
  /** Set when `startKey` was known: the batch wrote nothing. */
  duplicate: StartKey | null;
}

/** What a commit did, for those who wait: sent only after it is durable. */
export interface Notice {
  started: string[];
  updates: { run_id: string; status: RunStatus; records: SealedRecord[]; head_seq: number; wakeAtMs: number | null }[];
  /** Runs that got mail. */
  mail: string[];
  /** Newly accepted emit_event commands are waiting. */
  emits: boolean;
  /** The memory log grew. */
  memory: boolean;
}

export interface StoredState {
  /** Head at which this state stands. */
  seq: number;
  snapshot: string;
  /** JSON texts of `Op[]`, oldest first. */
  deltas: string[];
  /** Null where the store of an earlier version did not keep it. */
  position: Position | null;
}

/** Where a run stood after a commit, as its row said. */
export interface Position {
  node_id: string;
  wait: Wait | null;
}

export interface RunQuery {
  /** Null: of all runtimes. */
  runtimeId: string | null;
  limit: number;
  status?: RunStatus;
  workflowId?: string;
  sessionId?: string;
  rootOnly?: boolean;
  /** Only the runs of schedules. */
  scheduled?: boolean;
  parentRunId?: string;
  includeDrafts?: boolean;
  /** Workflows named `__*` are left out unless `workflowId` is given. */
  includeInternal?: boolean;
}

export interface SessionQuery {
  /** Null: of all runtimes. */
  runtimeId: string | null;
  limit: number;
  /** Only sessions that were last changed before, ISO time. */
  before: string | null;
  /** Also those that consist of one run which nobody gave a session. */
  includeUnnamed: boolean;
}

export interface SessionSummary {
  session_id: string;
  /** Root runs. */
  runs: number;
  /** Those that have not ended. */
  live: number;
  created_at: string;
  updated_at: string;
}

/** Opaque to callers. */
export type PendingCursor = { no: number };

export interface Lease {
  name: string;
  owner: string;
  epoch: number;
  untilMs: number;
}

export interface ArtifactRow {
  artifact_id: string;
  /** SHA-256 of the bytes. */
  blob_id: string;
  run_id: string | null;
  /** Whose it is, also where it belongs to no run. */
  runtime_id: string;
  content_type: string;
  size_bytes: number;
  created_at: string;
  tags: Record<string, string>;
  metadata: JsonObject;
}

/** All given fields must fit. */
export interface ArtifactFilter {
  artifactId?: string;
  runId?: string;
  /** Those tagged with the session, and those of its memory run. */
  session?: { sessionId: string; memoryRunId: string };
  runtimeId?: string;
  blobId?: string;
  modality?: string;
  /** One of these is the semantic kind, the render kind or the modality. */
  kinds?: string[];
  semanticKind?: string;
  renderKind?: string;
  workflowId?: string;
  nodeId?: string;
  /** Exact, or `image/*`. */
  contentType?: string;
  /** Part of a name, tag or metadata, whatever its letters' case. */
  text?: string;
  tags?: Record<string, string>;
  /** Compared as text, both included. */
  createdAfter?: string;
  createdBefore?: string;
}

export const artifactOrders = [
  "created_at",
  "size_bytes",
  "last_accessed_at",
  "semantic_kind",
  "render_kind",
  "workflow",
  "run",
  "turn",
] as const;
export type ArtifactOrder = (typeof artifactOrders)[number];

export interface ArtifactQuery {
  filter: ArtifactFilter;
  orderBy: ArtifactOrder;
  descending: boolean;
  limit: number;
  offset: number;
  /** Only for the order by creation: what comes after this one. */
  after?: { createdAt: string; artifactId: string };
}

export interface FoundArtifact {
  row: ArtifactRow;
  /** Of the run that made it; null when it is gone. */
  origin: Pick<RunIdentity, "workflow_id" | "session_id" | "parent_run_id" | "actor_id"> | null;
  access: ArtifactAccess;
}

export interface ArtifactAccess {
  metadata_access_count: number;
  content_access_count: number;
  preview_count: number;
  download_count: number;
  last_accessed_at: string | null;
}

/** Reads of one artifact since they were last noted. */
export interface ArtifactReads extends ArtifactAccess {
  artifact_id: string;
  last_accessed_at: string;
}

export interface ArtifactPage {
  items: FoundArtifact[];
  /** Of all pages. */
  total: number;
}

export const artifactFacets = [
  "semantic_kind",
  "render_kind",
  "modality",
  "content_type",
  "workflow_id",
  "node_id",
  "run_id",
] as const;

export interface ArtifactStats {
  total: number;
  total_bytes: number;
  /** Number of artifacts by value, most frequent first; at most 1,000 values of each. */
  facets: Record<(typeof artifactFacets)[number], Record<string, number>>;
}

export interface Problem {
  run_id: string;
  seq: number | null;
  message: string;
}
