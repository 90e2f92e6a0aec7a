import { parseObject } from "#core/json.ts";
import { type Run, isTerminal } from "#core/run.ts";
import { type JsonObject, isObject, numberOf } from "#core/value.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import type { Subscription } from "#webhooks/subscription.ts";
import type { WebhookHealth } from "#webhooks/webhook-health.ts";

/** A webhook as clients see it: everything but its secret. */
export function webhookJson(subscription: Subscription, health: WebhookHealth) {
  const { id, url, description, events, bundleIds, sessionIds, createdAt, updatedAt } = subscription;
  const trouble = health.of(subscription);
  return {
    id,
    url,
    description,
    events,
    bundle_ids: bundleIds,
    session_ids: sessionIds,
    enabled: health.isActive(subscription),
    disabled_reason: trouble?.note ?? null,
    failing_since: trouble?.failingSince ?? null,
    last_error: trouble?.lastError ?? null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

/** A delivery, from its run and the last attempt in its ledger. */
export async function deliveryJson(ledger: ScopedLedger, run: Run) {
  const last = await lastAttempt(ledger, run);
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return {
    id: run.run_id,
    message_id: text(run.lifecycle?.["message_id"]) ?? "",
    event: text(run.lifecycle?.["event"]) ?? "",
    run_id: text(run.lifecycle?.["event_run_id"]),
    status: isTerminal(run.status) ? (run.status === "completed" ? "delivered" : "failed") : "pending",
    last_status: numberOf(last["status"]),
    last_error: text(last["error"]) ?? (run.status === "cancelled" ? run.error : null),
    next_attempt_at: run.status === "waiting" ? (run.wait?.until ?? null) : null,
    created_at: run.created_at,
    finished_at: run.finished_at,
  };
}

/** The end of a run, with the last attempt in it, is no longer than this. */
const tailRecords = 12;

async function lastAttempt(ledger: ScopedLedger, { run_id }: Run): Promise<JsonObject> {
  const records = (await ledger.tailRecords(run_id, tailRecords)).map(({ json }) => parseObject(json));
  const last = records.findLast(({ effect, result }) => isObject(effect) && isObject(result) && "delivered" in result);
  return isObject(last?.["result"]) ? last["result"] : {};
}
