import { extname } from "node:path";

export type OutlineKind = "import" | "class" | "function" | "type" | "constant";

export interface OutlineEntry {
  line: number;
  kind: OutlineKind;
  /** The declaration as it stands in the file, without its body. */
  text: string;
  /** Columns of white space before it. */
  indent: number;
}

export interface Language {
  name: string;
  extensions: string[];
  /** Marks between which nothing is a declaration. */
  blocks: { open: string; close: string }[];
  lineComment: string;
  /** Held against a line without its indentation. The first that fits tells the kind. */
  declarations: [OutlineKind, RegExp][];
  /** Held against indented lines: methods and classes in classes. Null when the language has none. */
  nested: RegExp | null;
}

const modifiers = String.raw`(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?`;
const cComments = [{ open: "/*", close: "*/" }];

const script: Language = {
  name: "TypeScript/JavaScript",
  extensions: [".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts"],
  blocks: [...cComments, { open: "`", close: "`" }],
  lineComment: "//",
  declarations: [
    [
      "import",
      /^import\b(?!\s*\()|^export\s+(?:type\s+)?(?:\*|\{.*)\s*from\b|^(?:const|let|var)\s[^=]{1,200}=\s*require\(/,
    ],
    ["class", new RegExp(String.raw`^${modifiers}class\s+\w+`)],
    ["type", new RegExp(String.raw`^${modifiers}(?:const\s+)?(?:interface|type|enum|namespace)\s+\w+`)],
    ["function", new RegExp(String.raw`^${modifiers}function\b\s*\*?\s*\w*`)],
    [
      "function",
      /^(?:export\s+)?(?:const|let|var)\s+\w+[^=]{0,200}=\s*(?:async\s*)?(?:function\b|\([^()]{0,300}\)[^=]{0,100}=>|\w+\s*=>)/,
    ],
    ["constant", /^export\s+(?:const|let|var)\s+\w+/],
  ],
  nested:
    /^(?:(?:public|private|protected|static|readonly|override|abstract|async|get|set)\s+){0,5}\*?\s*(?!(?:if|for|while|switch|catch|return|function|else|do|await|new|throw|typeof|with)\b)[#\w$]+\s*(?:<[^>]{0,100}>)?\([^;]{0,300}\{\s*$/,
};

const python: Language = {
  name: "Python",
  extensions: [".py", ".pyi"],
  blocks: [
    { open: '"""', close: '"""' },
    { open: "'''", close: "'''" },
  ],
  lineComment: "#",
  declarations: [
    ["import", /^(?:import\s+\w|from\s+[\w.]+\s+import\b)/],
    ["class", /^class\s+\w+/],
    ["function", /^(?:async\s+)?def\s+\w+/],
    ["constant", /^[A-Z][A-Z0-9_]{2,60}\s*(?::[^=]{1,100})?=[^=]/],
  ],
  nested: /^(?:async\s+)?def\s+\w+|^class\s+\w+/,
};

const go: Language = {
  name: "Go",
  extensions: [".go"],
  blocks: [...cComments, { open: "`", close: "`" }],
  lineComment: "//",
  declarations: [
    ["import", /^import\b/],
    ["function", /^func\b/],
    ["type", /^type\s+\w+/],
    ["constant", /^(?:const|var)\s+\w+/],
  ],
  nested: null,
};

const rust: Language = {
  name: "Rust",
  extensions: [".rs"],
  blocks: cComments,
  lineComment: "//",
  declarations: [
    ["import", /^(?:pub\s+)?(?:use|mod|extern crate)\s+\w/],
    ["class", /^(?:pub(?:\([^)]{1,40}\))?\s+)?(?:struct|enum|trait|union)\s+\w+|^(?:unsafe\s+)?impl\b/],
    ["function", /^(?:pub(?:\([^)]{1,40}\))?\s+)?(?:(?:const|async|unsafe|extern(?:\s+"\w+")?)\s+){0,4}fn\s+\w+/],
    ["type", /^(?:pub(?:\([^)]{1,40}\))?\s+)?type\s+\w+/],
    ["constant", /^(?:pub(?:\([^)]{1,40}\))?\s+)?(?:const|static)\s+\w+/],
  ],
  nested: /^(?:pub(?:\([^)]{1,40}\))?\s+)?(?:(?:const|async|unsafe)\s+){0,3}fn\s+\w+/,
};

export const languages: readonly Language[] = [script, python, go, rust];

/** By an extension or by a name that somebody gave, such as `ts`, `python` or `JavaScript`. */
export function languageOf(path: string, named: string | null): Language | null {
  const wanted = named?.toLowerCase() ?? "";
  if (wanted === "")
    return languages.find(({ extensions }) => extensions.includes(extname(path).toLowerCase())) ?? null;
  return (
    languages.find(
      (each) => each.name.toLowerCase().split("/").includes(wanted) || each.extensions.includes(`.${wanted}`),
    ) ?? null
  );
}

/** Declarations and imports by a light look at the lines: no parser, so unusual layout may hide one. */
export function outlineOf(lines: Iterable<string>, language: Language): OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  const scan = new BlockScan(language);
  let number = 0;
  for (const line of lines) {
    number += 1;
    if (scan.startsInside(line)) continue;
    const text = line.trim();
    const indent = line.length - line.trimStart().length;
    const kind = text.length > 500 ? null : kindOf(text, indent, language);
    if (kind) entries.push({ line: number, kind, indent, text: text.replace(/\s*[{:]\s*$/, "") });
  }
  return entries;
}

function kindOf(text: string, indent: number, { declarations, nested }: Language): OutlineKind | null {
  if (indent === 0) return declarations.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
  if (!nested || indent > 8 || !nested.test(text)) return null;
  return /^class\b/.test(text) ? "class" : "function";
}

/** Follows block comments and texts of several lines. */
class BlockScan {
  #language: Language;
  #close: string | null = null;

  constructor(language: Language) {
    this.#language = language;
  }

  /** Whether a line begins inside a block; moves on to its end. */
  startsInside(line: string): boolean {
    const isInside = this.#close !== null;
    let at = 0;
    while (at < line.length) {
      if (this.#close !== null) {
        const end = line.indexOf(this.#close, at);
        if (end < 0) break;
        at = end + this.#close.length;
        this.#close = null;
        continue;
      }
      const next = this.#nextOpening(line, at);
      if (!next) break;
      at = next.at;
      this.#close = next.close;
    }
    return isInside;
  }

  #nextOpening(line: string, from: number): { at: number; close: string } | null {
    for (let at = from; at < line.length; at += 1) {
      const block = this.#language.blocks.find(({ open }) => line.startsWith(open, at));
      if (block) return { at: at + block.open.length, close: block.close };
      if (line.startsWith(this.#language.lineComment, at)) return null;
      const quote = line[at];
      if (quote === '"' || quote === "'") at = endOfText(line, at, quote);
    }
    return null;
  }
}

/** The closing quote of a text, or the opening one when it does not close: Rust's `'a` is a lifetime. */
function endOfText(line: string, from: number, quote: string): number {
  for (let at = from + 1; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line[at] === quote) return at;
  }
  return from;
}
