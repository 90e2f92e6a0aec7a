import type { Effect, EffectOutcome } from "#core/effect.ts";
import type { Wait } from "#core/run.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { ApprovalPolicy } from "#tools/approval-policy.ts";
import { type CallResult, type PreparedCall, refusedCall } from "#effects/tool-execution.ts";

interface Asking {
  /** Makes the wait's key: the same question has the same key after a crash. */
  key: string;
  prepared: PreparedCall[];
  policy: ApprovalPolicy;
  prompt?: string;
}

/** Nothing of the batch runs before somebody has said yes to all of it. Fields exactly as clients know them. */
export function consentWait(effect: Effect, { key, prepared, policy, prompt }: Asking): EffectOutcome {
  const open = prepared.filter((call) => call.refusal === null);
  const blocked = prepared.filter((call) => call.refusal !== null);
  const details: JsonObject = {
    mode: "approval_required",
    tool_calls: open.map((call) => ({
      name: call.name,
      arguments: call.args,
      call_id: call.callId,
      runtime_call_id: call.runtimeId,
    })),
    executor: {
      kind: "tool_approval",
      policy: { ...policy },
    },
  };
  if (blocked.length > 0) {
    Object.assign(details, {
      original_call_count: prepared.length,
      blocked_by_index: Object.fromEntries(
        blocked.map((call) => [String(call.index), refusedCall(call, "") as unknown as Value]),
      ),
      pre_results_by_index: {},
      tool_calls_for_evidence: [],
    });
  }
  return {
    status: "waiting",
    wait: waitFor(effect, { reason: "user", wait_key: `tool_approval:${hex32(key)}`, prompt: prompt ?? null, details }),
  };
}

/** Somebody outside carries the calls out and answers with `{mode: "executed", results}`. */
export function delegationWait(
  effect: Effect,
  { run, node_id }: EffectContext,
  { mode, prepared }: { mode: "passthrough" | "delegated"; prepared: PreparedCall[] },
): EffectOutcome {
  const given = effect.payload["wait_key"];
  const details: JsonObject = {
    mode,
    tool_calls: prepared.map((call) => ({
      name: call.name,
      arguments: call.args,
      call_id: call.callId,
      runtime_call_id: call.runtimeId,
    })),
  };
  const wait_key = typeof given === "string" && given ? given : `tool_calls:${run.run_id}:${node_id}`;
  return {
    status: "waiting",
    wait: waitFor(effect, { reason: mode === "delegated" ? "job" : "event", wait_key, prompt: null, details }),
  };
}

function waitFor(effect: Effect, own: Pick<Wait, "reason" | "wait_key" | "prompt" | "details">): Wait {
  const next = effect.payload["resume_to_node"];
  return {
    ...own,
    until: null,
    resume_to_node: typeof next === "string" ? next : null,
    result_key: effect.result_key,
    choices: null,
    allow_free_text: true,
  };
}

function hex32(text: string): string {
  return Bun.SHA256.hash(text, "hex").slice(0, 32);
}

/** What somebody said to a question of consent. */
export type Consent =
  /** They did the calls themselves, or said something else that stands as it is. */
  | { executed: JsonObject }
  | { approved: boolean; reason: string; calls: Value[]; merge: (results: CallResult[]) => CallResult[] };

/** Null when nobody was asked yet. */
export function answerOf(payload: JsonObject): Consent | null {
  const { approval } = payload;
  if (!isObject(approval) || !isObject(approval["answer"])) return null;
  const { answer } = approval;
  const details = isObject(approval["details"]) ? approval["details"] : {};
  if (typeof answer["approved"] !== "boolean") return { executed: answer };
  return {
    approved: answer["approved"],
    reason: typeof answer["reason"] === "string" && answer["reason"] ? answer["reason"] : "Denied by user",
    calls: Array.isArray(details["tool_calls"]) ? details["tool_calls"] : [],
    merge: (results) => merge(results, details),
  };
}

export function callsFromConsent(consent: Consent): Value[] {
  return "calls" in consent ? consent.calls : [];
}

/** Puts the calls that were blocked before the question back into their places. */
function merge(results: CallResult[], details: JsonObject): CallResult[] {
  const count = numberOf(details["original_call_count"]);
  const blocked = details["blocked_by_index"];
  if (count === null || !isObject(blocked)) return results;
  const rest = [...results];
  const all: CallResult[] = [];
  for (let index = 0; index < count; index++) {
    const before = blocked[String(index)];
    const next = isObject(before) ? (before as unknown as CallResult) : rest.shift();
    if (next) all.push(next);
  }
  return all;
}
