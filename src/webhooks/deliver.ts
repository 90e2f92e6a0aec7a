import type { Effect } from "#core/effect.ts";
import { messageOf } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import type { Report } from "#core/log.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { isObject, numberOf } from "#core/value.ts";
import type { WebhookAttempt } from "#core/webhook.ts";
import type { EffectContext, EffectHandler } from "#effects/effect-handler.ts";
import { signedHeaders } from "#webhooks/signature.ts";
import type { Subscription } from "#webhooks/subscription.ts";
import type { WebhookHealth } from "#webhooks/webhook-health.ts";
import type { WebhookStore } from "#webhooks/webhook-store.ts";

export interface DeliverDependencies {
  store: WebhookStore;
  health: WebhookHealth;
  /** Asks a URL that somebody outside named; only what the guard lets through. */
  send: (
    url: string,
    request: {
      method: string;
      headers: Record<string, string>;
      body: string;
      signal: AbortSignal;
      timeoutMs: number;
      maxBytes: number;
      followsRedirects: boolean;
    },
  ) => Promise<{ status: number; headers: Headers }>;
  now: Clock;
  /** 0 ≤ x < 1 */
  random: () => number;
  /** Times between attempts, ms; after the last one the delivery has failed. */
  retryDelaysMs: readonly number[];
  /** A receiver that has failed for so long is not asked any more. */
  disableAfterMs: number;
  report: Report;
}

const timeoutMs = 15_000;
/** Receivers that are slow must not hold up models and tools. */
const maxAtOnce = 16;
const maxReplyBytes = 64 * 1024;
const maxRetryAfterMs = 86_400_000;

/** One attempt of a delivery. Made again after a crash: receivers know a message by its `webhook-id`. */
export function webhookDeliveryHandler(deps: DeliverDependencies): EffectHandler {
  return {
    type: "webhook_delivery",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    ownSlots: maxAtOnce,
    async run(effect, context) {
      return { outcome: { status: "completed", result: { ...(await attempt(deps, effect, context)) } } };
    },
  };
}

async function attempt(deps: DeliverDependencies, effect: Effect, context: EffectContext): Promise<WebhookAttempt> {
  const { webhook_id: webhookId, message_id: messageId } = effect.payload;
  const state = context.vars["webhook"];
  const message = isObject(state) ? state["message"] : undefined;
  if (typeof webhookId !== "string" || typeof messageId !== "string" || !isObject(message))
    return lost("The delivery has no message");
  const subscription = deps.store.get(webhookId);
  if (!subscription) return lost("The webhook was removed");
  // A test is for whoever looks why it is off.
  if (message["type"] !== "webhook.test" && !deps.health.isActive(subscription))
    return lost("The webhook is switched off");
  const answer = await ask(deps, subscription, {
    messageId,
    body: stringifyJson(message),
    signal: context.signal,
  });
  if (answer.error === null) {
    await deps.health.recovered(subscription);
    return { delivered: true, status: answer.status, error: null, retry_at: null };
  }
  return failed(deps, subscription, {
    ...answer,
    error: answer.error,
    number: numberOf(effect.payload["attempt"]) ?? 1,
  });
}

interface Answer {
  status: number | null;
  error: string | null;
  retryAfterMs: number;
}

async function ask(
  { store, send, now }: DeliverDependencies,
  subscription: Subscription,
  { messageId, body, signal }: { messageId: string; body: string; signal: AbortSignal },
): Promise<Answer> {
  try {
    const headers = {
      "content-type": "application/json",
      "user-agent": "AbstractGateway",
      ...signedHeaders(store.secretsOf(subscription), { messageId, nowMs: now(), body }),
    };
    const request = {
      method: "POST",
      headers,
      body,
      signal,
      timeoutMs,
      maxBytes: maxReplyBytes,
      followsRedirects: false,
    };
    const { status, headers: answered } = await send(subscription.url, request);
    const isFine = status >= 200 && status < 300;
    const retryAfterMs = Math.min(maxRetryAfterMs, 1000 * (Number(answered.get("retry-after")) || 0));
    return { status, error: isFine ? null : `The receiver answered ${status}`, retryAfterMs };
  } catch (error) {
    if (signal.aborted) throw error;
    return { status: null, error: messageOf(error), retryAfterMs: 0 };
  }
}

async function failed(
  deps: DeliverDependencies,
  subscription: Subscription,
  { status, error, retryAfterMs, number }: Answer & { error: string; number: number },
): Promise<WebhookAttempt> {
  const { health, now, random, retryDelaysMs, disableAfterMs, report } = deps;
  const giveUp = (failingMs: number) => {
    if (status === 410) return "The receiver answered 410: it wants no more";
    return failingMs >= disableAfterMs ? `It failed for ${Math.round(failingMs / 3_600_000)} hours: ${error}` : null;
  };
  const nowMs = now();
  const { note } = await health.failed(subscription, { error, nowMs, giveUp });
  if (note !== null)
    report(`The webhook ${subscription.id} was switched off. ${note}`, { webhook_id: subscription.id });
  const delayMs = retryDelaysMs[number - 1];
  if (note !== null || delayMs === undefined) return { delivered: false, status, error, retry_at: null };
  // Many deliveries fail together when a receiver goes away; they must not all come back together.
  const waitMs = Math.max(delayMs * (0.8 + 0.4 * random()), retryAfterMs);
  return { delivered: false, status, error, retry_at: isoTime(nowMs + waitMs) };
}

function lost(error: string): WebhookAttempt {
  return { delivered: false, status: null, error, retry_at: null };
}
