import type { BotApi } from "#clients/telegram/bot-api.ts";
import { tail } from "#clients/telegram/texts.ts";

export interface LiveTextOptions {
  chatId: string;
  messageId: number;
  bot: BotApi;
  signal: AbortSignal;
  editMs: number;
  typingIntervalMs: number;
  typingMaxMs: number;
}

/**
 * What a model says so far, in a message that changes: at most so often, the newest text each time. Nothing of it has to arrive, so
 * nothing is tried twice; when Telegram asks for patience it gets it.
 */
export class LiveText {
  #options: LiveTextOptions;
  #next: string | null = null;
  #timer: Timer | null = null;
  #sending: Promise<void> = Promise.resolve();
  #pauseMs: number;
  #typing: Timer | null = null;
  #isOver = false;

  constructor(options: LiveTextOptions) {
    this.#options = options;
    this.#pauseMs = options.editMs;
    this.#type(options.typingMaxMs);
  }

  show(text: string): void {
    if (this.#isOver || text.trim() === "") return;
    this.#next = tail(`${text} …`);
    this.#timer ??= setTimeout(() => this.#send(), this.#pauseMs);
  }

  /** No change comes after this. */
  async settle(): Promise<void> {
    this.#isOver = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#typing) clearTimeout(this.#typing);
    await this.#sending;
  }

  #send(): void {
    const text = this.#next;
    this.#timer = null;
    if (text === null || this.#isOver || this.#options.signal.aborted) return;
    this.#next = null;
    const { bot, chatId, messageId, editMs } = this.#options;
    this.#sending = bot.api.editMessageText(chatId, messageId, text).then(
      () => {
        this.#pauseMs = editMs;
        if (this.#next !== null && !this.#isOver) this.#timer ??= setTimeout(() => this.#send(), this.#pauseMs);
      },
      (error: unknown) => {
        const asked = (error as { parameters?: { retry_after?: number } }).parameters?.retry_after;
        this.#pauseMs = asked === undefined ? editMs * 2 : asked * 1000;
      },
    );
  }

  #type(leftMs: number): void {
    const { bot, chatId, typingIntervalMs, signal } = this.#options;
    if (this.#isOver || signal.aborted || leftMs <= 0 || typingIntervalMs <= 0) return;
    void bot.api.sendChatAction(chatId, "typing").catch(() => undefined);
    this.#typing = setTimeout(() => this.#type(leftMs - typingIntervalMs), typingIntervalMs);
  }
}
