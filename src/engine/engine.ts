import type { AnsweredBy } from "#core/command.ts";
import type { Editor } from "#core/delta.ts";
import type { Effect, EffectOutcome } from "#core/effect.ts";
import type { NewId } from "#core/ids.ts";
import type { StepRecord } from "#core/record.ts";
import type { TerminalStatus, Wait } from "#core/run.ts";
import type { CalendarMath } from "#core/schedule.ts";
import type { Clock } from "#core/time.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { Plan } from "#engine/plan.ts";

/** Everything the engine may look at or change for one run. It does no I/O: time, ids and randomness come in here. */
export interface Execution {
  plan: Plan;
  ids: { run_id: string; workflow_id: string; session_id: string | null; actor_id: string | null };
  vars: Editor;
  node_id: string;
  /** The wait of a waiting run. */
  wait: Wait | null;
  /** The effect whose outcome the engine waits for; kept in the vars at `_temp.pending` while a process could die over it. */
  pending: PendingEffect | null;
  /** Records to append, in order. The caller seals and commits them. */
  records: StepRecord[];
  now: Clock;
  newId: NewId;
  /** 0 ≤ x < 1 */
  random: () => number;
  options: EngineOptions;
}

export interface EngineOptions {
  /** `ABSTRACTGATEWAY_COMPAT_NODE_ERRORS`: a node that raises completes the run with `success: false`, as the reference does. */
  compatNodeErrors: boolean;
  /** Effect types that have a handler. A node that needs another one fails with a clear error. */
  effectTypes: ReadonlySet<string>;
  /** Catalogue entry of a tool of this gateway (contract flow-runtime 4.6), or null when there is none of that name. */
  toolSpec?: (name: string) => JsonObject | null;
  /** Schema of the graph's vocabulary by its reference, or null. */
  semanticSchema?: (ref: string) => JsonObject | null;
  /** Times of schedules; absent where none run. */
  calendar?: CalendarMath;
}

export interface PendingEffect {
  step_id: string;
  node_id: string;
  effect: Effect;
  /** Where the run goes after the outcome; null ends the run. */
  next_node: string | null;
  attempt: number;
  /** Time of the started record. */
  started_at: string;
  idempotency_key: string;
  /** The answer to a wait that made this effect go on; its resume record follows the outcome. */
  answers?: { wait: Wait; payload: JsonObject; by?: AnsweredBy };
  /** Under way in the run that this one was forked from: nothing of it is in this run's ledger. */
  forked?: true;
}

/** Why the engine is called. */
export type Input =
  /** Go on from `node_id`. */
  | { kind: "continue" }
  /** The pending effect came to this. A failure ends the run, or takes the node's `on_error` pin. */
  | { kind: "outcome"; outcome: EffectOutcome }
  /** The pending effect's attempt failed or was interrupted; record it and open the next attempt (answers `effect` again). */
  | { kind: "retry"; error: string }
  /** The pending effect was under way where this run was forked: open it as the first attempt (answers `effect` again). */
  | { kind: "reopen" }
  /** The wait was answered. `payload` is stored at the wait's result key, a resume record is written; `by` is whoever a command came from. */
  | { kind: "resume"; payload: JsonObject; by?: AnsweredBy }
  /** The time of an `until` wait has come. */
  | { kind: "timer" };

/** Where a slice of work stopped. All changes up to there are in `vars`, `node_id`, `wait`, `pending` and `records`. */
export type Step =
  /** Somebody must run `execution.pending.effect` and come back with `outcome`. */
  | { kind: "effect" }
  /** The run waits (`execution.wait`). */
  | { kind: "wait" }
  /** The budget is used up; commit, let others run, then continue. */
  | { kind: "yield" }
  /** The run is over; completion and `abstract.status` records are written. */
  | { kind: "end"; status: TerminalStatus; output: Value; error: string | null };

export interface Budget {
  /** Stop after so many records of this slice. */
  maxRecords: number;
  /** Stop after so many node visits (pure transitions write no record). */
  maxNodes: number;
  /** Stop after this time of the clock, ms. */
  untilMs: number;
}

/** Advances a run until something outside must happen or the budget is used up. Exported by `engine/advance.ts`. */
export type Advance = (execution: Execution, input: Input, budget: Budget) => Step;

/** Records and status of a run that was cancelled from outside. Exported by `engine/advance.ts`. */
export type EndRun = (execution: Execution, status: TerminalStatus, error: string | null) => void;
