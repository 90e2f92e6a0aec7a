import { readFileSync } from "node:fs";
import boldFont from "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf" with { type: "file" };
import plainFont from "dejavu-fonts-ttf/ttf/DejaVuSans.ttf" with { type: "file" };
import monoFont from "dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf" with { type: "file" };
import Pdf from "pdfkit";

const bodySize = 11;
const headingSizes = [22, 18, 15, 13, 12, 11];

/** A document from text in the manner of Markdown: headings, lists, code, bold words. The fonts are inside, so any letters show anywhere. */
export async function writePdf(text: string, title: string): Promise<Uint8Array> {
  const document = new Pdf({
    size: "A4",
    margin: 56,
    // The types know only names of fonts; the library takes their bytes too, and would look for a file otherwise.
    font: readFileSync(plainFont) as unknown as string,
    info: title === "" ? {} : { Title: title },
  });
  document.registerFont("plain", readFileSync(plainFont));
  document.registerFont("bold", readFileSync(boldFont));
  document.registerFont("mono", readFileSync(monoFont));
  const chunks: Uint8Array[] = [];
  const done = new Promise<void>((resolve, reject) => {
    document.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    document.on("end", resolve);
    document.on("error", reject);
  });
  if (title !== "") document.font("bold").fontSize(24).text(title).moveDown(0.6);
  writeBlocks(document, text);
  document.end();
  await done;
  return Buffer.concat(chunks);
}

type Document = InstanceType<typeof Pdf>;

function writeBlocks(document: Document, text: string): void {
  let isCode = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    else if (isCode)
      document
        .font("mono")
        .fontSize(bodySize - 2)
        .text(line === "" ? " " : line);
    else writeLine(document, line);
  }
}

function writeLine(document: Document, line: string): void {
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading) {
    const size = headingSizes[(heading[1]?.length ?? 1) - 1] ?? bodySize;
    document
      .moveDown(0.4)
      .font("bold")
      .fontSize(size)
      .text(withoutMarks(heading[2] ?? ""))
      .moveDown(0.2);
    return;
  }
  if (line.trim() === "") return void document.moveDown(0.5);
  if (/^\s*(?:-{3,}|\*{3,})\s*$/.test(line)) return void document.moveDown(0.8);
  const item = /^(\s*)[-*+]\s+(.*)$/.exec(line);
  const indent = item ? 14 + 10 * Math.min(6, Math.floor((item[1]?.length ?? 0) / 2)) : 0;
  writeSpans(document, item ? `•  ${item[2] ?? ""}` : line, indent);
}

/** A line with its bold words. */
function writeSpans(document: Document, line: string, indent: number): void {
  const spans = line.split(/(\*\*[^*]+\*\*)/).filter((span) => span !== "");
  for (const [index, span] of spans.entries()) {
    const bold = /^\*\*([^*]+)\*\*$/.exec(span);
    document.font(bold ? "bold" : "plain").fontSize(bodySize);
    document.text(bold ? (bold[1] ?? "") : withoutMarks(span), {
      indent: index === 0 ? indent : 0,
      continued: index < spans.length - 1,
    });
  }
}

/** Marks that would only be noise on paper: code, links, emphasis. */
function withoutMarks(text: string): string {
  return text
    .replace(/`([^`]+)`/g, "$1")
    .replace(/!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)/g, (_, label: string, url: string) =>
      label === "" ? url : `${label} (${url})`,
    )
    .replace(/(^|\s)[*_]([^*_\s][^*_]*)[*_](?=\s|[.,;:!?)]|$)/g, "$1$2");
}
