/** Sends to chats of Telegram. Throws AppError with Telegram's words. */
export interface TelegramAccess {
  /** Chats that may be written to. */
  chats: readonly string[];
  sendText(chatId: string, text: string): Promise<number>;
  sendFile(
    chatId: string,
    file: { name: string; contentType: string; bytes: Uint8Array<ArrayBuffer>; caption: string | null },
  ): Promise<number>;
}
