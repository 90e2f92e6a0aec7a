import { Parser } from "htmlparser2";
import { type ZipArchive, openZip } from "#bundles/zip.ts";
import { AppError } from "#core/errors.ts";
import { type DocumentText, TextLimit } from "#documents/task.ts";

/** An office file is a zip of XML; a part of it may be large, and not so large that nothing else can be done. */
const limits = {
  maxArchiveBytes: 256 * 1024 * 1024,
  maxEntries: 20_000,
  maxEntryBytes: 128 * 1024 * 1024,
  maxTotalBytes: 512 * 1024 * 1024,
  maxRatio: 500,
};

/** AppErrors `unprocessable` and `too_large` with the reason. */
export function officeText(kind: "docx" | "xlsx" | "pptx" | "odf", bytes: Uint8Array, maxChars: number): DocumentText {
  try {
    const archive = openZip(bytes, limits);
    const text = new TextLimit(maxChars);
    const parts = readers[kind](archive, text);
    return { text: text.text(), ...parts, metadata: {}, warnings: [], isTruncated: text.isFull };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const message = error.message.replace(/^The bundle archive/, "The document");
    throw new AppError(error.code === "too_large" ? "too_large" : "unprocessable", message);
  }
}

interface Parts {
  parts: number;
  partsRead: number;
}

const readers = { docx, xlsx, pptx, odf };

function docx(archive: ZipArchive, out: TextLimit): Parts {
  const heading = /^Heading([1-6])$/i;
  readXml(partOf(archive, "word/document.xml"), out, {
    text: ["w:t"],
    open(name, attributes) {
      if (name === "w:tab") out.add("\t");
      else if (name === "w:br" || name === "w:cr") out.add("\n");
      else if (name === "w:pStyle") {
        const level = heading.exec(attributes["w:val"] ?? "")?.[1];
        if (level) out.add(`${"#".repeat(Number(level))} `);
      }
    },
    close(name) {
      if (name === "w:p") out.add("\n");
      else if (name === "w:tc") out.add("\t");
      else if (name === "w:tr") out.add("\n");
    },
  });
  return { parts: 1, partsRead: 1 };
}

function pptx(archive: ZipArchive, out: TextLimit): Parts {
  const slides = numbered(archive, /^ppt\/slides\/slide(\d+)\.xml$/);
  if (slides.length === 0) throw new AppError("unprocessable", "The document has no slides");
  let partsRead = 0;
  for (const slide of slides) {
    if (out.isFull) break;
    partsRead++;
    out.add(`\n\n# Slide ${partsRead}\n\n`);
    readXml(decode(archive.read(slide)), out, {
      text: ["a:t"],
      open: (name) => (name === "a:br" ? out.add("\n") : undefined),
      close: (name) => (name === "a:p" ? out.add("\n") : undefined),
    });
  }
  return { parts: slides.length, partsRead };
}

function odf(archive: ZipArchive, out: TextLimit): Parts {
  readXml(partOf(archive, "content.xml"), out, {
    text: ["text:p", "text:h", "text:span", "text:a"],
    open(name, attributes) {
      if (name === "text:tab") out.add("\t");
      else if (name === "text:line-break") out.add("\n");
      else if (name === "text:s") out.add(" ".repeat(Math.min(100, Number(attributes["text:c"] ?? 1) || 1)));
      else if (name === "text:h") out.add(`${"#".repeat(Math.min(6, Number(attributes["text:outline-level"]) || 1))} `);
      else if (name === "table:table") out.add(`\n\n# ${attributes["table:name"] ?? "Table"}\n\n`);
    },
    close(name, path) {
      if (name === "text:p" || name === "text:h") out.add(path.includes("table:table-cell") ? " " : "\n");
      else if (name === "table:table-cell") out.add("\t");
      else if (name === "table:table-row") out.add("\n");
    },
  });
  return { parts: 1, partsRead: 1 };
}

function xlsx(archive: ZipArchive, out: TextLimit): Parts {
  const shared = sharedStrings(archive);
  const sheets = sheetsOf(archive);
  let partsRead = 0;
  for (const { name, path } of sheets) {
    if (out.isFull) break;
    partsRead++;
    out.add(`\n\n# ${name}\n\n`);
    readSheet(partOf(archive, path), out, shared);
  }
  return { parts: sheets.length, partsRead };
}

function readSheet(xml: string, out: TextLimit, shared: string[]): void {
  let kind = "";
  let value = "";
  let column = 0;
  readXml(xml, out, {
    text: ["v", "t"],
    take: (text) => (value += text),
    open(name, attributes) {
      if (name === "row") column = 0;
      if (name !== "c") return;
      kind = attributes["t"] ?? "";
      value = "";
      // Empty cells are left out of the file: their places are not left out of the text.
      const at = columnOf(attributes["r"] ?? "");
      if (at > column) out.add("\t".repeat(Math.min(at - column, 1000)));
      column = Math.max(at, column) + 1;
    },
    close(name) {
      if (name === "c") out.add(`${kind === "s" ? (shared[Number(value)] ?? "") : value}\t`);
      else if (name === "row") out.add("\n");
    },
  });
}

/** `C7` is 2; 0 for what is no cell. */
function columnOf(reference: string): number {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0] ?? "A";
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function sharedStrings(archive: ZipArchive): string[] {
  const path = "xl/sharedStrings.xml";
  if (!archive.has(path)) return [];
  const strings: string[] = [];
  let value = "";
  readXml(decode(archive.read(path)), new TextLimit(Number.MAX_SAFE_INTEGER), {
    text: ["t"],
    take: (text) => (value += text),
    open: (name) => (name === "si" ? (value = "") : undefined),
    close: (name) => (name === "si" ? strings.push(value) : undefined),
  });
  return strings;
}

/** Sheets in the order of the workbook, by the names that people see. */
function sheetsOf(archive: ZipArchive): { name: string; path: string }[] {
  const targets = new Map<string, string>();
  const nothing = new TextLimit(0);
  readXml(partOf(archive, "xl/_rels/workbook.xml.rels"), nothing, {
    open(name, attributes) {
      if (name === "Relationship") targets.set(attributes["Id"] ?? "", attributes["Target"] ?? "");
    },
  });
  const sheets: { name: string; path: string }[] = [];
  readXml(partOf(archive, "xl/workbook.xml"), nothing, {
    open(name, attributes) {
      if (name !== "sheet") return;
      const target = targets.get(attributes["r:id"] ?? "") ?? "";
      const path = target.startsWith("/") ? target.slice(1) : `xl/${target}`;
      if (archive.has(path)) sheets.push({ name: attributes["name"] ?? "Sheet", path });
    },
  });
  return sheets;
}

interface XmlReading {
  /** Elements whose text counts. */
  text?: string[];
  /** Gets their text in place of the output. */
  take?: (text: string) => unknown;
  open?: (name: string, attributes: Record<string, string>) => unknown;
  close?: (name: string, path: readonly string[]) => unknown;
}

/** Reads an XML text once, without a tree and without entities of its own. Stops when the output is full. */
function readXml(xml: string, out: TextLimit, reading: XmlReading): void {
  const path: string[] = [];
  const texts = new Set(reading.text);
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        path.push(name);
        reading.open?.(name, attributes);
      },
      ontext(text) {
        if (!texts.has(path.at(-1) ?? "")) return;
        if (reading.take) reading.take(text);
        else out.add(text);
      },
      onclosetag(name) {
        path.pop();
        reading.close?.(name, path);
        if (out.isFull && !reading.take) parser.pause();
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(xml);
  if (!out.isFull) parser.end();
}

function partOf(archive: ZipArchive, name: string): string {
  if (!archive.has(name))
    throw new AppError("unprocessable", `The document is damaged, or of another kind: it has no '${name}'`);
  return decode(archive.read(name));
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function numbered(archive: ZipArchive, pattern: RegExp): string[] {
  const found = archive.names.flatMap((name) => {
    const number = pattern.exec(name)?.[1];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  return found.sort((a, b) => a.number - b.number).map(({ name }) => name);
}
