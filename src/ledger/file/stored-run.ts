import { parseObject, stringifyJson } from "#core/json.ts";
import type { RunIdentity, RunProgress, RunStatus } from "#core/run.ts";
import { isDraft, isPaused, wakeAt, wakeKey } from "#ledger/batch-rules.ts";

/** What is held in memory of every run: enough to find it and to check a commit. Everything else is in its files. */
export interface StoredRun {
  /** Grows in the order of starts. */
  readonly no: number;
  readonly runId: string;
  readonly workflowId: string;
  readonly sessionId: string | null;
  readonly runtimeId: string;
  readonly parentRunId: string | null;
  readonly rootRunId: string;
  /** The run whose state this one began with. */
  readonly forkOf: string | null;
  readonly scheduleId: string | null;
  readonly isDraft: boolean;
  status: RunStatus;
  isPaused: boolean;
  wakeKey: string | null;
  wakeAtMs: number | null;
  updatedAt: string;
  head: number;
  headHash: string | null;
  epoch: number;
  /** Number of the last state; 0 is the vars of the start. */
  stateNo: number;
  /** Keys of events that the run listens on until it ends. */
  listens: Set<string>;
  /** Unread mail by id, in commit order. */
  mail: Map<number, StoredMail>;
  /** What the run's files hold, or null before they are written for the first time. */
  disk: DiskPart | null;
  /** What the journal holds and the files do not yet, or null when the files tell everything. */
  tail: Tail | null;
  /** The run was deleted: whoever still writes its files must not finish. */
  isGone: boolean;
}

export interface StoredMail {
  body: string;
  /** For mail that is a command: its place in the inbox. */
  commandSeq: number | null;
}

export interface DiskPart {
  /** Group of commits up to which the files are current. */
  applied: number;
  head: number;
  ledgerBytes: number;
  stateNo: number;
  statesBytes: number;
  /** Byte of `states.jsonl` at which the last snapshot begins. */
  snapshotAt: number;
  /** The states are those of a compacted run, in a file of their own. */
  isCompacted: boolean;
}

export interface Tail {
  /** The run as it was started, until it is in a file. */
  base: string | null;
  /** Its latest progress, where that is newer than the file's. */
  progress: string | null;
  records: string[];
  states: StoredStateLine[];
  /** These states take the place of all that the file has. */
  isCompacted: boolean;
  /** Group of the last change. */
  changed: number;
}

export interface StoredStateLine {
  no: number;
  seq: number;
  isSnapshot: boolean;
  /** Vars, or their changes. */
  json: string;
  /** Where the run stood: its node, and its wait as JSON text. */
  nodeId: string;
  wait: string | null;
}

/** The part that each commit of a run may change. */
export function movingPart(progress: RunProgress) {
  return {
    status: progress.status,
    isPaused: isPaused(progress),
    wakeKey: wakeKey(progress),
    wakeAtMs: wakeAt(progress),
    updatedAt: progress.updated_at,
  };
}

/** A run as it is when it was just started. */
export function bornRun(no: number, run: RunIdentity & RunProgress): StoredRun {
  return {
    no,
    runId: run.run_id,
    workflowId: run.workflow_id,
    sessionId: run.session_id,
    runtimeId: run.runtime_id,
    parentRunId: run.parent_run_id,
    rootRunId: run.root_run_id,
    forkOf: run.forked_from?.run_id ?? null,
    scheduleId: run.schedule_id,
    isDraft: isDraft(run.lifecycle),
    ...movingPart(run),
    head: 0,
    headHash: null,
    epoch: 0,
    stateNo: 0,
    listens: new Set(),
    mail: new Map(),
    disk: null,
    tail: null,
    isGone: false,
  };
}

/** What lay between the first and the last state of the run was given up. */
export function isCompacted(run: StoredRun): boolean {
  return run.tail?.isCompacted === true || run.disk?.isCompacted === true;
}

/** Where a run stands, for its state. */
export function positionIn(progress: string): Pick<StoredStateLine, "nodeId" | "wait"> {
  const { node_id, wait } = parseObject(progress) as unknown as RunProgress;
  return { nodeId: node_id, wait: wait === null ? null : stringifyJson(wait) };
}

/** The tail of a run that changes now. */
export function tailOf(run: StoredRun, group: number): Tail {
  run.tail ??= { base: null, progress: null, records: [], states: [], isCompacted: false, changed: group };
  run.tail.changed = group;
  return run.tail;
}
