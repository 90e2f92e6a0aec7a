import type { Effect } from "#core/effect.ts";
import { pyStr } from "#core/python.ts";
import { type EventEnvelope, eventPayload, eventScopes, scopeId } from "#core/event.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { addressEvent } from "#effects/events.ts";
import type { Ledger } from "#ledger/ledger.ts";

/** Events between runs: found by key, delivered as mail in the same commit as the emitting step. Touches only the ledger. */
export function emitEventHandler(ledger: Ledger, now: Clock): EffectHandler {
  return {
    type: "emit_event",
    world: false,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    run: (effect, context) => emit(ledger, now, effect, context),
  };
}

async function emit(ledger: Ledger, now: Clock, effect: Effect, context: EffectContext): Promise<Effected> {
  const { payload } = effect;
  const name = typeof payload["name"] === "string" ? payload["name"].trim() : "";
  if (!name) return { outcome: { status: "failed", error: "emit_event needs a name" } };
  const scope = eventScopes.find((known) => known === (payload["scope"] ?? "session"));
  if (!scope) {
    return { outcome: { status: "failed", error: `emit_event: unknown scope '${pyStr(payload["scope"] ?? null)}'` } };
  }
  const sessionId =
    typeof payload["session_id"] === "string" && payload["session_id"] ? payload["session_id"] : context.run.session_id;
  const event: EventEnvelope = {
    event_id: typeof payload["event_id"] === "string" ? payload["event_id"] : context.step_id,
    name,
    scope,
    session_id: sessionId,
    payload: eventPayload(payload["payload"]),
    emitted_at: isoTime(now()),
    emitter: { run_id: context.run.run_id, workflow_id: context.run.workflow_id, node_id: context.node_id },
  };
  const ids = { session_id: sessionId, workflow_id: context.run.workflow_id, run_id: context.run.run_id };
  const target = { scope, scopeId: scopeId(scope, ids), runtimeId: context.run.runtime_id };
  const delivery = await addressEvent(ledger, target, event);
  return {
    mail: delivery.mail,
    outcome: {
      status: "completed",
      result: {
        wait_key: delivery.waitKey,
        name,
        scope,
        delivered: delivery.runIds.length,
        delivered_to: delivery.runIds,
        resumed: delivery.runIds.map((run_id) => ({ run_id, status: "running" })),
      },
    },
  };
}
