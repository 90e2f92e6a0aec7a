import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { deflateRawSync } from "node:zlib";
import { zipSync } from "fflate";
import { documentKind } from "#documents/document-kind.ts";
import { createDocuments } from "#documents/documents.ts";
import { rejection } from "#fixtures/rejection.ts";

const main = join(resolve(import.meta.dirname, "../.."), "src/cli/main.ts");
const command = [process.execPath, main, "document-worker"];
const documents = createDocuments({ command });
const never = new AbortController().signal;
const pages = { first: 1, last: null };

function office(files: Record<string, string>): Blob {
  const encoded = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  return new Blob([zipSync(Object.fromEntries(encoded))]);
}

const read = (blob: Blob, kind: Parameters<typeof documents.read>[1]["kind"], maxChars = 10_000) =>
  documents.read(blob, { kind, maxChars, pages }, never);

describe("a PDF", () => {
  const text = ["# Überschrift", "", "Привет **Welt**, λ.", "", "- eins", "- zwei", "", "```", "code();", "```"].join(
    "\n",
  );

  test("that was written is read again, letters of any alphabet and its title too", async () => {
    const bytes = await documents.writePdf(text, "Ein Titel", never);
    expect(new TextDecoder().decode(bytes.subarray(0, 5))).toBe("%PDF-");
    const found = await read(new Blob([bytes as BlobPart]), "pdf");
    expect(found).toMatchObject({ parts: 1, partsRead: 1, isTruncated: false, metadata: { title: "Ein Titel" } });
    for (const part of ["# Page 1", "Ein Titel", "Überschrift", "Привет", "Welt", "λ", "eins", "code();"]) {
      expect(found.text).toContain(part);
    }
    expect(found.text).not.toContain("**");
  });

  test("is read by pages and up to a length", async () => {
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`).join("\n");
    const blob = new Blob([(await documents.writePdf(lines, "", never)) as BlobPart]);
    const whole = await read(blob, "pdf", 100_000);
    expect(whole.parts).toBeGreaterThan(2);
    const second = await documents.read(blob, { kind: "pdf", maxChars: 100_000, pages: { first: 2, last: 2 } }, never);
    expect([second.partsRead, second.text.startsWith("# Page 2"), second.text.includes("line 0\n")]).toEqual([
      1,
      true,
      false,
    ]);
    const cut = await read(blob, "pdf", 50);
    expect([cut.text.length <= 50, cut.isTruncated]).toEqual([true, true]);
    const none = await documents.read(blob, { kind: "pdf", maxChars: 99, pages: { first: 90, last: null } }, never);
    expect(none).toMatchObject({ text: "", partsRead: 0, warnings: [expect.stringContaining("only")] });
  });

  test("that is damaged or cut off is refused", async () => {
    const whole = await documents.writePdf("text", "", never);
    for (const bytes of [new TextEncoder().encode("no pdf at all"), new Uint8Array(), whole.subarray(0, 40)]) {
      expect(await rejection(read(new Blob([bytes as BlobPart]), "pdf"))).toMatchObject({ code: "unprocessable" });
    }
  });
});

describe("an office document", () => {
  test("of Word gives paragraphs, headings, tabs and tables", async () => {
    const paragraph = (inner: string) => `<w:p>${inner}</w:p>`;
    const run = (text: string) => `<w:r><w:t>${text}</w:t></w:r>`;
    const body = [
      paragraph(`<w:pPr><w:pStyle w:val="Heading2"/></w:pPr>${run("Plan")}`),
      paragraph(`${run("a &amp; b")}<w:r><w:tab/></w:r>${run("c")}`),
      `<w:tbl><w:tr><w:tc>${paragraph(run("x"))}</w:tc><w:tc>${paragraph(run("y"))}</w:tc></w:tr></w:tbl>`,
    ].join("");
    const blob = office({
      "[Content_Types].xml": "<x/>",
      "word/document.xml": `<w:document><w:body>${body}</w:body></w:document>`,
    });
    const { text } = await read(blob, "docx");
    expect(text).toStartWith("## Plan\na & b\tc\n");
    expect(text.split(/\s+/)).toEqual(["##", "Plan", "a", "&", "b", "c", "x", "y"]);
  });

  test("of Excel gives each sheet under its name, cells in their columns", async () => {
    const cell = (at: string, kind: string, inner: string) => `<c r="${at}" t="${kind}">${inner}</c>`;
    const rows =
      `<row r="1">${cell("A1", "s", "<v>1</v>")}${cell("C1", "n", "<v>2.5</v>")}</row>` +
      `<row r="2">${cell("B2", "inlineStr", "<is><t>in</t></is>")}</row>`;
    const blob = office({
      "xl/workbook.xml": `<workbook><sheets><sheet name="Budget" r:id="r2"/><sheet name="Gone" r:id="r9"/></sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r2" Target="worksheets/sheet7.xml"/></Relationships>`,
      "xl/sharedStrings.xml": "<sst><si><t>zero</t></si><si><r><t>o</t></r><r><t>ne</t></r></si></sst>",
      "xl/worksheets/sheet7.xml": `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
    });
    const found = await read(blob, "xlsx");
    expect(found).toMatchObject({ text: "# Budget\n\none\t\t2.5\n\tin", parts: 1, partsRead: 1 });
  });

  test("may come as a stream", async () => {
    const blob = office({ "content.xml": "<office:text><text:p>flowing</text:p></office:text>" });
    const found = await documents.read(blob.stream(), { kind: "odf", maxChars: 100, pages }, never);
    expect(found.text).toBe("flowing");
  });

  test("of PowerPoint gives the slides in their order", async () => {
    const slide = (text: string) => `<p:sld><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:sld>`;
    const blob = office({ "ppt/slides/slide10.xml": slide("last"), "ppt/slides/slide2.xml": slide("first") });
    expect((await read(blob, "pptx")).text).toBe("# Slide 1\n\nfirst\n\n# Slide 2\n\nlast");
  });

  test("of OpenDocument gives headings, spaces and tables", async () => {
    const content =
      `<office:text><text:h text:outline-level="1">Top</text:h><text:p>a<text:s text:c="2"/>b<text:span>c</text:span></text:p>` +
      `<table:table table:name="T"><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table></office:text>`;
    expect((await read(office({ "content.xml": content }), "odf")).text).toBe("# Top\na  bc\n\n# T\n\n1");
  });

  test("is cut at the length that is asked for", async () => {
    const body = `<w:p><w:r><w:t>${"x".repeat(100)}</w:t></w:r></w:p>`.repeat(100);
    const found = await read(office({ "word/document.xml": body }), "docx", 150);
    expect([found.text.replaceAll("\n", "").length <= 150, found.isTruncated]).toEqual([true, true]);
  });

  test.each<[string, Blob, RegExp]>([
    ["no zip", new Blob(["hello"]), /The document is refused: it is not a zip/],
    ["of another kind", office({ "other.xml": "<x/>" }), /has no 'word\/document.xml'/],
    ["with names that climb", office({ "../../etc/x": "x", "word/document.xml": "<x/>" }), /'\.' or '\.\.' segment/],
  ])("that is %s is refused", async (_, blob, reason) => {
    const error = await rejection(read(blob, "docx"));
    expect(error).toMatchObject({ code: "unprocessable", message: expect.stringMatching(reason) });
  });

  test("that is a bomb is refused before it is inflated", async () => {
    const zeros = new Uint8Array(100 * 1024 * 1024);
    const bomb = zipSync({ "word/document.xml": zeros }, { level: 9 });
    expect(bomb.length).toBeLessThan(deflateRawSync(zeros).length + 1000);
    const error = await rejection(read(new Blob([bomb]), "docx"));
    expect(error).toMatchObject({ code: "too_large", message: expect.stringContaining("compressed more than") });
  });
});

test("a page gives what a person reads, and no script", async () => {
  const html = `<title>T</title><style>p{}</style><h1>Top</h1><p>one <b>two</b><script>alert(1)</script></p><ul><li>x</li></ul>`;
  const found = await read(new Blob([html]), "html");
  expect(found).toMatchObject({ metadata: { title: "T" } });
  expect(found.text).toMatch(/^# Top\n+one two\n+- x$/);
});

describe("a document process", () => {
  const slow = (script: string) => [process.execPath, "-e", script];

  test("that takes too long is killed", async () => {
    const stuck = createDocuments({ command: slow("for (;;);"), timeoutMs: 300 });
    const error = await rejection(stuck.writePdf("x", "", never));
    expect(error).toMatchObject({ code: "unprocessable", message: expect.stringContaining("longer than 0.3 seconds") });
  });

  test.skipIf(process.platform !== "linux")("that takes too much memory is killed", async () => {
    const script = "const all = []; for (;;) all.push(new Uint8Array(1e7).fill(1));";
    const greedy = createDocuments({ command: slow(script), maxMemoryBytes: 300 * 1024 * 1024 });
    expect(await rejection(greedy.writePdf("x", "", never))).toMatchObject({
      message: expect.stringContaining("300 MiB"),
    });
  });

  test("that dies is a failure of the document, and a cancelled call ends at once", async () => {
    const dying = createDocuments({ command: slow("process.exit(1)") });
    expect(await rejection(dying.writePdf("x", "", never))).toMatchObject({ code: "unprocessable" });
    const controller = new AbortController();
    const stuck = createDocuments({ command: slow("for (;;);") }).writePdf("x", "", controller.signal);
    controller.abort(new Error("enough"));
    expect(await rejection(stuck)).toMatchObject({ message: "enough" });
  });

  test("more calls than may run at once all get their answers", async () => {
    const all = await Promise.all(["a", "b", "c", "d"].map((text) => documents.writePdf(text, text, never)));
    expect(all.every((bytes) => bytes.length > 500)).toBe(true);
  });
});

test("kinds are told by type, else by name", () => {
  expect(documentKind("application/pdf; x=1", "a")).toBe("pdf");
  expect(documentKind("application/octet-stream", "Report.DOCX")).toBe("docx");
  expect(documentKind("image/png", "a.png")).toBeNull();
});
