/** Sessions that are conversations of the console begin so. */
export const chatPrefix = "chat-";

/** Where a new conversation will be, so that a reloaded page finds it again. */
export function newChatPath(): string {
  return `/chat/${chatPrefix}${crypto.randomUUID()}`;
}
