import type { ErrorCode } from "#core/errors.ts";
import type { ArtifactReads, Lease, Notice, StartKey } from "#ledger/ledger.ts";
import type { Applied } from "#ledger/sqlite/batch-apply.ts";
import type { Cell } from "#ledger/sqlite/run-row.ts";

/** First message to the writer thread. */
export interface WriterOptions {
  path: string;
  /** Size above which the file may not grow, or null. */
  maxBytes: number | null;
  /** Id under which this process notes its commits for other processes on the file, or null when it is alone. */
  origin: string | null;
}

/** A rare job, carried as JSON text. A batch is carried as cells. */
export type Task =
  | { do: "take_lease"; name: string; owner: string; leaseMs: number; nowMs: number }
  | { do: "renew_lease"; lease: Lease; leaseMs: number; nowMs: number }
  | { do: "release_lease"; lease: Lease }
  | { do: "delete_runs"; runIds: string[] }
  | { do: "compact_states"; runId: string; headSeq: number; snapshot: string }
  | { do: "delete_artifacts"; artifactIds: string[] }
  | { do: "add_access"; reads: ArtifactReads[] };

export type TaskResult = Lease | null | Deleted | number;

export interface Deleted {
  runs: number;
  ledger_records: number;
  commands: number;
  artifacts: number;
}

/** Message to the writer: any number of `length, id, kind, payload…`, or `"close"`. */
export type WriterMessage = Cell[] | WriterOptions | "close";
export const batchKind = 0;
export const taskKind = 1;

/** Answer of one job by its id. `null` is a batch that did what it asked for and no more. */
export type Answer =
  | null
  | { refused: { code: ErrorCode; message: string; retryable?: boolean } }
  | { duplicate: StartKey }
  | { applied: Applied }
  | { result: TaskResult };

export type WriterReply =
  | { ready: true }
  | { failed: { code: ErrorCode; message: string } }
  | { closed: true }
  /** Flat pairs of job id and answer as JSON text (null for null). */
  | Cell[];

/** What a commit tells other processes: a notice whose records are named by their range. */
export type Change = Omit<Notice, "updates"> & {
  updates: {
    run_id: string;
    from: number;
    head_seq: number;
    status: Notice["updates"][number]["status"];
    wakeAtMs: number | null;
  }[];
};
