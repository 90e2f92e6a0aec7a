import { Editor } from "#core/delta.ts";
import type { CommandOutcome } from "#core/command.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import type { Mail, NewMail } from "#core/mail.ts";
import type { NewId } from "#core/ids.ts";
import {
  type PauseState,
  type Run,
  type RunProgress,
  type RunStatus,
  isTerminal,
  pauseKey,
  pauseWait,
} from "#core/run.ts";
import { type Clock, isoTime, parseTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EngineOptions, Execution, PendingEffect } from "#engine/engine.ts";
import type { Plan } from "#engine/plan.ts";
import { scheduleSummary } from "#engine/schedule/summary.ts";
import type { ArtifactRow, NewRun } from "#ledger/ledger.ts";

/** What becomes durable with the run's next commit besides its own progress. */
export interface Draft {
  consumed: number[];
  outcomes: { seq: number; outcome: CommandOutcome; applied_at: string }[];
  starts: NewRun[];
  mail: NewMail[];
  artifacts: ArtifactRow[];
  memory: MemoryEvent[];
  listens: string[];
  /** The row changed although no record, var or mail did. */
  touched: boolean;
}

export function emptyDraft(): Draft {
  return { consumed: [], outcomes: [], starts: [], mail: [], artifacts: [], memory: [], listens: [], touched: false };
}

export interface SessionEnvironment {
  now: Clock;
  newId: NewId;
  random: () => number;
  options: EngineOptions;
}

/**
 * One run in memory while its actor works on it: the row, the engine's execution, the unread mail and the draft of the next commit.
 * `status` is the run's own; a paused running run shows itself outside as `waiting` with the pause wait.
 */
export class RunSession {
  readonly run: Run;
  readonly execution: Execution;
  status: RunStatus;
  inbox: Mail[] = [];
  draft: Draft = emptyDraft();
  output: Value;
  error: string | null;
  pause: PauseState | null;
  /** Bytes of deltas since the last snapshot, and of that snapshot: decides when the next one is due. */
  deltaBytes = 0;
  snapshotBytes: number;

  constructor(run: Run, plan: Plan, vars: JsonObject, environment: SessionEnvironment) {
    this.run = run;
    const isPauseWait = run.wait?.wait_key === pauseKey(run.run_id);
    this.status = isPauseWait ? "running" : run.status;
    this.output = run.output;
    this.error = run.error;
    this.pause = run.pause;
    this.snapshotBytes = 0;
    const { run_id, workflow_id, session_id, actor_id } = run;
    this.execution = {
      plan,
      ids: { run_id, workflow_id, session_id, actor_id },
      vars: new Editor(vars),
      node_id: run.node_id,
      wait: isPauseWait ? null : run.wait,
      pending: readPending(vars),
      records: [],
      ...environment,
    };
  }

  get isPaused(): boolean {
    return this.pause?.paused === true;
  }

  get isTerminal(): boolean {
    return isTerminal(this.status);
  }

  /** True when this is an `until` wait whose time has come. */
  isDue(nowMs: number): boolean {
    const { wait } = this.execution;
    if (this.status !== "waiting" || this.isPaused || wait?.reason !== "until" || !wait.until) return false;
    return parseTime(wait.until) <= nowMs;
  }

  /** The mutable columns as of now. */
  progress(): RunProgress {
    const { execution } = this;
    const holds = this.isPaused && this.status === "running";
    const vars = execution.vars;
    const warnings = vars.peek("_flow_warnings");
    const limits = vars.peek("_limits");
    const at = isoTime(execution.now());
    return {
      status: holds ? "waiting" : this.status,
      node_id: execution.node_id,
      wait: holds ? pauseWait(this.run.run_id, execution.node_id) : this.status === "waiting" ? execution.wait : null,
      pause: this.pause,
      output: this.output,
      error: this.error,
      limits: isObject(limits) ? limits : null,
      flow_warnings: Array.isArray(warnings) ? warnings.map(String) : null,
      schedule: this.run.schedule_id === null ? null : scheduleSummary(execution),
      updated_at: at,
      finished_at: this.isTerminal ? at : null,
    };
  }

  consume(mail: Mail, outcome?: CommandOutcome): void {
    this.draft.consumed.push(mail.id);
    if (mail.kind === "command" && outcome) {
      this.draft.outcomes.push({ seq: mail.command.seq, outcome, applied_at: isoTime(this.execution.now()) });
    }
  }

  get isDirty(): boolean {
    const { draft, execution } = this;
    return (
      draft.touched ||
      draft.consumed.length > 0 ||
      draft.starts.length > 0 ||
      draft.mail.length > 0 ||
      execution.records.length > 0 ||
      execution.vars.dirty
    );
  }
}

function readPending(vars: JsonObject): PendingEffect | null {
  const temp = vars["_temp"];
  const pending = isObject(temp) ? temp["pending"] : undefined;
  return isObject(pending) ? (pending as unknown as PendingEffect) : null;
}
