import type { NewId } from "#core/ids.ts";
import { parseObject } from "#core/json.ts";
import type { StepRecord } from "#core/record.ts";
import type { ForkedFrom, Run, Wait } from "#core/run.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { seal } from "#ledger/chain.ts";
import type { Ledger, NewRun, RunUpdate } from "#ledger/ledger.ts";

export type Begun = NewRun["run"] & { forked_from: ForkedFrom };

export interface Birth {
  begun: Begun;
  wait: Wait | null;
  vars: JsonObject;
  /** Names of the vars that were changed. */
  changed: string[];
}

interface Dependencies {
  ledger: Ledger;
  now: Clock;
  newId: NewId;
}

/** The fork's first record says where it comes from; a second one shows what it waits for to whoever reads the ledger alone. */
export async function forkBirth(deps: Dependencies, from: Run, birth: Birth): Promise<RunUpdate> {
  const { begun, wait } = birth;
  const first = seal(record(deps, begun, lineage(from, birth)), 1, null);
  const records = [first];
  if (wait) records.push(seal(record(deps, begun, await waiting(deps, from, birth)), 2, first.hash));
  const { run_id, node_id, limits, created_at: updated_at } = begun;
  const event = wait?.reason === "event" ? wait.wait_key : null;
  return {
    run_id,
    head_seq: 0,
    epoch: 0,
    progress: {
      status: wait ? "waiting" : "running",
      node_id,
      wait,
      pause: null,
      output: null,
      error: null,
      limits,
      flow_warnings: null,
      schedule: null,
      updated_at,
      finished_at: null,
    },
    records,
    delta: null,
    snapshot: null,
    consumed: [],
    listens: event?.startsWith("evt:") ? [event] : [],
  };
}

function lineage(from: Run, { begun, changed }: Birth): Partial<StepRecord> {
  const { forked_from } = begun;
  const { workflow_id, bundle_digest } = from;
  return {
    effect: { type: "fork", payload: { ...forked_from, workflow_id, bundle_digest, changed }, result_key: null },
    result: { forked: true },
    idempotency_key: `system:fork:${forked_from.run_id}:${forked_from.cursor}`,
  };
}

/** A step that asked for consent ends under the same id when it is answered. */
async function waiting({ ledger }: Dependencies, from: Run, birth: Birth): Promise<Partial<StepRecord>> {
  const { cursor } = birth.begun.forked_from;
  const temp = birth.vars["_temp"];
  const asked = isObject(temp) && isObject(temp["asked"]) ? temp["asked"] : {};
  const step = typeof asked["step_id"] === "string" ? { step_id: asked["step_id"] } : {};
  const { effect, node_id } = await waitEffect(ledger, from, cursor);
  return { ...step, node_id, effect, status: "waiting", result: { wait: birth.wait as unknown as Value } };
}

/** The effect behind a wait is named by the record with which the wait began: the last one of its commit, or close to it. */
async function waitEffect(ledger: Ledger, { run_id, node_id }: Run, cursor: number) {
  const after = Math.max(0, cursor - 4);
  const records = await ledger.readRecords(run_id, after, { limit: cursor - after });
  const read = records.map(({ json }) => parseObject(json) as unknown as StepRecord);
  const found = read.findLast((each) => each.status === "waiting");
  return { effect: found?.effect ?? null, node_id: found?.node_id ?? node_id };
}

function record({ now, newId }: Dependencies, begun: Begun, content: Partial<StepRecord>): StepRecord {
  const at = isoTime(now());
  return {
    run_id: begun.run_id,
    step_id: newId(),
    node_id: begun.node_id,
    status: "completed",
    effect: null,
    result: null,
    error: null,
    started_at: at,
    ended_at: at,
    actor_id: begun.actor_id,
    session_id: begun.session_id,
    attempt: 1,
    idempotency_key: null,
    ...content,
  };
}
