/** Texts as Python sees them: whole code points, Python's white space, and a limit on what a flow may build. */

/** A text that a flow builds may not grow beyond this many UTF-16 units, nor a value beyond this many levels. */
export const maxTextLength = 32 * 1024 * 1024;
export const maxNesting = 1000;

const surrogate = /[\ud800-\udfff]/;

export function tooLong(): Error {
  return new Error(`the text would be longer than ${maxTextLength} characters`);
}

export function tooDeep(): Error {
  return new Error(`the value is nested more than ${maxNesting} levels deep`);
}

/** Collects parts of a text. Throws as soon as they are too long together, before they are joined. */
export class TextWriter {
  #chunks: string[] = [];
  #parts: string[] = [];
  #length = 0;

  write(part: string): void {
    this.#length += part.length;
    if (this.#length > maxTextLength) throw tooLong();
    // Millions of small parts at once would need many times the memory of their text.
    if (this.#parts.push(part) === 4096) this.#flush();
  }

  get text(): string {
    this.#flush();
    return this.#chunks.join("");
  }

  #flush(): void {
    this.#chunks.push(this.#parts.join(""));
    this.#parts = [];
  }
}

export function capped(text: string): string {
  if (text.length > maxTextLength) throw tooLong();
  return text;
}

export function joinTexts(texts: readonly string[], separator: string): string {
  const length = texts.reduce((sum, text) => sum + text.length, separator.length * Math.max(0, texts.length - 1));
  if (length > maxTextLength) throw tooLong();
  return texts.join(separator);
}

/** `len(text)` */
export function codePointLength(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** `text[start:end]` with bounds that are already within the text. */
export function sliceCodePoints(text: string, start: number, end: number): string {
  if (!surrogate.test(text)) return text.slice(start, Math.max(start, end));
  return [...text].slice(start, end).join("");
}

/** Order by code point. UTF-16 order differs where a character outside the basic plane meets U+E000 to U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return Math.sign(a.length - b.length);
  return Math.sign(rank(a.charCodeAt(at)) - rank(b.charCodeAt(at)));
}

/** Surrogates stand for the highest code points. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** `text.strip()`: Python's white space has the separators U+001C to U+001F and U+0085, and not U+FEFF. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || (unit >= 0x1c && unit <= 0x1f);
  if (unit === 0x85 || unit === 0xa0 || unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a)) return true;
  return unit === 0x2028 || unit === 0x2029 || unit === 0x202f || unit === 0x205f || unit === 0x3000;
}
