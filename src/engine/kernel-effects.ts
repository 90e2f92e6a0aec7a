import { pyStr } from "#core/python.ts";
import type { Effect, EffectOutcome } from "#core/effect.ts";
import type { Wait, WaitReason } from "#core/run.ts";
import { isoTime, parseTime } from "#core/time.ts";
import { type Value, isObject, numberOf } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";

/** Effects that only mean something to the run itself: finished inside the engine, without anybody's help. */
export const kernelEffects: ReadonlySet<string> = new Set(["answer_user", "ask_user", "wait_event", "wait_until"]);

export function runKernelEffect(execution: Execution, effect: Effect): EffectOutcome {
  const { payload } = effect;
  switch (effect.type) {
    case "answer_user":
      return {
        status: "completed",
        result: { message: payload["message"] ?? "", level: payload["level"] ?? "message" },
      };
    case "ask_user":
      return askUser(execution, effect);
    case "wait_event":
      return waitEvent(effect);
    case "wait_until":
      return waitUntil(execution, effect);
    default:
      return { status: "failed", error: `'${effect.type}' is not an effect of the engine` };
  }
}

function askUser(execution: Execution, effect: Effect): EffectOutcome {
  const prompt = effect.payload["prompt"];
  if (prompt === undefined || prompt === null || prompt === "") {
    return { status: "failed", error: "ask_user needs a prompt" };
  }
  const key = text(effect.payload["wait_key"]) ?? `user:${execution.ids.run_id}:${execution.node_id}`;
  return { status: "waiting", wait: waitFor(effect, "user", key) };
}

function waitEvent(effect: Effect): EffectOutcome {
  const key = text(effect.payload["wait_key"]);
  if (!key) return { status: "failed", error: "wait_event needs a wait_key" };
  return { status: "waiting", wait: waitFor(effect, "event", key) };
}

function waitUntil(execution: Execution, effect: Effect): EffectOutcome {
  const until = text(effect.payload["until"]);
  const ms = until ? parseTime(until) : Number.NaN;
  if (!until || Number.isNaN(ms)) {
    return { status: "failed", error: `wait_until needs an ISO time, not '${pyStr(effect.payload["until"] ?? null)}'` };
  }
  if (ms <= execution.now()) return { status: "completed", result: { until, ready: true } };
  return { status: "waiting", wait: { ...waitFor(effect, "until", null), until: isoTime(ms) } };
}

function waitFor({ payload, result_key }: Effect, reason: WaitReason, key: string | null): Wait {
  const prompt = payload["prompt"];
  const choices = payload["choices"];
  return {
    reason,
    wait_key: key,
    until: null,
    resume_to_node: text(payload["resume_to_node"]),
    result_key,
    prompt: prompt === undefined || prompt === null ? null : pyStr(prompt),
    choices: Array.isArray(choices) ? choices : null,
    allow_free_text: payload["allow_free_text"] !== false,
    details: isObject(payload["details"]) ? payload["details"] : null,
  };
}

function text(value: Value | undefined): string | null {
  return typeof value === "string" && value ? value : null;
}

/** `<number>(ms|s|m|h|d)` in ms, or null. Spaces and fractions are allowed. */
export function durationMs(value: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/i.exec(value);
  if (!match) return null;
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return Number(match[1]) * (units[(match[2] ?? "").toLowerCase()] ?? 0);
}

/** Seconds and the like from a pin; what is not a number counts as 0 (contract flow-runtime 2.10, Delay). */
export function amount(value: Value | undefined): number {
  const number = numberOf(value);
  if (number !== null) return number;
  const parsed = typeof value === "string" && value.trim() ? Number(value) : 0;
  return Number.isFinite(parsed) ? parsed : 0;
}
