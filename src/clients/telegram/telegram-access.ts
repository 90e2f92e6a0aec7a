import { Api, InputFile } from "grammy/web";
import type { TelegramAccess } from "#core/telegram.ts";
import { AppError } from "#core/errors.ts";
import { refusalOf } from "#clients/telegram/bot-api.ts";
import { pieces } from "#clients/telegram/texts.ts";

/** The bot as somebody who sends and does not listen. */
export function createTelegramAccess(options: {
  token: string;
  apiRoot: string;
  chats: readonly string[];
}): TelegramAccess {
  const api = new Api(options.token, { apiRoot: options.apiRoot, timeoutSeconds: 60 });
  // Errors of the connection have the address of the call in them, and so the token.
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const refusal = refusalOf(error);
      throw refusal === null
        ? new AppError("unavailable", "Telegram cannot be reached")
        : new AppError("invalid_request", `Telegram refused: ${refusal}`);
    }
  };
  return {
    chats: options.chats,
    async sendText(chatId, text) {
      let last = 0;
      for (const piece of pieces(text)) last = (await call(() => api.sendMessage(chatId, piece))).message_id;
      return last;
    },
    async sendFile(chatId, { name, contentType, bytes, caption }) {
      const more = caption === null ? {} : { caption: caption.slice(0, 1024) };
      const file = new InputFile(bytes, name);
      const isPicture = /^image\/(jpeg|png|webp)$/.test(contentType);
      const sent = await call(async () =>
        isPicture ? api.sendPhoto(chatId, file, more) : api.sendDocument(chatId, file, more),
      );
      return sent.message_id;
    },
  };
}
