import type { Message, UserFromGetMe } from "grammy/types";

/** What a message wants of the bot. */
export interface Incoming {
  text: string;
  /** `/name rest`, when it is a command for this bot. */
  command: { name: string; rest: string } | null;
  /** Meant for the bot: in a private chat, by its name, or as a reply to it. */
  isForBot: boolean;
}

export function readMessage(message: Message, me: UserFromGetMe): Incoming {
  const whole = (message.text ?? message.caption ?? "").trim();
  const mention = new RegExp(`@${me.username}\\b`, "gi");
  const match = /^\/([a-z0-9_]{1,32})(?:@([a-z0-9_]+))?(?:\s+([\s\S]*))?$/i.exec(whole);
  const isOther = match?.[2] !== undefined && match[2].toLowerCase() !== me.username.toLowerCase();
  const command = match && !isOther ? { name: (match[1] ?? "").toLowerCase(), rest: (match[3] ?? "").trim() } : null;
  const isForBot =
    message.chat.type === "private" ||
    mention.test(whole) ||
    message.reply_to_message?.from?.id === me.id ||
    (command !== null && match?.[2] !== undefined);
  return { text: whole.replace(mention, "").trim(), command, isForBot };
}
