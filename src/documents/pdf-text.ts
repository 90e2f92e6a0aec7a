import { getDocumentProxy } from "unpdf";
import { type DocumentText, TextLimit } from "#documents/task.ts";
import { AppError, messageOf } from "#core/errors.ts";

/** The text of some pages, each under a heading with its number. AppError `unprocessable` for a damaged or encrypted file. */
export async function pdfText(
  bytes: Uint8Array,
  { maxChars, pages }: { maxChars: number; pages: { first: number; last: number | null } },
): Promise<DocumentText> {
  const pdf = await openPdf(bytes);
  const first = Math.max(1, pages.first);
  const last = Math.min(pages.last ?? pdf.numPages, pdf.numPages);
  const text = new TextLimit(maxChars);
  const warnings: string[] = [];
  let partsRead = 0;
  for (let number = first; number <= last && !text.isFull; number++) {
    const content = await pageText(pdf, number);
    if (content === "") warnings.push(`Page ${number} has no text`);
    text.add(`${partsRead > 0 ? "\n\n" : ""}# Page ${number}\n\n${content}`);
    partsRead++;
  }
  if (first > pdf.numPages) warnings.push(`The document has only ${pdf.numPages} pages`);
  return {
    text: text.text(),
    parts: pdf.numPages,
    partsRead,
    metadata: await metadataOf(pdf),
    warnings,
    isTruncated: text.isFull,
  };
}

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

async function openPdf(bytes: Uint8Array): Promise<Pdf> {
  try {
    return await getDocumentProxy(bytes, { disableFontFace: true, verbosity: 0 });
  } catch (error) {
    const message = messageOf(error);
    const isLocked = /password/i.test(message);
    throw new AppError("unprocessable", isLocked ? "The PDF is encrypted" : `The PDF cannot be read: ${message}`);
  }
}

/** Pieces of text in the order of the page, with the line breaks that it has. */
async function pageText(pdf: Pdf, number: number): Promise<string> {
  const page = await pdf.getPage(number);
  const { items } = await page.getTextContent();
  const pieces = items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : ""));
  page.cleanup();
  return pieces.join("").trim();
}

async function metadataOf(pdf: Pdf): Promise<Record<string, string>> {
  const { info } = await pdf.getMetadata().catch(() => ({ info: {} }));
  const known = ["Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"];
  const entries = Object.entries(info as Record<string, unknown>);
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      known.includes(name) && typeof value === "string" && value !== ""
        ? [[name.toLowerCase(), value.slice(0, 500)]]
        : [],
    ),
  );
}
