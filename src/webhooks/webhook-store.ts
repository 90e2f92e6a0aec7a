import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { newWebhookSecret } from "#webhooks/signature.ts";
import { type Subscription, type SubscriptionInput, eventsOf, isSubscription } from "#webhooks/subscription.ts";

/** A JSON document that every process of the data folder reads. */
export interface Document {
  read(): unknown;
  write(value: unknown): Promise<void>;
}

export interface WebhookStoreOptions {
  file: Document;
  box: { seal(secret: string, name: string): string; open(sealed: string, name: string): string };
  now: Clock;
  newId: () => string;
}

/** How soon a process sees what another one changed, ms. Each commit of a run asks, so the disk cannot be asked each time. */
const lookMs = 1000;
const rotationMs = 86_400_000;
/** So many of one runtime: each of its events is matched against all of them. */
const maxSubscriptions = 100;

/** The webhooks that people made. A secret is shown when it is made and never again. */
export class WebhookStore {
  #options: WebhookStoreOptions;
  #known: Subscription[] = [];
  #lookAtMs = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: WebhookStoreOptions) {
    this.#options = options;
  }

  /** What this process knows; changes of another one are seen within a second. */
  list(): readonly Subscription[] {
    const nowMs = performance.now();
    if (nowMs < this.#lookAtMs) return this.#known;
    this.#lookAtMs = nowMs + lookMs;
    this.#known = this.#read();
    return this.#known;
  }

  /** As it is on disk now: a delivery may be quicker than the next look. */
  get(id: string): Subscription | null {
    return this.#read().find((each) => each.id === id) ?? null;
  }

  /** What a message is signed with now. AppError `storage` when it cannot be decrypted. */
  secretsOf({ id, sealedSecret, previous }: Subscription): string[] {
    const { box, now } = this.#options;
    const old = previous !== null && previous.untilMs > now() ? [previous.sealedSecret] : [];
    return [sealedSecret, ...old].map((sealed) => box.open(sealed, `webhook:${id}`));
  }

  /** AppError `invalid_request` names what is wrong. */
  create(
    input: SubscriptionInput & { url: string },
    owner: { runtimeId: string; createdBy: string },
  ): Promise<{ subscription: Subscription; secret: string }> {
    return this.#inTurn(async (all) => {
      if (all.filter(({ runtimeId }) => runtimeId === owner.runtimeId).length >= maxSubscriptions)
        throw new AppError("conflict", `There are ${maxSubscriptions} webhooks already: remove one first`);
      const id = `wh_${this.#options.newId().replaceAll("-", "")}`;
      const secret = newWebhookSecret();
      const at = isoTime(this.#options.now());
      const subscription: Subscription = {
        id,
        url: input.url,
        description: input.description ?? "",
        events: eventsOf(input.events ?? []),
        bundleIds: input.bundleIds ?? [],
        sessionIds: input.sessionIds ?? [],
        enabled: input.enabled ?? true,
        sealedSecret: this.#seal(secret, id),
        previous: null,
        ...owner,
        createdAt: at,
        updatedAt: at,
        enabledAt: at,
      };
      await this.#write([...all, subscription]);
      return { subscription, secret };
    });
  }

  /** AppErrors `not_found` and `invalid_request`. `secret` is a new one, when one was asked for. */
  change(id: string, input: SubscriptionInput): Promise<{ subscription: Subscription; secret: string | null }> {
    return this.#inTurn(async (all) => {
      const before = all.find((each) => each.id === id);
      if (!before) throw new AppError("not_found", `Webhook '${id.slice(0, 200)}' not found`);
      const { rotateSecret, events, ...given } = input;
      const nowMs = this.#options.now();
      const secret = rotateSecret ? newWebhookSecret() : null;
      const next: Subscription = {
        ...before,
        ...given,
        ...(events ? { events: eventsOf(events) } : {}),
        ...(given.enabled ? { enabledAt: isoTime(nowMs) } : {}),
        ...(secret === null
          ? {}
          : {
              sealedSecret: this.#seal(secret, id),
              previous: { sealedSecret: before.sealedSecret, untilMs: nowMs + rotationMs },
            }),
        updatedAt: isoTime(nowMs),
      };
      await this.#write(all.map((each) => (each === before ? next : each)));
      return { subscription: next, secret };
    });
  }

  /** False when there was none. */
  remove(id: string): Promise<boolean> {
    return this.#inTurn(async (all) => {
      const rest = all.filter((each) => each.id !== id);
      if (rest.length < all.length) await this.#write(rest);
      return rest.length < all.length;
    });
  }

  #seal(secret: string, id: string): string {
    return this.#options.box.seal(secret, `webhook:${id}`);
  }

  #read(): Subscription[] {
    const value = this.#options.file.read() as { webhooks?: unknown } | null;
    return Array.isArray(value?.webhooks) ? value.webhooks.filter(isSubscription) : [];
  }

  /** One change after the other, each from what is on disk. */
  #inTurn<T>(work: (all: Subscription[]) => Promise<T>): Promise<T> {
    const done = this.#writing.then(() => work(this.#read()));
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #write(webhooks: Subscription[]): Promise<void> {
    await this.#options.file.write({ version: 1, webhooks });
    this.#known = webhooks;
    this.#lookAtMs = performance.now() + lookMs;
  }
}
