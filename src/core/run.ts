import type { JsonObject, Value } from "#core/value.ts";

export const runStatuses = ["running", "waiting", "completed", "failed", "cancelled"] as const;
export type RunStatus = (typeof runStatuses)[number];
export type TerminalStatus = "completed" | "failed" | "cancelled";

/**
 * The legal moves of a run. The store checks the same table in SQL, README draws its state diagram from it.
 * `waiting` to `completed` is a wait without a next node that was resumed.
 */
export const legalMoves: Record<RunStatus, readonly RunStatus[]> = {
  running: ["running", "waiting", "completed", "failed", "cancelled"],
  waiting: ["waiting", "running", "completed", "failed", "cancelled"],
  completed: [],
  failed: [],
  cancelled: [],
};

export function isTerminal(status: RunStatus): status is TerminalStatus {
  return status === "completed" || status === "failed" || status === "cancelled";
}

export const waitReasons = ["user", "event", "until", "subworkflow", "job"] as const;
export type WaitReason = (typeof waitReasons)[number];

/** A durable pause of a run. Key order is the stored order (contract flow-runtime 3.5). */
export interface Wait {
  reason: WaitReason;
  wait_key: string | null;
  /** ISO time for `until` waits. */
  until: string | null;
  /** Node that runs next, or null when the wait is the last step. */
  resume_to_node: string | null;
  result_key: string | null;
  prompt: string | null;
  choices: Value[] | null;
  allow_free_text: boolean;
  details: JsonObject | null;
}

/** The wait that a paused running run shows outside. */
export function pauseWait(runId: string, nodeId: string): Wait {
  return {
    reason: "user",
    wait_key: pauseKey(runId),
    until: null,
    resume_to_node: nodeId,
    result_key: null,
    prompt: "Paused",
    choices: null,
    allow_free_text: false,
    details: { kind: "pause" },
  };
}

export function pauseKey(runId: string): string {
  return `pause:${runId}`;
}

/** Control flags of a run that was paused at least once. */
export interface PauseState {
  paused: boolean;
  pause_reason: string | null;
  paused_at: string | null;
  resumed_at: string | null;
}

/** Where a forked run began: the state of another run as of a cursor. That run may be gone meanwhile. */
export interface ForkedFrom {
  run_id: string;
  cursor: number;
  /** Hash of the record at the cursor, which proves what came before it; null at cursor 0. */
  record_hash: string | null;
}

/** What a run is from birth to death: written once. */
export interface RunIdentity {
  run_id: string;
  workflow_id: string;
  /** SHA-256 of the bundle that the run was started from: the run keeps its own version for ever. Null for built-in workflows. */
  bundle_digest: string | null;
  parent_run_id: string | null;
  root_run_id: string;
  session_id: string | null;
  actor_id: string | null;
  runtime_id: string;
  schedule_id: string | null;
  /** `run_lifecycle` of the start request, sanitised. */
  lifecycle: JsonObject | null;
  /** Null for a run that began at the beginning. */
  forked_from: ForkedFrom | null;
  created_at: string;
}

/** What changes while a run lives: rewritten by each of its commits. */
export interface RunProgress {
  status: RunStatus;
  node_id: string;
  /** The wait of a waiting run. A paused running run keeps status `waiting` with the pause wait. */
  wait: Wait | null;
  pause: PauseState | null;
  /** Output of a completed run. May be `{"$artifact": id}`. */
  output: Value;
  error: string | null;
  /** Token counters for the run summary, `_limits` of the vars. */
  limits: JsonObject | null;
  flow_warnings: string[] | null;
  /** What the run of a schedule runs and when; null for every other run. */
  schedule: JsonObject | null;
  updated_at: string;
  finished_at: string | null;
}

export interface Run extends RunIdentity, RunProgress {
  head_seq: number;
  head_hash: string | null;
  /** Fencing token: a commit with a smaller epoch than the stored one is refused. */
  epoch: number;
}
