import { messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { Deltas } from "#runner/deltas.ts";
import type { RunSession } from "#runner/session.ts";
import { Slots } from "#runner/slots.ts";

export interface RunningEffect {
  result: Promise<Effected | "shutdown">;
  /** Stops it. After `shutdown` there is no outcome: the effect stays open for the next process. */
  abort: (reason: "cancelled" | "shutdown") => void;
}

/** Carries out effects that leave the process, a bounded number at a time, each abortable. */
export interface EffectRunner {
  run(handler: EffectHandler, session: RunSession, attempt: EffectAttempt): RunningEffect;
}

export interface EffectAttempt {
  /** A provider's `retry-after`, honoured before this attempt. */
  minDelayMs: number;
  onProgress: (progress: JsonObject) => void;
}

export interface EffectRunnerOptions {
  slots: Slots;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  random: () => number;
  deltas: Deltas;
  /** Called when an effect begins and ends. */
  count: (change: 1 | -1) => void;
}

export function createEffectRunner(options: EffectRunnerOptions): EffectRunner {
  const own = new Map<string, Slots>();
  const slotsFor = ({ type, ownSlots, slotsOf }: EffectHandler, session: RunSession): Slots => {
    const { pending } = session.execution;
    const group = pending ? (slotsOf?.(pending.effect) ?? null) : null;
    const count = group?.count ?? ownSlots;
    if (count === undefined) return options.slots;
    const name = group?.name ?? type;
    const slots = own.get(name) ?? new Slots(count);
    own.set(name, slots);
    return slots;
  };
  return {
    run(handler, session, attempt) {
      const controller = new AbortController();
      const { signal } = controller;
      const result = execute(handler, session, { ...options, slots: slotsFor(handler, session), signal, ...attempt });
      return { result, abort: (reason) => controller.abort(reason) };
    },
  };
}

async function execute(
  handler: EffectHandler,
  session: RunSession,
  options: EffectRunnerOptions & EffectAttempt & { signal: AbortSignal },
): Promise<Effected | "shutdown"> {
  const { signal } = options;
  const { pending } = session.execution;
  if (!pending) throw new Error("there is no effect to run");
  await options.slots.acquire();
  options.count(1);
  try {
    // A later attempt waits first: exponential, capped, with jitter so that many runs do not come back together.
    if (pending.attempt > 1) {
      const backOff = backOffMs(handler, pending.attempt, options.random);
      await options.sleep(Math.max(backOff, options.minDelayMs), signal);
    }
    const onDelta = (text: string) => {
      const { run_id } = session.run;
      options.deltas.emit({ run_id, node_id: pending.node_id, step_id: pending.step_id, text });
    };
    const context = effectContext(session, signal, { onDelta, onProgress: options.onProgress });
    const effected = await handler.run(pending.effect, context);
    return signal.aborted && signal.reason === "shutdown" ? "shutdown" : effected;
  } catch (error) {
    if (signal.aborted && signal.reason === "shutdown") return "shutdown";
    return { outcome: { status: "failed", error: messageOf(error) } };
  } finally {
    options.deltas.end(session.run.run_id, pending.step_id);
    options.count(-1);
    options.slots.release();
  }
}

function backOffMs(handler: EffectHandler, attempt: number, random: () => number): number {
  const { baseMs, maxMs } = handler.retry;
  return Math.min(maxMs, baseMs * 2 ** (attempt - 2)) * (0.5 + random() / 2);
}

export function effectContext(
  session: RunSession,
  signal: AbortSignal,
  told: Pick<EffectContext, "onDelta" | "onProgress"> = {},
): EffectContext {
  const { run, execution } = session;
  const { pending } = execution;
  if (!pending) throw new Error("there is no effect to run");
  return {
    run,
    node_id: pending.node_id,
    step_id: pending.step_id,
    attempt: pending.attempt,
    idempotency_key: pending.idempotency_key,
    vars: execution.vars.root,
    signal,
    ...told,
  };
}
