import type { NewCommand } from "#core/command.ts";
import type { JsonObject } from "#core/value.ts";
import type { ForkedFrom, Run } from "#core/run.ts";
import type { Plan } from "#engine/plan.ts";

/** Starts runs: commits their row and first vars. Works in an API process too; the runner process picks them up. `runner/start.ts`. */
export interface StartRequest {
  /** Which flow of which bundle; `plan` is its compiled form. */
  target: { workflowId: string; bundleDigest: string | null; plan: Plan };
  inputData: JsonObject;
  /** Whose run it is. */
  runtimeId: string;
  sessionId: string | null;
  actorId: string;
  thinking: boolean | string | null;
  lifecycle: JsonObject | null;
  workspaceRoot?: string | null;
  /** `traceparent` of the request: the trace that the run belongs to. */
  traceparent?: string | null;
  /** Of the run of a schedule: what it carries out (contract http-api 5.4). */
  schedule?: JsonObject | null;
  /** The run that it is a child of. */
  parent?: { run_id: string; root_run_id: string };
  /** Idempotency of the request: same key and same body give the same run. */
  idempotency: { key: string; principal: string; bodyHash: string } | null;
}

/** Starts a run durably; the id is valid when the promise resolves. AppError `unprocessable` when an idempotency key comes with another body. */
export type StartRun = (request: StartRequest) => Promise<{ run_id: string; duplicate: boolean }>;

/** A new run that goes on from another one's state. `runner/fork.ts`. */
export interface ForkRequest {
  parent: Run;
  /** Cursor in the parent's ledger; null for where it stands now. */
  at: number | null;
  /** Put over the vars. */
  input: JsonObject;
  /** Null: the parent's. */
  sessionId: string | null;
  /** Another version of the parent's flow, or null for the parent's own. */
  target: StartRequest["target"] | null;
  idempotency: StartRequest["idempotency"];
}

/**
 * Forks a run durably, without copying its history. AppErrors: `conflict` (nothing is left to do there, the other version lacks the node,
 * the state is no longer kept), `unprocessable` (no such cursor; key reused with another body).
 */
export type ForkRun = (
  request: ForkRequest,
) => Promise<{ run_id: string; forked_from: ForkedFrom; duplicate: boolean }>;

/** Appends a command to the durable inbox. `seq` of the first one when the id is known. */
export type SubmitCommand = (command: NewCommand) => Promise<{ accepted: boolean; duplicate: boolean; seq: number }>;

/** The part that advances runs. One per data directory: it holds the runner lease. */
export interface Runner {
  start(): Promise<void>;
  /** No new work; effects in flight get `graceMs`; everything committed. */
  stop(): Promise<void>;
  status(): RunnerStatus;
  /** Live pieces of model text of a run, not durable. Returns unsubscribe. */
  onDelta(runId: string, listener: (delta: Delta) => void): () => void;
}

export interface RunnerStatus {
  state: "stopped" | "standby" | "running" | "draining";
  epoch: number | null;
  activeRuns: number;
  /** Runs that have something to do and wait for their turn. */
  queuedRuns: number;
  effectsInFlight: number;
}

export interface Delta {
  run_id: string;
  node_id: string;
  step_id: string;
  text: string;
  /** The text is all that the step has said so far: the first thing that a late listener hears. */
  whole?: true;
}
