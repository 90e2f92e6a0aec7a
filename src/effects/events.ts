import { type EventEnvelope, type EventScope, eventKey } from "#core/event.ts";
import type { NewMail } from "#core/mail.ts";
import type { Ledger } from "#ledger/ledger.ts";

/** More listeners than this on one key get a clear failure instead of a silent cut. */
const maxListeners = 10_000;

export interface Delivery {
  /** Who gets the event, in start order. */
  runIds: string[];
  mail: NewMail[];
  waitKey: string;
}

/** Finds who listens for an event, by its exact name or by `*`, in the runtime of the emitter. The mail is delivered by the caller's commit. */
export async function addressEvent(
  ledger: Ledger,
  target: { scope: EventScope; scopeId: string; runtimeId: string | null },
  event: EventEnvelope,
): Promise<Delivery> {
  const waitKey = eventKey(target.scope, target.scopeId, event.name);
  const wildcard = eventKey(target.scope, target.scopeId, "*");
  const found = await ledger.listeners([waitKey, wildcard], { runtimeId: target.runtimeId, limit: maxListeners });
  const byRun = new Map<string, NewMail>();
  for (const { run_id, key } of found) {
    if (!byRun.has(run_id)) byRun.set(run_id, { run_id, kind: "event", key, event });
  }
  return { runIds: [...byRun.keys()], mail: [...byRun.values()], waitKey };
}
