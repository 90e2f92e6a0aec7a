import { InputFile, InlineKeyboard } from "grammy/web";
import type { Log } from "#core/log.ts";
import { messageOf } from "#core/errors.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { RunSummary } from "#sdk/wire.ts";
import type { Message, Question, StateKeeper } from "#clients/bridge/bridge-state.ts";
import type { AskedQuestion, Channel, OutgoingFile, Place, Prepared } from "#clients/bridge/channel.ts";
import type { Server } from "#clients/bridge/persist.ts";
import { type BotApi, refusalOf } from "#clients/telegram/bot-api.ts";
import { LiveText } from "#clients/telegram/live-text.ts";
import { readFile } from "#clients/telegram/message-files.ts";
import type { TelegramOptions } from "#clients/telegram/options.ts";
import { ownerChat } from "#clients/telegram/permission.ts";
import { receiveFiles } from "#clients/telegram/receive-files.ts";
import { pieces } from "#clients/telegram/texts.ts";
import { questionText } from "#clients/telegram/question-text.ts";

export interface TelegramChannelOptions {
  sdk: GatewayClient;
  gateway: Server;
  bot: BotApi;
  keeper: StateKeeper;
  settings: TelegramOptions;
  log: Log;
  signal: AbortSignal;
}

/** Shown until there is something to say. */
const working = "…";

/**
 * What a run says, in a chat. Each message is sent empty first and its number kept, and the text is put in by a change, which may be
 * repeated: a crash in between leaves nothing out, and shows nothing twice.
 */
export class TelegramChannel implements Channel {
  readonly clientId = "telegram";
  #options: TelegramChannelOptions;
  #live = new Map<string, LiveText>();

  constructor(options: TelegramChannelOptions) {
    this.#options = options;
  }

  prepare(message: Message, sessionId: string): Promise<Prepared> {
    const { settings } = this.#options;
    if (!settings.storesMedia) return Promise.resolve({ text: message.text, attachments: [] });
    return receiveFiles({ ...this.#options, maxFileBytes: settings.maxFileBytes }, message, sessionId);
  }

  async begin(place: Place): Promise<void> {
    const { bot, settings, signal } = this.#options;
    const messageId = await this.#slot(place, 0);
    const live = new LiveText({
      chatId: chatOf(place),
      messageId,
      bot,
      signal,
      editMs: settings.editMs,
      typingIntervalMs: settings.typingIntervalMs,
      typingMaxMs: settings.typingMaxMs,
    });
    this.#live.set(place.conversationId, live);
  }

  live(place: Place, text: string): void {
    if (place.turn.spoken === 0) this.#live.get(place.conversationId)?.show(text);
  }

  async say(place: Place, text: string): Promise<void> {
    await this.#live.get(place.conversationId)?.settle();
    const first = numberIn(place.turn.shown, "used");
    const parts = pieces(text);
    for (const [index, part] of parts.entries()) {
      const messageId = await this.#slot(place, first + index);
      await this.#change(chatOf(place), messageId, part);
    }
    // Durable together with the place in the ledger that the text came from.
    place.turn.shown["used"] = first + parts.length;
    if (isVoiceMessage(place)) await this.#speak(place, text);
  }

  async file(place: Place, { name, contentType, bytes }: OutgoingFile): Promise<void> {
    const { bot, signal } = this.#options;
    const chatId = chatOf(place);
    const file = () => new InputFile(bytes, name);
    await bot.server.persist(signal, async () => {
      if (/^image\/(jpeg|png|webp)$/.test(contentType)) return bot.api.sendPhoto(chatId, file());
      if (/^audio\/(ogg|opus)/.test(contentType)) return bot.api.sendVoice(chatId, file());
      if (/^audio\/(mpeg|mp4)/.test(contentType)) return bot.api.sendAudio(chatId, file());
      return bot.api.sendDocument(chatId, file());
    });
  }

  async end(place: Place): Promise<void> {
    await this.#live.get(place.conversationId)?.settle();
    this.#live.delete(place.conversationId);
  }

  destinationOf(run: RunSummary): string | null {
    const { keeper, settings } = this.#options;
    const own = Object.entries(keeper.state.conversations).find(
      ([, { sessionId }]) => sessionId === run.session_id,
    )?.[0];
    return own ?? ownerChat(settings);
  }

  async reserve(conversationId: string): Promise<JsonObject> {
    const { bot, signal, log } = this.#options;
    try {
      const sent = await bot.server.persist(signal, () => bot.api.sendMessage(conversationId, working));
      return { messageId: sent.message_id };
    } catch (error) {
      if (signal.aborted) throw error;
      log.write("error", `Telegram: a question cannot be asked: ${refusalOf(error) ?? messageOf(error)}`);
      return {};
    }
  }

  async ask(asked: AskedQuestion): Promise<void> {
    const { bot, signal } = this.#options;
    const { conversationId, shown } = asked.question;
    const { messageId } = shown;
    if (typeof messageId !== "number") return;
    const keyboard = buttons(asked);
    const options = keyboard.inline_keyboard.length > 0 ? { reply_markup: keyboard } : {};
    await this.#quietly(async () => {
      await bot.server.persist(signal, () =>
        bot.api.editMessageText(conversationId, messageId, questionText(asked), options),
      );
    });
  }

  async closed({ conversationId, shown }: Question, sentence: string): Promise<void> {
    const { bot, signal } = this.#options;
    const { messageId } = shown;
    if (typeof messageId !== "number") return;
    const text = sentence;
    await this.#quietly(async () => {
      await bot.server.persist(signal, () => bot.api.editMessageReplyMarkup(conversationId, messageId));
    });
    await this.#quietly(async () => {
      const reply = { reply_parameters: { message_id: messageId, allow_sending_without_reply: true } };
      await bot.server.persist(signal, () => bot.api.sendMessage(conversationId, text, reply));
    });
  }

  /** The number of a turn's message, sent empty when it is not there yet. */
  async #slot(place: Place, index: number): Promise<number> {
    const { bot, signal, keeper } = this.#options;
    const messages = Array.isArray(place.turn.shown["messages"]) ? (place.turn.shown["messages"] as number[]) : [];
    const known = messages[index];
    if (known !== undefined) return known;
    const { messageId } = place.turn.message.about;
    const reply =
      index === 0 && typeof messageId === "number"
        ? { reply_parameters: { message_id: messageId, allow_sending_without_reply: true } }
        : {};
    const sent = await bot.server.persist(signal, () => bot.api.sendMessage(chatOf(place), working, reply));
    place.turn.shown["messages"] = [...messages, sent.message_id];
    await keeper.save();
    return sent.message_id;
  }

  async #change(chatId: string, messageId: number, text: string): Promise<void> {
    const { bot, signal } = this.#options;
    try {
      await bot.server.persist(signal, () => bot.api.editMessageText(chatId, messageId, text));
    } catch (error) {
      const refusal = refusalOf(error) ?? "";
      if (refusal.includes("message is not modified")) return;
      if (!/message to edit not found|message can't be edited/.test(refusal)) throw error;
      // Somebody deleted it: the text still has to be said.
      await bot.server.persist(signal, () => bot.api.sendMessage(chatId, text));
    }
  }

  /** A voice message gets a voice back, where somebody can speak. */
  async #speak(place: Place, text: string): Promise<void> {
    const { sdk, log, signal } = this.#options;
    const { runId } = place.turn;
    if (runId === null) return;
    try {
      const { audio_artifact: audio } = await sdk.speak(runId, text, "ogg");
      const artifactId = audio["$artifact"];
      if (typeof artifactId !== "string") return;
      const contentType = typeof audio["content_type"] === "string" ? audio["content_type"] : "audio/ogg";
      const name = typeof audio["filename"] === "string" ? audio["filename"] : "voice.ogg";
      await this.file(place, { name, contentType, bytes: await sdk.artifact(runId, artifactId) });
    } catch (error) {
      if (signal.aborted) throw error;
      log.write("info", `The answer to a voice message stays a text: ${messageOf(error)}`);
    }
  }

  /** What is only for show, and no loss when Telegram refuses it. */
  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#options.signal.aborted) throw error;
      this.#options.log.write("info", `Telegram: ${refusalOf(error) ?? messageOf(error)}`);
    }
  }
}

/** The chat that a conversation is: a conversation's name is the chat's number. */
function chatOf({ conversationId }: Place): string {
  return conversationId;
}

function numberIn(object: JsonObject, key: string): number {
  const value = object[key];
  return typeof value === "number" ? value : 0;
}

function isVoiceMessage({ turn }: Place): boolean {
  return turn.message.files.some((file) => isObject(file) && readFile(file).isVoice);
}

/** Texts of buttons may be long; what they send back may not. */
const maxButtonChars = 60;

function buttons({ question, link }: AskedQuestion): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  const { token, isConsent, choices } = question;
  if (isConsent) keyboard.text("Approve", `a:${token}`).text("Deny", `d:${token}`).row();
  for (const [index, choice] of choices.entries()) {
    keyboard.text(choice.slice(0, maxButtonChars), `c:${token}:${index}`).row();
  }
  if (link !== null) keyboard.url("Open in the browser", link);
  return keyboard;
}
