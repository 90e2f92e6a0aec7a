import type { SealedRecord, StepRecord } from "#core/record.ts";
import { parseObject, stringifyJson } from "#core/json.ts";
import type { JsonObject } from "#core/value.ts";
import type { Batch, Committed, Ledger, NewRun, RunUpdate } from "#ledger/ledger.ts";
import { seal } from "#ledger/chain.ts";
import type { RunMoment, RunWatch } from "#runner/run-watch.ts";
import { type RunSession, emptyDraft } from "#runner/session.ts";

/** Replaces leaves over the inline limit by artifact references. Answers the record itself when nothing was large. */
export type OffloadRecord = (
  record: StepRecord,
  runtimeId: string,
) => Promise<{ record: StepRecord; artifacts: Batch["artifacts"] & object }>;

export interface CommitDependencies {
  ledger: Ledger;
  epoch: number;
  /** Serialised records above this many bytes are looked at by `offload`. */
  maxInlineBytes: number;
  offload: OffloadRecord;
  watch?: RunWatch | null;
}

/** A snapshot is written when the deltas since the last one weigh more than this and more than twice the state: reading back stays cheap, writing stays constant per step. */
const minSnapshotDeltaBytes = 32 * 1024;

/** A batch on its way: `done` settles when it is durable or refused. */
export interface Sent {
  done: Promise<Committed>;
}

/**
 * Sends everything that the session has gathered as one batch. The head moves at once, so the next slice may begin while this batch is
 * on its way: batches of one caller become durable in order, and when one fails the next fails with it.
 */
export async function commitSession(session: RunSession, deps: CommitDependencies): Promise<Sent | null> {
  if (!session.isDirty) return null;
  const { run, execution, draft } = session;
  session.draft = emptyDraft();
  const headSeq = run.head_seq;
  const beginsWait = execution.records.at(-1)?.status === "waiting";
  const records = await sealAll(session, deps, draft.artifacts);
  const ops = execution.vars.take();
  const delta = ops.length > 0 ? stringifyJson(ops) : null;
  const progress = session.progress();
  const moment: RunMoment = { kind: "changed", run, progress, vars: execution.vars.root, beginsWait };
  draft.starts.push(...attached(moment, draft.starts, deps.watch));
  const update: RunUpdate = {
    run_id: run.run_id,
    head_seq: headSeq,
    epoch: deps.epoch,
    progress,
    records,
    delta,
    snapshot: dueSnapshot(session, delta),
    consumed: draft.consumed,
    listens: draft.listens,
  };
  const done = deps.ledger.commit({
    updates: [update],
    ...(draft.starts.length > 0 ? { starts: draft.starts } : {}),
    ...(draft.mail.length > 0 ? { mail: draft.mail } : {}),
    ...(draft.outcomes.length > 0 ? { outcomes: draft.outcomes } : {}),
    ...(draft.artifacts.length > 0 ? { artifacts: draft.artifacts } : {}),
    ...(draft.memory.length > 0 ? { memory: draft.memory } : {}),
  });
  if (deps.watch?.committed) void done.then(() => deps.watch?.committed?.(moment)).catch(() => undefined);
  return { done };
}

/** What is told of the run, and of the runs of a schedule, which count as runs of their own. */
function attached(moment: RunMoment, starts: readonly NewRun[], watch: RunWatch | null | undefined): NewRun[] {
  if (!watch?.attach) return [];
  const more = watch.attach(moment);
  if (moment.run.schedule_id === null) return more;
  return [...more, ...starts.flatMap((start) => watch.attach?.(firstMoment(start, parseObject(start.vars))) ?? [])];
}

/** A run that begins. */
export function firstMoment({ run }: NewRun, vars: JsonObject): RunMoment {
  return { kind: "started", run, progress: run, vars, beginsWait: false };
}

async function sealAll(
  session: RunSession,
  deps: CommitDependencies,
  artifacts: NonNullable<Batch["artifacts"]>,
): Promise<SealedRecord[]> {
  const { run, execution } = session;
  const sealed: SealedRecord[] = [];
  for (const record of execution.records.splice(0)) {
    let entry = seal(record, run.head_seq + 1, run.head_hash);
    if (deps.maxInlineBytes > 0 && entry.json.length > deps.maxInlineBytes) {
      const small = await deps.offload(record, run.runtime_id);
      artifacts.push(...small.artifacts);
      if (small.record !== record) entry = seal(small.record, run.head_seq + 1, run.head_hash);
    }
    run.head_seq = entry.seq;
    run.head_hash = entry.hash;
    sealed.push(entry);
  }
  return sealed;
}

function dueSnapshot(session: RunSession, delta: string | null): string | null {
  session.deltaBytes += delta?.length ?? 0;
  const limit = Math.max(minSnapshotDeltaBytes, 2 * session.snapshotBytes);
  if (session.deltaBytes <= limit || session.isTerminal) return null;
  const snapshot = stringifyJson(session.execution.vars.root);
  session.deltaBytes = 0;
  session.snapshotBytes = snapshot.length;
  return snapshot;
}
