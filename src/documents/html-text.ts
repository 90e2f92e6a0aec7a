import { Parser } from "htmlparser2";
import { type DocumentText, TextLimit } from "#documents/task.ts";

const hidden = new Set(["script", "style", "noscript", "template", "svg", "iframe", "object"]);
const blocks = new Set(
  "address article aside blockquote br dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul".split(
    " ",
  ),
);

/** What a person would read of a page, without its scripts and styles. */
export function htmlText(bytes: Uint8Array, maxChars: number): DocumentText {
  const out = new TextLimit(maxChars);
  const metadata: Record<string, string> = {};
  let depthHidden = 0;
  let isTitle = false;
  const parser = new Parser({
    onopentag(name) {
      if (hidden.has(name)) depthHidden++;
      if (name === "title") isTitle = true;
      const level = /^h([1-6])$/.exec(name)?.[1];
      if (blocks.has(name)) out.add("\n");
      if (level) out.add(`\n${"#".repeat(Number(level))} `);
      else if (name === "li") out.add("- ");
    },
    ontext(text) {
      const flat = text.replace(/\s+/g, " ");
      if (isTitle) metadata["title"] = ((metadata["title"] ?? "") + flat).slice(0, 500);
      else if (depthHidden === 0) out.add(flat);
    },
    onclosetag(name) {
      if (hidden.has(name)) depthHidden--;
      if (name === "title") isTitle = false;
      if (name === "td" || name === "th") out.add("\t");
      else if (blocks.has(name)) out.add("\n");
    },
  });
  parser.end(new TextDecoder().decode(bytes));
  return { text: out.text(), parts: 1, partsRead: 1, metadata, warnings: [], isTruncated: out.isFull };
}
