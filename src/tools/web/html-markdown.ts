import { type HtmlElement, type HtmlNode, find, isUnread, rawTextOf, textOf } from "#tools/web/html-tree.ts";

export interface MarkdownOptions {
  /** Links are made absolute with it. */
  baseUrl: string;
  /** False: only the text of a link. */
  keepLinks: boolean;
}

/** The readable part of a page as Markdown: the article or main element if there is one, without navigation and what nobody sees. */
export function htmlToMarkdown(root: HtmlElement, options: MarkdownOptions): string {
  return tidy(blocks(mainOf(root).children, options));
}

/** A `<main>` with next to nothing in it is filled by a script; the rest of the page then says more. */
const minMainLength = 200;

function mainOf(root: HtmlElement): HtmlElement {
  const body = find(root, ({ name }) => name === "body") ?? root;
  const main = find(body, ({ name, attributes }) => name === "main" || attributes["role"] === "main");
  const article = main ?? find(body, ({ name }) => name === "article");
  return article && textOf(article).length >= minMainLength ? article : body;
}

const skipped = new Set(["nav", "footer", "aside", "form", "button", "select", "dialog"]);
const blockNames = new Set(
  "address article blockquote body center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section summary table tbody td th thead tr ul".split(
    " ",
  ),
);

/** A run of texts and inline elements between two blocks is a paragraph. */
function blocks(nodes: HtmlNode[], options: MarkdownOptions): string {
  const parts: string[] = [];
  let line: HtmlNode[] = [];
  const endLine = () => {
    parts.push(inline(line, options).trim());
    line = [];
  };
  for (const node of nodes) {
    if (!isBlock(node)) line.push(node);
    else {
      endLine();
      parts.push(block(node, options));
    }
  }
  endLine();
  return parts.filter((part) => part.trim() !== "").join("\n\n");
}

/** Pages put blocks into links and spans: what holds a block is one. */
function isBlock(node: HtmlNode): node is HtmlElement {
  if (typeof node === "string") return false;
  return blockNames.has(node.name) || skipped.has(node.name) || node.children.some(isBlock);
}

function block(element: HtmlElement, options: MarkdownOptions): string {
  const { name, children } = element;
  if (isUnread(element) || skipped.has(name)) return "";
  if (/^h[1-6]$/.test(name)) return heading(element, options);
  switch (name) {
    case "hr":
      return "---";
    case "pre":
      return fenced(rawTextOf(element));
    case "blockquote":
      return prefixed(blocks(children, options), "> ", "> ");
    case "ul":
    case "ol":
      return list(element, options);
    case "table":
      return table(element, options);
    default:
      return blocks(children, options);
  }
}

function heading({ name, children }: HtmlElement, options: MarkdownOptions): string {
  const text = inline(children, options).replace(/\s+/g, " ").trim();
  return text === "" ? "" : `${"#".repeat(Number(name[1]))} ${text}`;
}

function fenced(text: string): string {
  const body = text.replace(/^\n/, "").trimEnd();
  if (body === "") return "";
  // A fence that the text does not hold itself.
  const ticks = Math.max(2, ...[...body.matchAll(/`{3,}/g)].map(([run]) => run.length)) + 1;
  return `${"`".repeat(ticks)}\n${body}\n${"`".repeat(ticks)}`;
}

function list({ name, children }: HtmlElement, options: MarkdownOptions): string {
  const items = children.filter((child) => typeof child !== "string" && !isUnread(child)) as HtmlElement[];
  const lines = items.map((item) => blocks(item.children, options).replace(/\n\n(?=\s*(- |\d+\. ))/g, "\n"));
  const filled = lines.filter((text) => text !== "");
  return filled.map((text, index) => bullet(text, name === "ol" ? `${index + 1}. ` : "- ")).join("\n");
}

function bullet(text: string, mark: string): string {
  return prefixed(text, mark, " ".repeat(mark.length));
}

function prefixed(text: string, first: string, rest: string): string {
  if (text === "") return "";
  return text
    .split("\n")
    .map((line, index) => (index === 0 ? first + line : (rest + line).trimEnd()))
    .join("\n");
}

/** Tables that only lay out a page have one column or blocks in their cells: those are read as blocks. */
function table(element: HtmlElement, options: MarkdownOptions): string {
  const rows = rowsOf(element);
  const widest = Math.max(0, ...rows.map((cells) => cells.length));
  const cells = rows.flat();
  const isLayout =
    widest < 2 || cells.some((cell) => find(cell, ({ name }) => /^(table|h[1-6]|pre|ul|ol)$/.test(name)));
  if (isLayout) return cells.map((cell) => blocks(cell.children, options)).join("\n\n");
  const lines = rows.map((row) => {
    const texts = row.map((cell) => inline(cell.children, options).replace(/\s+/g, " ").replaceAll("|", "\\|").trim());
    return `| ${[...texts, ...Array<string>(widest - texts.length).fill("")].join(" | ")} |`;
  });
  return [lines[0], `|${" --- |".repeat(widest)}`, ...lines.slice(1)].join("\n");
}

function rowsOf(element: HtmlElement): HtmlElement[][] {
  const elements = element.children.filter((child) => typeof child !== "string");
  return elements.flatMap((child) => {
    if (child.name !== "tr") return /^(thead|tbody|tfoot)$/.test(child.name) ? rowsOf(child) : [];
    const cells = child.children.filter((cell) => typeof cell !== "string" && /^t[dh]$/.test(cell.name));
    return cells.length > 0 ? [cells as HtmlElement[]] : [];
  });
}

function inline(nodes: HtmlNode[], options: MarkdownOptions): string {
  const text = nodes.map((node) =>
    typeof node === "string" ? node.replace(/\s+/g, " ") : inlineElement(node, options),
  );
  return text
    .join("")
    .replace(/ *\n */g, "\n")
    .replace(/ {2,}/g, " ");
}

function inlineElement(element: HtmlElement, options: MarkdownOptions): string {
  const { name, attributes, children } = element;
  if (isUnread(element) || skipped.has(name)) return "";
  switch (name) {
    case "br":
      return "\n";
    case "img":
      return attributes["alt"]?.trim() ? `[image: ${attributes["alt"].trim()}]` : "";
    case "code":
      return wrapped(textOf(element), "`");
    case "b":
    case "strong":
      return wrapped(inline(children, options), "**");
    case "em":
    case "i":
      return wrapped(inline(children, options), "*");
    case "a":
      return link(inline(children, options), attributes["href"], options);
    default:
      return inline(children, options);
  }
}

/** Marks stand at the words: blanks stay outside. */
function wrapped(text: string, mark: string): string {
  const words = text.trim();
  if (words === "" || words.includes("\n")) return text;
  return text.replace(words, () => mark + words + mark);
}

function link(text: string, href: string | undefined, { baseUrl, keepLinks }: MarkdownOptions): string {
  const words = text.replace(/\s+/g, " ").trim();
  if (!keepLinks || words === "" || href === undefined || href.startsWith("#")) return text;
  const url = URL.parse(href.trim(), baseUrl);
  return url && /^(https?|mailto):$/.test(url.protocol)
    ? text.replace(text.trim(), () => `[${words}](${url.href})`)
    : text;
}

function tidy(text: string): string {
  return text
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
