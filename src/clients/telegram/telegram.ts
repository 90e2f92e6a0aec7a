import type { CallbackQuery, Message, Update, UserFromGetMe } from "grammy/types";
import { AppError, messageOf } from "#core/errors.ts";
import type { CommandOutcome } from "#core/command.ts";
import type { JsonObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { type Question, type StateKeeper, openState } from "#clients/bridge/bridge-state.ts";
import type { Bridge } from "#clients/bridge/channel.ts";
import { Conversations } from "#clients/bridge/conversations.ts";
import { gatewayServer } from "#clients/bridge/gateway-server.ts";
import type { Server } from "#clients/bridge/persist.ts";
import { Questions } from "#clients/bridge/questions.ts";
import { readAnswer } from "#clients/bridge/read-answer.ts";
import { type BotApi, openBotApi, refusalOf } from "#clients/telegram/bot-api.ts";
import { type ChatCommandOptions, chatCommand } from "#clients/telegram/chat-command.ts";
import { readMessage } from "#clients/telegram/incoming.ts";
import { filesOf, storedFile } from "#clients/telegram/message-files.ts";
import type { TelegramOptions } from "#clients/telegram/options.ts";
import { mayTalk, ownerChat } from "#clients/telegram/permission.ts";
import { TelegramChannel } from "#clients/telegram/telegram-channel.ts";
import { pollUpdates, serveWebhook } from "#clients/telegram/updates.ts";

/**
 * Telegram as a client of the gateway: a chat is a session. AppError `storage` when the state cannot be read, `unavailable` when the
 * webhook's port is taken; a Telegram or a gateway that is away is waited for.
 */
export async function startTelegram(sdk: GatewayClient, options: TelegramOptions): Promise<Bridge> {
  const stopping = new AbortController();
  const bridge = new TelegramBridge(sdk, options, stopping.signal);
  const running = bridge.run().catch((error: unknown) => {
    if (!stopping.signal.aborted) options.log.write("error", `The Telegram bridge stopped: ${messageOf(error)}`);
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

class TelegramBridge {
  #options: TelegramOptions;
  #signal: AbortSignal;
  #bot: BotApi;
  #keeper: StateKeeper;
  #conversations: Conversations;
  #questions: Questions;
  #commands: Omit<ChatCommandOptions, "chat" | "user" | "key">;
  #strangers = new Set<number>();
  #me: UserFromGetMe | null = null;

  constructor(sdk: GatewayClient, options: TelegramOptions, signal: AbortSignal) {
    const { log, patience } = options;
    this.#options = options;
    this.#signal = signal;
    this.#bot = openBotApi(options);
    this.#keeper = openState(options.state);
    const gateway: Server = gatewayServer(sdk.baseUrl, log, patience);
    const parts = { sdk, gateway, keeper: this.#keeper, log, signal };
    const channel = new TelegramChannel({ ...parts, bot: this.#bot, settings: options });
    this.#questions = new Questions({ ...parts, channel, everyMs: options.questionsMs, hasLinks: options.hasLinks });
    this.#conversations = new Conversations({
      ...parts,
      channel,
      settings: options,
      onWait: () => this.#questions.nudge(),
    });
    this.#commands = {
      ...parts,
      conversations: this.#conversations,
      questions: this.#questions,
      resetMessage: options.resetMessage,
    };
  }

  async run(): Promise<void> {
    const { webhook, pollTimeoutS, log } = this.#options;
    const signal = this.#signal;
    if (
      ownerChat(this.#options) === null &&
      this.#options.dmPolicy === "allowlist" &&
      this.#options.allowedUsers.length === 0
    ) {
      log.write("warn", "Telegram: nobody may write to the bot; ABSTRACT_TELEGRAM_ALLOWED_USERS says who may.");
    }
    this.#conversations.resume();
    const questions = this.#questions.run();
    let server: { stop(): Promise<void> } | null = null;
    try {
      this.#me = await this.#bot.server.persist(signal, () => this.#bot.api.getMe());
      const updates = {
        bot: this.#bot,
        signal,
        offset: () => this.#offset(),
        take: (update: Update) => this.#take(update),
      };
      if (webhook === null) return await pollUpdates(updates, pollTimeoutS);
      server = await serveWebhook(updates, webhook, log);
      await aborted(signal);
    } finally {
      await server?.stop();
      if (signal.aborted) await Promise.all([questions, this.#conversations.stopped()]);
    }
  }

  #offset(): number | null {
    const { offset } = this.#keeper.state.position;
    return typeof offset === "number" ? offset : null;
  }

  /** Deals with an update, and remembers that with one write. */
  async #take(update: Update): Promise<void> {
    if (update.update_id < (this.#offset() ?? 0)) return;
    const woken = await this.#handle(update).catch((error: unknown) => {
      this.#signal.throwIfAborted();
      const reason = refusalOf(error) ?? messageOf(error);
      this.#options.log.write("error", `Telegram: an update was passed over: ${reason}`, {
        update_id: update.update_id,
      });
      return null;
    });
    this.#keeper.state.position["offset"] = update.update_id + 1;
    await this.#keeper.save();
    if (woken !== null) this.#conversations.wake(woken);
  }

  /** The conversation that has something to do now. */
  async #handle(update: Update): Promise<string | null> {
    const key = `telegram:${update.update_id}`;
    if (update.callback_query) await this.#pressed(update.callback_query, key);
    else if (update.message) return this.#said(update.message, key);
    return null;
  }

  async #said(message: Message, key: string): Promise<string | null> {
    const { from, chat } = message;
    if (!from || !this.#me) return null;
    if (!mayTalk(this.#options, chat, from)) return this.#passOver(from.id);
    const { text, command, isForBot } = readMessage(message, this.#me);
    const id = String(chat.id);
    if (command) {
      const answer = await chatCommand(command, { ...this.#commands, chat, user: from, key });
      if (answer !== null) {
        await this.#reply(id, answer, message.message_id);
        return id;
      }
    }
    if (!isForBot && this.#options.requiresMention) return null;
    const files = filesOf(message);
    const question = files.length === 0 ? this.#questionOf(id, message) : null;
    if (question) return this.#answered(question, text, { key, id, messageId: message.message_id });
    if (text === "" && files.length === 0) return null;
    const about = { messageId: message.message_id };
    const isTaken = this.#conversations.receive(id, { key, text, files: files.map(storedFile), about });
    if (!isTaken)
      await this.#reply(id, "Too many messages wait here already. This one was not taken.", message.message_id);
    return id;
  }

  #passOver(userId: number): null {
    if (this.#strangers.has(userId) || this.#strangers.size > 1000) return null;
    this.#strangers.add(userId);
    this.#options.log.write("warn", "Telegram: a message of somebody who is not allowed was passed over", {
      user_id: userId,
    });
    return null;
  }

  /** The question that a message answers: the one that it replies to, else the newest one of this conversation's own run. */
  #questionOf(id: string, message: Message): Question | null {
    const repliedTo = message.reply_to_message?.message_id;
    if (repliedTo !== undefined) {
      const asked = this.#questions.newest(id, ({ shown }) => shown["messageId"] === repliedTo);
      if (asked) return asked;
    }
    const { turn } = this.#conversations.of(id);
    return this.#questions.newest(
      id,
      ({ runId, isConsent }) => !isConsent && turn !== null && Object.hasOwn(turn.cursors, runId),
    );
  }

  async #answered(
    question: Question,
    text: string,
    from: { key: string; id: string; messageId: number },
  ): Promise<null> {
    const payload = readAnswer(question, text);
    if (payload === null) {
      const hint = question.isConsent ? "Say yes or no." : `Choose one of: ${question.choices.join(", ")}`;
      await this.#reply(from.id, hint, from.messageId);
      return null;
    }
    const problem = problemOf(await this.#questions.answer(question, payload, from.key));
    if (problem !== null) await this.#reply(from.id, problem, from.messageId);
    return null;
  }

  async #pressed(query: CallbackQuery, key: string): Promise<void> {
    const chat = query.message?.chat;
    if (!chat || !mayTalk(this.#options, chat, query.from)) return void this.#passOver(query.from.id);
    const [, action = "", token = "", index = ""] = /^([adc]):([0-9a-f]{12})(?::(\d+))?$/.exec(query.data ?? "") ?? [];
    const question = this.#questions.find(token);
    const payload = question && pressedPayload(question, action, index);
    const isHere = question?.conversationId === String(chat.id);
    const text =
      question && payload && isHere
        ? (problemOf(await this.#questions.answer(question, payload, key)) ?? "Taken.")
        : "No longer open.";
    // Telegram forgets a press after a while, and then does not want to hear of it.
    await this.#bot.server
      .persist(this.#signal, () => this.#bot.api.answerCallbackQuery(query.id, { text }))
      .catch((error: unknown) => {
        if (refusalOf(error) === null) throw error;
      });
  }

  async #reply(chatId: string, text: string, messageId: number): Promise<void> {
    const reply_parameters = { message_id: messageId, allow_sending_without_reply: true };
    await this.#bot.server.persist(this.#signal, () => this.#bot.api.sendMessage(chatId, text, { reply_parameters }));
  }
}

function pressedPayload(question: Question, action: string, index: string): JsonObject | null {
  if (action === "c") {
    const response = question.choices[Number(index)];
    return response === undefined ? null : { response };
  }
  if (!question.isConsent) return null;
  return action === "a" ? { approved: true } : { approved: false };
}

/** Null when the answer counts. */
function problemOf(outcome: CommandOutcome | null): string | null {
  if (outcome === null || outcome.status === "applied") return null;
  return `Somebody was faster: ${outcome.message}.`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** AppError `invalid_request` for options that no bot can work with. */
export function checkTelegram({ token, webhook }: Pick<TelegramOptions, "token" | "webhook">): void {
  if (!/^\d+:[A-Za-z0-9_-]{20,}$/.test(token)) {
    throw new AppError("invalid_request", "ABSTRACT_TELEGRAM_BOT_TOKEN is not a bot's token such as 123456:AbC…");
  }
  if (webhook && !/^[A-Za-z0-9_-]{16,256}$/.test(webhook.secret)) {
    throw new AppError("invalid_request", "ABSTRACT_TELEGRAM_WEBHOOK_SECRET must be 16 to 256 letters, digits, _ or -");
  }
}
