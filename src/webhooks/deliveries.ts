import { parseObject } from "#core/json.ts";
import { type Run, isTerminal } from "#core/run.ts";
import { parseTime } from "#core/time.ts";
import { isObject } from "#core/value.ts";
import { type WebhookMessage, webhookPrefix } from "#core/webhook.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import { deliverySession } from "#webhooks/delivery-run.ts";

/** Deliveries of a webhook, newest change first. */
export async function listDeliveries(
  ledger: Pick<ScopedLedger, "listRuns">,
  webhookId: string,
  limit: number,
): Promise<Run[]> {
  const query = { sessionId: deliverySession(webhookId), workflowId: webhookPrefix + webhookId };
  return ledger.listRuns({ ...query, limit, includeInternal: true });
}

/** Null when there is no such delivery of this webhook. */
export async function readDelivery(ledger: ScopedLedger, webhookId: string, deliveryId: string): Promise<Run | null> {
  const run = await ledger.getRun(deliveryId);
  return run?.workflow_id === webhookPrefix + webhookId ? run : null;
}

/** What was or will be sent. */
export async function messageOfDelivery(
  ledger: ScopedLedger,
  run: Run,
): Promise<{ messageId: string; message: WebhookMessage } | null> {
  const input = await ledger.readInput(run.run_id);
  const state = input === null ? null : parseObject(input)["webhook"];
  if (!isObject(state)) return null;
  const { message_id: messageId, message } = state;
  if (typeof messageId !== "string" || !isObject(message)) return null;
  return { messageId, message: message as unknown as WebhookMessage };
}

/** Each webhook keeps so many of its deliveries, for so long. */
const maxKept = 1000;
const keptMs = 7 * 86_400_000;
const cleanEveryMs = 3_600_000;

/** Removes deliveries that are over and old. */
export async function removeOldDeliveries(ledger: ScopedLedger, webhookIds: string[], nowMs: number): Promise<void> {
  for (const webhookId of webhookIds) {
    const runs = await listDeliveries(ledger, webhookId, 5 * maxKept);
    const old = runs.filter(
      (run, index) => isTerminal(run.status) && (index >= maxKept || parseTime(run.updated_at) < nowMs - keptMs),
    );
    if (old.length > 0) await ledger.deleteRuns(old.map(({ run_id }) => run_id));
  }
}

/** Does so every hour; the answer ends it. */
export function keepDeliveriesFew(clean: () => Promise<void>): () => void {
  const timer = setInterval(() => void clean().catch(() => undefined), cleanEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
