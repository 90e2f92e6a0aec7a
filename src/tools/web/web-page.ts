import { htmlToMarkdown } from "#tools/web/html-markdown.ts";
import { type HtmlElement, find, findAll, isUnread, parseHtml, textOf } from "#tools/web/html-tree.ts";
import type { GuardedResponse } from "#tools/web/guarded-fetch.ts";

/** A response as a text: null for images, archives and the like. */
export function textOfResponse({ headers, body }: Pick<GuardedResponse, "headers" | "body">): string | null {
  const type = contentTypeOf(headers) || guessedType(body);
  if (!/^text\/|[/+](json|xml|javascript|x-ndjson|yaml|toml|csv)$/.test(type)) return null;
  return decoderFor(headers, body).decode(body);
}

/** Without parameters, in lower case; empty when the server names none. */
export function contentTypeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

export function isHtml(headers: Headers, text: string): boolean {
  const type = contentTypeOf(headers);
  return (
    type === "text/html" ||
    type === "application/xhtml+xml" ||
    (type === "" && /^\s*<(!doctype html|html)\b/i.test(text))
  );
}

function guessedType(body: Uint8Array): string {
  return body.subarray(0, 1024).includes(0) ? "application/octet-stream" : "text/plain";
}

/** The charset of the header, else of the byte order mark or the page's own `<meta>`, else UTF-8. */
function decoderFor(headers: Headers, body: Uint8Array): TextDecoder {
  const beginning = new TextDecoder("latin1").decode(body.subarray(0, 1024));
  const mark = beginning.startsWith("\xff\xfe")
    ? "utf-16le"
    : beginning.startsWith("\xfe\xff")
      ? "utf-16be"
      : undefined;
  const named = /charset\s*=\s*["']?([\w-]+)/i;
  const label = mark ?? named.exec(headers.get("content-type") ?? "")?.[1];
  const inPage = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(beginning)?.[1];
  try {
    return new TextDecoder(label ?? inPage ?? "utf-8");
  } catch {
    // A charset that nobody knows: most of the page is readable as UTF-8.
    return new TextDecoder();
  }
}

export interface PageSummary {
  title: string | null;
  description: string | null;
  /** As `## Keepers`, in the order of the page. */
  headings: string[];
  excerpt: string;
}

const maxHeadings = 40;

/** What a page is about, without its text. */
export function summarizeHtml(html: string, options: { url: string; excerptLength: number }): PageSummary {
  const root = parseHtml(html);
  const headings = findAll(root, ({ name }) => /^h[1-4]$/.test(name)).filter((element) => !isUnread(element));
  const shown = headings.map((element) => `${"#".repeat(Number(element.name[1]))} ${textOf(element)}`.trim());
  const text = htmlToMarkdown(root, { baseUrl: options.url, keepLinks: false });
  return {
    title: titleOf(root),
    description: metaOf(root, "description") ?? metaOf(root, "og:description"),
    headings: shown.filter((line) => !/^#+$/.test(line)).slice(0, maxHeadings),
    excerpt: excerptOf(text.replace(/^#+ .*$/gm, ""), options.excerptLength),
  };
}

export function titleOf(root: HtmlElement): string | null {
  // An `<svg>` has titles too.
  const head = find(root, ({ name }) => name === "head") ?? root;
  const title = find(head, ({ name }) => name === "title");
  return (title && textOf(title)) || metaOf(root, "og:title");
}

function metaOf(root: HtmlElement, wanted: string): string | null {
  const found = find(root, ({ name, attributes }) => {
    const key = attributes["name"] ?? attributes["property"] ?? "";
    return name === "meta" && key.toLowerCase() === wanted && (attributes["content"] ?? "").trim() !== "";
  });
  return found?.attributes["content"]?.replace(/\s+/g, " ").trim() ?? null;
}

/** The beginning in whole words. */
export function excerptOf(text: string, maxLength: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= maxLength) return line;
  const cut = line.slice(0, maxLength);
  const end = cut.lastIndexOf(" ");
  return `${end > maxLength / 2 ? cut.slice(0, end) : cut}…`;
}
