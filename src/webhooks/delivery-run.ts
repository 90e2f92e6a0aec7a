import { isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { type WebhookMessage, webhookPrefix } from "#core/webhook.ts";
import { webhookPlan } from "#engine/webhook/plan.ts";
import type { NewRun } from "#ledger/ledger.ts";
import { newRun } from "#runner/new-run.ts";
import type { Subscription } from "#webhooks/subscription.ts";

export interface DeliveryOptions {
  now: () => number;
  newId: () => string;
}

/** The session of all deliveries of a webhook: they are found by it. */
export function deliverySession(webhookId: string): string {
  return `webhook:${webhookId}`;
}

/**
 * A delivery is a run of its own: it becomes durable in the same commit as what it tells of, is taken up again after a crash, waits
 * between attempts without a process, and its ledger says how each attempt went. Every store can do that already.
 */
export function deliveryRun(
  subscription: Pick<Subscription, "id" | "runtimeId">,
  message: WebhookMessage,
  { now, newId, messageId = `msg_${newId().replaceAll("-", "")}` }: DeliveryOptions & { messageId?: string },
): NewRun {
  const { id, runtimeId } = subscription;
  return newRun(
    {
      plan: webhookPlan(webhookPrefix + id),
      bundleDigest: null,
      vars: {
        webhook: { webhook_id: id, message_id: messageId, attempt: 0, message: message as unknown as JsonObject },
      },
      sessionId: deliverySession(id),
      actorId: "gateway",
      runtimeId,
      lifecycle: {
        purpose: "webhook_delivery",
        message_id: messageId,
        event: message.type,
        event_run_id: message.data["run_id"] ?? null,
      },
    },
    now,
    newId,
  );
}

/** The message of `POST …/test`. */
export function testMessage({ id }: Subscription, nowMs: number): WebhookMessage {
  return { type: "webhook.test", timestamp: isoTime(nowMs), data: { webhook_id: id } };
}
