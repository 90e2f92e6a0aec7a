import type { DocumentKind } from "#documents/document-kind.ts";

/** What a document process is asked for. The document, or the text to write, comes on its input. */
export type DocumentTask =
  | { do: "read"; kind: DocumentKind; maxChars: number; pages: { first: number; last: number | null } }
  | { do: "write_pdf"; title: string };

export interface DocumentText {
  text: string;
  /** Pages, slides or sheets in all, and how many of them were read. */
  parts: number;
  partsRead: number;
  metadata: Record<string, string>;
  warnings: string[];
  isTruncated: boolean;
}

/** The answer on its output: for a document that is written, its bytes follow the line. */
export type DocumentAnswer =
  { ok: true; text?: DocumentText } | { ok: false; code: "unprocessable" | "too_large"; error: string };

/** Collects text up to a length. */
export class TextLimit {
  #parts: string[] = [];
  #left: number;
  isFull = false;

  constructor(maxChars: number) {
    this.#left = maxChars;
  }

  add(text: string): void {
    if (text.length > this.#left) this.isFull = true;
    this.#parts.push(text.length > this.#left ? text.slice(0, this.#left) : text);
    this.#left -= Math.min(text.length, this.#left);
  }

  /** The text, with no more than one blank line in a row. */
  text(): string {
    return this.#parts
      .join("")
      .replace(/[ \t]+\n/g, "\n")
      .replace(/\n{3,}/g, "\n\n")
      .trim();
  }
}
