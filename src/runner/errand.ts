import type { CommandOutcome } from "#core/command.ts";
import { messageOf } from "#core/errors.ts";
import type { Mail } from "#core/mail.ts";
import type { StepRecord } from "#core/record.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { RunSession } from "#runner/session.ts";

/** Why something is done beside the run's own steps. */
export type ErrandReason =
  /** Somebody commanded it: the command is consumed with the outcome, so that a crash before it does it again. */
  | { kind: "command"; mail: Mail & { kind: "command" } }
  /** The conversation grew too long. */
  | { kind: "automatic"; tokens: number };

/** An effect beside the run's own steps: the run goes on meanwhile, and both end up in one ledger. */
export class Errand {
  readonly reason: ErrandReason;
  readonly done: Promise<void>;
  effected: Effected | null = null;
  #effect: JsonObject;
  #startedAt: string;
  #key: string;
  #stepId: string;
  #controller = new AbortController();

  constructor(session: RunSession, handler: EffectHandler, reason: ErrandReason) {
    const { run, execution } = session;
    this.reason = reason;
    this.#startedAt = isoTime(execution.now());
    this.#stepId = execution.newId();
    const payload = reason.kind === "command" ? reason.mail.command.payload : {};
    this.#effect = payload;
    this.#key =
      reason.kind === "command"
        ? `command:${handler.type}:${reason.mail.command.command_id}`
        : `auto:${handler.type}:${this.#stepId}`;
    const context = {
      run,
      node_id: execution.node_id,
      step_id: this.#stepId,
      attempt: 1,
      idempotency_key: this.#key,
      vars: execution.vars.root,
      signal: this.#controller.signal,
    };
    this.done = handler.run({ type: handler.type, payload, result_key: null }, context).then(
      (effected) => void (this.effected = effected),
      (error: unknown) => void (this.effected = { outcome: { status: "failed", error: messageOf(error) } }),
    );
  }

  abort(): void {
    this.#controller.abort("shutdown");
  }

  /** What came back cannot be used. */
  refuse(error: string): void {
    this.effected = { outcome: { status: "failed", error } };
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The step as the run's ledger tells it. */
  record({ run, execution }: RunSession, type: string): StepRecord {
    const outcome = this.effected?.outcome;
    const failed = outcome?.status === "failed" ? outcome.error : null;
    return {
      run_id: run.run_id,
      step_id: this.#stepId,
      node_id: execution.node_id,
      status: failed === null ? "completed" : "failed",
      effect: { type, payload: this.#effect, result_key: null },
      result: outcome?.status === "completed" ? outcome.result : null,
      error: failed,
      started_at: this.#startedAt,
      ended_at: isoTime(execution.now()),
      actor_id: run.actor_id,
      session_id: run.session_id,
      attempt: 1,
      idempotency_key: this.#key,
    };
  }

  /** What whoever commanded it is told. */
  commandOutcome(): CommandOutcome {
    const outcome = this.effected?.outcome;
    if (outcome?.status !== "completed") {
      return { status: "refused", message: outcome?.status === "failed" ? outcome.error : "It did not come to an end" };
    }
    const results = isObject(outcome.result) ? outcome.result["results"] : null;
    const first = Array.isArray(results) && isObject(results[0]) ? results[0]["output"] : null;
    return { status: "applied", message: typeof first === "string" ? first : "Done" };
  }
}

/** Fewer turns are not worth a summary. What stays of a compacted conversation is half of it, so that the next one is some turns away. */
const leastTurns = 12;
const share = 0.9;

/**
 * Tokens of a conversation that fills nine tenths of its window; null otherwise, and while it is no longer than when compacting it failed
 * (contract http-api 5.7, here for every run).
 */
export function overfullTokens({ execution }: RunSession): number | null {
  const { vars } = execution;
  const messages = vars.peek("context", "messages");
  const turns = Array.isArray(messages) ? messages.filter((each) => isObject(each) && each["role"] !== "system") : [];
  if (turns.length < leastTurns) return null;
  const used = vars.peek("_limits", "estimated_tokens_used");
  const most = vars.peek("_limits", "max_input_tokens") ?? vars.peek("_limits", "max_tokens");
  if (typeof used !== "number" || typeof most !== "number" || most <= 0 || used < share * most) return null;
  const last = vars.peek("_runtime", "last_auto_compact");
  const failedAt = isObject(last) && last["is_done"] !== true ? last["tokens"] : null;
  return typeof failedAt === "number" && used <= failedAt ? null : used;
}
