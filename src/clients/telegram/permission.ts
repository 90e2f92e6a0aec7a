import type { Chat, User } from "grammy/types";
import type { TelegramOptions } from "#clients/telegram/options.ts";

type Rules = Pick<
  TelegramOptions,
  "dmPolicy" | "groupPolicy" | "allowedUsers" | "allowedChats" | "groupAllowedUsers" | "adminUsers"
>;

/** Whether somebody may talk to the bot there. Users are named by their number or their @name. */
export function mayTalk(rules: Rules, chat: Chat, user: User): boolean {
  if (user.is_bot) return false;
  const isKnown = (list: string[]) => list.some((each) => isUser(each, user));
  if (chat.type === "private") {
    if (rules.dmPolicy === "disabled") return false;
    return rules.dmPolicy === "open" || isKnown([...rules.allowedUsers, ...rules.adminUsers]);
  }
  if (rules.groupPolicy === "disabled") return false;
  if (rules.groupPolicy === "open") return true;
  const users = rules.groupAllowedUsers.length > 0 ? rules.groupAllowedUsers : rules.allowedUsers;
  return rules.allowedChats.includes(String(chat.id)) && isKnown([...users, ...rules.adminUsers]);
}

function isUser(name: string, user: User): boolean {
  if (/^\d+$/.test(name)) return String(user.id) === name;
  return user.username !== undefined && name.replace(/^@/, "").toLowerCase() === user.username.toLowerCase();
}

/** The chat in which runs that began elsewhere ask: an administrator's, else that of the only user. Private chats have their user's number. */
export function ownerChat({ adminUsers, allowedUsers }: Rules): string | null {
  const numbers = (list: string[]) => list.filter((each) => /^\d+$/.test(each));
  const [admin] = numbers(adminUsers);
  if (admin !== undefined) return admin;
  return allowedUsers.length === 1 ? (numbers(allowedUsers)[0] ?? null) : null;
}
