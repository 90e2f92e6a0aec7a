import type { ForkedFrom, Run, Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";

/** A run as `GET runs/{id}` shows it (contract 1.3.3). */
export interface RunJson {
  run_id: string;
  workflow_id: string;
  status: Run["status"];
  current_node: string;
  created_at: string;
  updated_at: string;
  actor_id: string | null;
  session_id: string | null;
  parent_run_id: string | null;
  forked_from: ForkedFrom | null;
  error: string | null;
  flow_warnings: string[] | null;
  paused: boolean;
  pause_reason: string | null;
  paused_at: string | null;
  resumed_at: string | null;
  waiting: WaitJson | null;
  is_scheduled: boolean;
  schedule: JsonObject | null;
  limits: { tokens: TokenLimits } | null;
  run_lifecycle: JsonObject | null;
  is_draft: boolean;
}

export type WaitJson = Omit<Wait, "resume_to_node" | "result_key">;

export interface TokenLimits {
  estimated_used: number;
  max_tokens: number | null;
  max_input_tokens: number | null;
  /** Used tokens over `max_input_tokens`, or over `max_tokens` when that is not set. */
  pct: number;
  warn_tokens_pct: number;
}

export function runJson(run: Run): RunJson {
  return {
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    status: run.status,
    current_node: run.node_id,
    created_at: run.created_at,
    updated_at: run.updated_at,
    actor_id: run.actor_id,
    session_id: run.session_id,
    parent_run_id: run.parent_run_id,
    forked_from: run.forked_from,
    error: run.error,
    flow_warnings: run.flow_warnings,
    paused: run.pause?.paused ?? false,
    pause_reason: run.pause?.pause_reason ?? null,
    paused_at: run.pause?.paused_at ?? null,
    resumed_at: run.pause?.resumed_at ?? null,
    waiting: run.wait && waitJson(run.wait),
    is_scheduled: isScheduled(run),
    schedule: run.schedule,
    limits: tokenLimits(run.limits),
    run_lifecycle: run.lifecycle,
    is_draft: run.lifecycle?.["purpose"] === "draft_test",
  };
}

export function isScheduled(run: Pick<Run, "schedule_id" | "workflow_id">): boolean {
  return run.schedule_id !== null || run.workflow_id.startsWith("scheduled:");
}

function waitJson(wait: Wait): WaitJson {
  const { reason, wait_key, until, prompt, choices, allow_free_text, details } = wait;
  return { reason, wait_key, until, prompt, choices, allow_free_text, details };
}

function tokenLimits(limits: JsonObject | null): RunJson["limits"] {
  if (!isObject(limits)) return null;
  const read = (value: Value | undefined) => numberOf(value);
  const used = read(limits["estimated_tokens_used"]) ?? 0;
  const maxTokens = read(limits["max_tokens"]);
  const maxInput = read(limits["max_input_tokens"]);
  const bound = maxInput || maxTokens;
  return {
    tokens: {
      estimated_used: used,
      max_tokens: maxTokens,
      max_input_tokens: maxInput,
      pct: bound ? used / bound : 0,
      warn_tokens_pct: read(limits["warn_tokens_pct"]) ?? 80,
    },
  };
}
