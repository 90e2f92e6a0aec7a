import { Parser } from "htmlparser2";

/** What is left of a page: elements and texts. Names and attributes are in lower case, entities are decoded. */
export interface HtmlElement {
  name: string;
  attributes: Record<string, string>;
  children: HtmlNode[];
}
export type HtmlNode = HtmlElement | string;

/** What is nested deeper is taken as a child of this level: readers of the tree recurse. */
const maxDepth = 200;

/** The parser's time grows with the square of the elements that are open: nobody who wants to be read opens so many. */
const maxOpen = 5000;
const pieceLength = 16 * 1024;

/** Reads any text as HTML: broken markup gives some tree, never an error. A page with absurdly many open elements is read up to there. */
export function parseHtml(text: string): HtmlElement {
  const root: HtmlElement = { name: "#root", attributes: {}, children: [] };
  const stack: HtmlElement[] = [root];
  let below = 0;
  const parser = new Parser({
    onopentag(name, attributes) {
      const element = { name, attributes: { ...attributes }, children: [] };
      stack.at(-1)?.children.push(element);
      if (stack.length < maxDepth) stack.push(element);
      else below += 1;
    },
    onclosetag() {
      if (below > 0) below -= 1;
      else if (stack.length > 1) stack.pop();
    },
    ontext(data) {
      stack.at(-1)?.children.push(data);
    },
  });
  for (let start = 0; start < text.length && below < maxOpen; start += pieceLength)
    parser.write(text.slice(start, start + pieceLength));
  parser.end();
  return root;
}

/** All elements inside that fit, in the order of the page. */
export function findAll(element: HtmlElement, fits: (element: HtmlElement) => boolean): HtmlElement[] {
  return element.children.flatMap((child) =>
    typeof child === "string" ? [] : [...(fits(child) ? [child] : []), ...findAll(child, fits)],
  );
}

export function find(element: HtmlElement, fits: (element: HtmlElement) => boolean): HtmlElement | null {
  for (const child of element.children) {
    if (typeof child === "string") continue;
    const found = fits(child) ? child : find(child, fits);
    if (found) return found;
  }
  return null;
}

export function hasClass(element: HtmlElement, name: string): boolean {
  return (element.attributes["class"] ?? "").split(/\s+/).includes(name);
}

/** The text inside on one line. */
export function textOf(element: HtmlElement): string {
  return rawTextOf(element).replace(/\s+/g, " ").trim();
}

/** The text inside as it stands, for `<pre>`. */
export function rawTextOf(element: HtmlElement): string {
  const parts = element.children.map((child) => (typeof child === "string" ? child : innerText(child)));
  return parts.join("");
}

function innerText(element: HtmlElement): string {
  if (element.name === "br") return "\n";
  return isUnread(element) ? "" : rawTextOf(element);
}

const unread = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "math",
  "iframe",
  "object",
  "canvas",
  "head",
]);

/** What no reader sees. */
export function isUnread({ name, attributes }: HtmlElement): boolean {
  return unread.has(name) || "hidden" in attributes || attributes["aria-hidden"] === "true";
}
