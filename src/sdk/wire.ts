import type { CommandOutcome, CommandType } from "#core/command.ts";
import type { StepRecord } from "#core/record.ts";
import type { ForkedFrom, RunStatus, WaitReason } from "#core/run.ts";
import type { JsonObject, Value } from "#core/value.ts";

// What the HTTP API says, as far as the clients of this package read it. Unknown extra fields are kept by the parser.

export interface RunSummary {
  run_id: string;
  workflow_id: string;
  status: RunStatus;
  current_node: string | null;
  created_at: string;
  updated_at: string;
  session_id: string | null;
  parent_run_id: string | null;
  forked_from: ForkedFrom | null;
  error: string | null;
  paused: boolean;
  pause_reason: string | null;
  waiting: WaitSummary | null;
  is_scheduled: boolean;
  ledger_len?: number;
  /** With `include_metrics`; null when the ledger is too long to be counted. */
  llm_calls?: number | null;
  tool_calls?: number | null;
  tokens_total?: number | null;
}

export interface WaitSummary {
  reason: WaitReason;
  wait_key?: string | null;
  until?: string | null;
  prompt?: string | null;
  choices?: Value[] | null;
  allow_free_text?: boolean;
  details?: JsonObject | null;
}

export interface StartBody {
  bundle_id?: string;
  bundle_version?: string;
  flow_id?: string;
  input_data?: JsonObject;
  session_id?: string;
}

export interface ForkBody {
  /** Cursor to go on from; the head when absent. */
  at?: number;
  input_data?: JsonObject;
  bundle_version?: string;
  session_id?: string;
}

export interface ForkReceipt {
  run_id: string;
  forked_from: ForkedFrom;
}

export interface ListRuns {
  limit?: number;
  status?: string;
  workflow_id?: string;
  session_id?: string;
  root_only?: boolean;
  include_drafts?: boolean;
  include_metrics?: boolean;
}

export interface LedgerPage {
  items: StepRecord[];
  next_after: number;
}

/** A record and its 1-based place in the run's ledger. */
export interface LedgerEntry {
  cursor: number;
  record: StepRecord;
}

export interface CommandBody {
  run_id: string;
  type: CommandType;
  payload?: JsonObject;
  /** Made by the client when absent. */
  command_id?: string;
  /** Which client gives it; the one that the sdk was made for when absent. */
  client_id?: string;
}

export interface CommandReceipt {
  command_id: string;
  accepted: boolean;
  duplicate: boolean;
  seq: number;
}

export interface CommandState {
  command_id: string;
  run_id: string;
  type: CommandType;
  seq: number;
  applied_at: string | null;
  /** Null as long as no runner has applied it. */
  outcome: CommandOutcome | null;
}

/** A link that answers one wait from any browser. */
export interface AnswerLink {
  url: string;
  run_id: string;
  wait_key: string;
  expires_at: string;
}

export interface BundleItem {
  bundle_id: string;
  bundle_version: string;
  bundle_ref: string;
  is_draft: boolean;
  default_entrypoint: string | null;
  entrypoints: {
    flow_id: string;
    name: string;
    description: string;
    interfaces?: string[];
    deprecated?: boolean;
  }[];
  created_at?: string;
}

export interface InstalledReceipt {
  ok: boolean;
  bundle_id: string;
  bundle_version: string;
  bundle_ref: string;
  sha256: string;
}

export interface AttachmentReceipt {
  ok: boolean;
  run_id: string;
  artifact: JsonObject;
}

export interface ModelItem {
  id: string;
  provider: string;
  tasks?: string[];
  context_tokens?: number;
  size_bytes?: number;
  dimensions?: number;
  architecture?: string;
  quantization?: string;
}

export interface ResidentModel {
  task: string;
  provider: string;
  model: string;
  runtime_id: string;
  loaded: boolean;
  pinned: boolean;
  backend: string;
  gpu_layers: number;
  note?: string;
  context_tokens: number;
  sequences: number;
  memory_bytes: number;
  calls: number;
  last_used_at: string;
}

export interface ResidencyAnswer {
  ok: boolean;
  error?: string;
  models?: ResidentModel[];
  compute?: { expected: string; reason: string };
  affected_models: ResidentModel[];
}

export interface ScheduleItem {
  schedule_id: string;
  status: string;
  paused: boolean;
  pause_reason: string | null;
  schedule: {
    target_workflow_id?: string;
    start_at?: string | null;
    interval?: string | null;
    cron?: string[];
    timezone?: string | null;
    repeat_count?: number | null;
    repeat_until?: string | null;
    overlap?: string;
    catchup_window?: string | null;
    jitter?: string | null;
    pause_on_failure?: boolean;
    note?: string | null;
    executions?: number;
    skipped?: number;
    last_run_id?: string | null;
  };
  /** Of a limited schedule. */
  runs_left: number | null;
  next_fire_times: string[];
}

export interface ScheduleBody extends ScheduleTimes {
  bundle_id: string;
  flow_id: string;
  bundle_version?: string;
  input_data?: JsonObject;
  session_id?: string;
  share_context?: boolean;
  start_at?: string;
}

/** What of a schedule can be set, and changed later. */
export interface ScheduleTimes {
  interval?: string;
  cron?: string[];
  timezone?: string | null;
  repeat_count?: number | null;
  repeat_until?: string | null;
  overlap?: string;
  catchup_window?: string | null;
  jitter?: string | null;
  pause_on_failure?: boolean;
  note?: string | null;
}

export interface ScheduleChanges extends ScheduleTimes {
  backfill?: { from: string; to: string };
  /** False: the time that is waited for stays. */
  apply_immediately?: boolean;
}

export interface ScheduleChanged {
  ok: boolean;
  command_id: string;
  message: string;
  seq: number;
}

export interface SweepBody {
  dry_run: boolean;
  runs_days?: number;
  states_days?: number;
  artifacts_days?: number;
}

interface RunsFreed {
  runs: number;
  ledger_records: number;
  artifacts: number;
  bytes: number;
  artifact_bytes: number;
}

interface FilesFreed {
  count: number;
  bytes: number;
}

export interface SweepReport {
  dry_run: boolean;
  drafts: RunsFreed;
  runs: RunsFreed;
  states: { runs: number; bytes: number };
  artifacts: FilesFreed;
  blobs: FilesFreed;
  workspaces: FilesFreed;
}
