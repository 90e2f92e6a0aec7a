/** Limit of Telegram for one message, in UTF-16 units. */
const maxChars = 4096;

/** A text in pieces that Telegram takes, cut where paragraphs, lines or words end. */
export function pieces(text: string, limit = maxChars): string[] {
  const found: string[] = [];
  let rest = text.trim();
  while (rest.length > limit) {
    const at = cutAt(rest, limit);
    found.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  if (rest !== "") found.push(rest);
  return found.length === 0 ? ["…"] : found;
}

function cutAt(text: string, limit: number): number {
  for (const end of ["\n\n", "\n", " "]) {
    const at = text.lastIndexOf(end, limit);
    if (at > limit / 2) return at;
  }
  // Never between the two halves of a character.
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(limit - 1));
  return isHalf ? limit - 1 : limit;
}

/** The last part of a text that grows, short enough for one message. */
export function tail(text: string, limit = maxChars): string {
  return text.length <= limit ? text : `…${text.slice(text.length - limit + 1)}`;
}
