import type { Update } from "grammy/types";
import { timingSafeEqual } from "node:crypto";
import { AppError, messageOf } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import type { BotApi } from "#clients/telegram/bot-api.ts";
import type { WebhookOptions } from "#clients/telegram/options.ts";

const kinds = ["message", "callback_query"] as const;

export interface UpdatesOptions {
  bot: BotApi;
  signal: AbortSignal;
  /** Number of the first update that was not dealt with; null: whatever Telegram has. */
  offset: () => number | null;
  /** Everything that the update causes is durable when it resolves. */
  take: (update: Update) => Promise<void>;
}

/** Asks Telegram for updates until the signal aborts. What was not taken is asked for again, also by the next process. */
export async function pollUpdates({ bot, signal, offset, take }: UpdatesOptions, timeoutS: number): Promise<void> {
  // A webhook of an earlier configuration would keep every update for itself.
  await bot.server.persist(signal, () => bot.api.deleteWebhook());
  for (;;) {
    const from = offset();
    const options = { timeout: timeoutS, allowed_updates: kinds, ...(from === null ? {} : { offset: from }) };
    const updates = await bot.server.persist(signal, () => bot.api.getUpdates(options, grammySignal(signal)));
    for (const update of updates) await take(update);
  }
}

/** The library asks for the interface of an older package, which the platform's signals fulfil. */
function grammySignal(signal: AbortSignal): Parameters<BotApi["api"]["getMe"]>[0] {
  return signal as unknown as Parameters<BotApi["api"]["getMe"]>[0];
}

const maxUpdateBytes = 1024 * 1024;

/** Has Telegram send updates. One that is not taken is answered with an error, and Telegram sends it again. */
export async function serveWebhook(
  options: UpdatesOptions,
  webhook: WebhookOptions,
  log: Log,
): Promise<{ stop(): Promise<void> }> {
  const { bot, signal } = options;
  const server = listen(webhook, updateHandler(options, webhook.secret, log));
  await bot.server.persist(signal, () =>
    bot.api.setWebhook(webhook.url, { secret_token: webhook.secret, allowed_updates: kinds }),
  );
  return { stop: () => server.stop() };
}

function listen({ host, port }: WebhookOptions, fetch: (request: Request) => Promise<Response>) {
  try {
    return Bun.serve({ hostname: host, port, maxRequestBodySize: maxUpdateBytes, fetch });
  } catch (cause) {
    throw new AppError("unavailable", `The webhook cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause });
  }
}

function updateHandler({ offset, take }: UpdatesOptions, secret: string, log: Log) {
  // One after the other, as they are in long polling.
  let order: Promise<void> = Promise.resolve();
  return async (request: Request): Promise<Response> => {
    if (!isSame(request.headers.get("x-telegram-bot-api-secret-token") ?? "", secret)) {
      return new Response(null, { status: 401 });
    }
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const update = updateOf(await request.text());
    if (update === null) return new Response("not an update", { status: 400 });
    const taken = order.then(async () => {
      if (update.update_id >= (offset() ?? 0)) await take(update);
    });
    order = taken.catch(() => undefined);
    try {
      await taken;
      return new Response(null, { status: 200 });
    } catch (error) {
      log.write("error", `Telegram: an update could not be taken: ${messageOf(error)}`);
      return new Response(null, { status: 503 });
    }
  };
}

function updateOf(text: string): Update | null {
  try {
    const value = JSON.parse(text) as Partial<Update> | null;
    return typeof value?.update_id === "number" ? (value as Update) : null;
  } catch {
    return null;
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => new Bun.CryptoHasher("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
