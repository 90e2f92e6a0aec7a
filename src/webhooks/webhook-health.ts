import { isoTime, parseTime } from "#core/time.ts";
import type { Subscription } from "#webhooks/subscription.ts";
import type { Document } from "#webhooks/webhook-store.ts";

/** How the receiver of a webhook has been lately. No entry: nothing was ever wrong. */
export interface Health {
  failingSince: string;
  lastError: string;
  /** Set when it was given up, with the reason. */
  disabledAt: string | null;
  note: string | null;
}

/**
 * Kept apart from the webhooks themselves: only the process that delivers writes it, and only the one that serves the API writes those,
 * so that two processes never write the same file.
 */
export class WebhookHealth {
  #file: Document;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(file: Document) {
    this.#file = file;
  }

  /** Null when all is well, or when somebody switched the webhook on again since. */
  of({ id, enabledAt }: Subscription): Health | null {
    const health = this.#all()[id];
    if (!health) return null;
    const since = health.disabledAt ?? health.failingSince;
    return parseTime(since) < parseTime(enabledAt) ? null : health;
  }

  isActive(subscription: Subscription): boolean {
    return subscription.enabled && !this.of(subscription)?.disabledAt;
  }

  /** The next attempt went well. Writes only when one before did not. */
  async recovered({ id }: Subscription): Promise<void> {
    if (this.#all()[id]) await this.#change((all) => delete all[id]);
  }

  /** Answers the entry as it is now. `giveUp` says why the webhook is switched off, or null. */
  async failed(
    subscription: Subscription,
    { error, nowMs, giveUp }: { error: string; nowMs: number; giveUp: (failingMs: number) => string | null },
  ): Promise<Health> {
    const failingSince = this.of(subscription)?.failingSince ?? isoTime(nowMs);
    const note = giveUp(nowMs - parseTime(failingSince));
    const disabledAt = note === null ? null : isoTime(nowMs);
    const health = { failingSince, lastError: error, disabledAt, note };
    await this.#change((all) => (all[subscription.id] = health));
    return health;
  }

  #all(): Record<string, Health> {
    const value = this.#file.read() as { webhooks?: Record<string, Health> } | null;
    return { ...value?.webhooks };
  }

  #change(change: (all: Record<string, Health>) => void): Promise<void> {
    const done = this.#writing.then(() => {
      const all = this.#all();
      change(all);
      return this.#file.write({ version: 1, webhooks: all });
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }
}
