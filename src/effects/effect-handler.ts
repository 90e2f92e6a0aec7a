import type { Effect, EffectOutcome } from "#core/effect.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import type { NewMail } from "#core/mail.ts";
import type { ArtifactRow, NewRun } from "#ledger/ledger.ts";

/** What a handler knows of the run that asks. */
export interface EffectContext {
  run: {
    run_id: string;
    workflow_id: string;
    bundle_digest: string | null;
    root_run_id: string;
    parent_run_id: string | null;
    session_id: string | null;
    actor_id: string | null;
    runtime_id: string;
  };
  node_id: string;
  step_id: string;
  attempt: number;
  idempotency_key: string;
  /** The run's vars, read-only. */
  vars: JsonObject;
  signal: AbortSignal;
  /** Text of a model as it comes: shown live, not durable. */
  onDelta?: (text: string) => void;
  /** How far a long call is: becomes a durable record of the run while the call goes on. */
  onProgress?: (progress: JsonObject) => void;
  /** Hears of each tool call that was carried out. */
  onToolCall?: (done: ToolCallDone) => void;
}

/** A tool call that is over. Times in ms since the epoch. */
export interface ToolCallDone {
  name: string;
  callId: string;
  runtimeCallId: string;
  args: JsonObject;
  output: Value;
  error: string | null;
  startMs: number;
  endMs: number;
}

/** An outcome, and what must become durable together with it. */
export interface Effected {
  outcome: EffectOutcome;
  starts?: NewRun[];
  mail?: NewMail[];
  artifacts?: ArtifactRow[];
  /** What was learnt or taken back. */
  memory?: MemoryEvent[];
  /** Writes to the run's vars that belong to the effect, such as messages appended with `include_context`. Paths and values. */
  writes?: Write[];
}

/**
 * A value, one more item of a list, or other items for the first `count` of a list, of which `last` is the last one: what was added behind
 * them meanwhile stays.
 */
export type Write =
  | { path: string[]; value: Value }
  | { path: string[]; append: Value }
  | { path: string[]; begin: { count: number; last: Value; items: Value[] } };

export interface EffectHandler {
  type: string;
  /** True when it leaves the process: its `started` record is committed before it runs. */
  world: boolean;
  /** After a crash between `started` and outcome: run it again, fail the step, or ask somebody (the outcome is a wait then). */
  onInterrupted: "retry" | "fail" | ((effect: Effect) => "retry" | EffectOutcome);
  /** Attempts and the first back-off. */
  retry: { attempts: number; baseMs: number; maxMs: number };
  /** At most so many at a time, apart from all other types; without it they share one limit. */
  ownSlots?: number;
  /** The same for some effects of the type: under a name of their own. Null: as the type has it. */
  slotsOf?(effect: Effect): { name: string; count: number } | null;
  run(effect: Effect, context: EffectContext): Promise<Effected>;
}
