import { plain } from "#core/plain-text.ts";

/** How a part of a line looks. Nothing is said by its colour alone. */
export type Look = "bold" | "dim" | "good" | "bad" | "warn" | "accent" | "selected";

export interface Span {
  text: string;
  look?: Look;
}

/** One line of the screen. Its texts are safe: whatever comes from outside went through `safe`. */
export type Line = Span[];

/** Of a text from outside so much is shown; the rest is counted. */
export const maxShownChars = 60_000;

/** Text from outside for one place on a line. */
export function safe(text: string, maxChars = 2000): string {
  return plain(text.slice(0, maxChars)).replace(/\s+/g, " ").trim();
}

/** Text from outside as lines that fit. Tabs become spaces: a terminal would jump. */
export function wrapped(text: string, width: number): string[] {
  const shown = plain(text.slice(0, maxShownChars)).replaceAll("\t", "    ");
  const left = text.length - maxShownChars;
  const lines = shown
    .split("\n")
    .flatMap((line) => Bun.wrapAnsi(line, Math.max(1, width), { hard: true, trim: false }).split("\n"));
  return left > 0 ? [...lines, `… ${left.toLocaleString("en")} more characters`] : lines;
}

/** Lines of text, each behind the same margin; the first one behind its own. */
export function block(
  text: string,
  width: number,
  { first, rest, look }: { first: Span; rest: string; look?: Look },
): Line[] {
  const lines = wrapped(text, width - Bun.stringWidth(rest));
  return lines.map((line, index) => [index === 0 ? first : { text: rest }, { text: line, ...(look ? { look } : {}) }]);
}

export function widthOf(text: string): number {
  return Bun.stringWidth(text);
}

/** The text in exactly so many columns: cut with an ellipsis, or filled with spaces. */
export function cell(text: string, width: number): string {
  const cut = cropped(text, width);
  return cut + " ".repeat(Math.max(0, width - widthOf(cut)));
}

export function cropped(text: string, width: number): string {
  return widthOf(text) <= width ? text : Bun.sliceAnsi(text, 0, Math.max(0, width), "…");
}

/** A line that is no longer than the screen is wide. */
export function fitted(line: Line, width: number): Line {
  const fits: Line = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const text = cropped(span.text, left);
    fits.push({ ...span, text });
    left -= widthOf(text);
  }
  return fits;
}
