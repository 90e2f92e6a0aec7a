import type { NewCommand } from "#core/command.ts";
import type { SealedRecord, StepRecord } from "#core/record.ts";
import type { RunIdentity, RunProgress, RunStatus, Wait } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import { seal } from "#ledger/chain.ts";
import type { NewRun, RunUpdate } from "#ledger/ledger.ts";

/** 2026-11-23T00:00:00Z */
export const epochMs = Date.UTC(2026, 10, 23);
let ticks = 0;

/** A time that grows by a millisecond with each call. */
export function tick(): string {
  return isoTime(epochMs + ++ticks);
}

export function progress(status: RunStatus, more: Partial<RunProgress> = {}): RunProgress {
  return {
    status,
    node_id: "start",
    wait: null,
    pause: null,
    output: null,
    error: null,
    limits: null,
    flow_warnings: null,
    schedule: null,
    updated_at: tick(),
    finished_at: null,
    ...more,
  };
}

export function newRun(runId: string, more: Partial<RunIdentity & RunProgress> = {}, vars = '{"a":1}'): NewRun {
  const run = {
    run_id: runId,
    workflow_id: "sample@1.0.0:main",
    bundle_digest: null,
    parent_run_id: null,
    root_run_id: runId,
    session_id: runId,
    actor_id: "gateway",
    runtime_id: "default",
    schedule_id: null,
    lifecycle: null,
    forked_from: null,
    created_at: tick(),
    ...progress("running"),
    ...more,
  };
  return { run, vars };
}

export function record(runId: string, note: string): StepRecord {
  return {
    run_id: runId,
    step_id: `step-${note}`,
    node_id: "a",
    status: "completed",
    effect: { type: "answer_user", payload: { message: note }, result_key: null },
    result: { message: note },
    error: null,
    started_at: tick(),
    ended_at: tick(),
    actor_id: "gateway",
    session_id: null,
    attempt: 1,
    idempotency_key: null,
  };
}

/** The head of a run as its single writer knows it: makes its next updates. */
export class Chain {
  readonly runId: string;
  head = 0;
  hash: string | null = null;

  constructor(runId: string) {
    this.runId = runId;
  }

  /** The next update with so many records. The chain moves on; make it only when it will be committed. */
  next(count: number, more: Partial<RunUpdate> = {}): RunUpdate {
    const update = this.peek(count, more);
    this.head += count;
    this.hash = update.records.at(-1)?.hash ?? this.hash;
    return update;
  }

  peek(count: number, more: Partial<RunUpdate> = {}): RunUpdate {
    const records: SealedRecord[] = [];
    for (let index = 1; index <= count; index++) {
      const seq = this.head + index;
      records.push(seal(record(this.runId, `${this.runId}-${seq}`), seq, records.at(-1)?.hash ?? this.hash));
    }
    return {
      run_id: this.runId,
      head_seq: this.head,
      epoch: 1,
      progress: progress("running"),
      records,
      delta: null,
      snapshot: null,
      consumed: [],
      listens: [],
      ...more,
    };
  }
}

export function wait(reason: Wait["reason"], more: Partial<Wait> = {}): Wait {
  return {
    reason,
    wait_key: null,
    until: null,
    resume_to_node: null,
    result_key: null,
    prompt: null,
    choices: null,
    allow_free_text: true,
    details: null,
    ...more,
  };
}

export function command(commandId: string, runId: string, more: Partial<NewCommand> = {}): NewCommand {
  return {
    command_id: commandId,
    run_id: runId,
    type: "pause",
    payload: { reason: "test" },
    ts: tick(),
    client_id: null,
    principal: "ada",
    runtime_id: null,
    ...more,
  };
}
