import { AppError } from "#core/errors.ts";
import { type WebhookEvent, webhookEvents } from "#core/webhook.ts";

/** Who wants to be told of what, and where. */
export interface Subscription {
  id: string;
  url: string;
  description: string;
  events: WebhookEvent[];
  /** Only runs of these bundles; empty: of all. */
  bundleIds: string[];
  /** Only runs of these sessions; empty: of all. */
  sessionIds: string[];
  enabled: boolean;
  sealedSecret: string;
  /** The secret before a change signs too for a while, so that a receiver can follow without losing a message. */
  previous: { sealedSecret: string; untilMs: number } | null;
  /** Runs of this runtime. */
  runtimeId: string;
  createdBy: string;
  createdAt: string;
  updatedAt: string;
  /** When somebody last switched it on: what failed before is forgiven. */
  enabledAt: string;
}

export interface SubscriptionInput {
  url?: string;
  description?: string;
  events?: string[];
  bundleIds?: string[];
  sessionIds?: string[];
  enabled?: boolean;
  rotateSecret?: boolean;
}

/** AppError `invalid_request` for a name that is none of ours. No names mean all events. */
export function eventsOf(names: readonly string[]): WebhookEvent[] {
  const wrong = names.find((name) => !webhookEvents.some((event) => event === name));
  if (wrong !== undefined) {
    const there = webhookEvents.join(", ");
    throw new AppError("invalid_request", `events: '${wrong.slice(0, 80)}' is not an event (there are: ${there})`);
  }
  return names.length === 0 ? [...webhookEvents] : webhookEvents.filter((event) => names.includes(event));
}

export function isSubscription(value: unknown): value is Subscription {
  if (typeof value !== "object" || value === null) return false;
  const { id, url, events, sealedSecret } = value as Partial<Record<keyof Subscription, unknown>>;
  return typeof id === "string" && typeof url === "string" && Array.isArray(events) && typeof sealedSecret === "string";
}
