import { type FileOperation, countIn, pathIn, textIn } from "#effects/files/file-context.ts";
import { defaultMaxChars, requireDocument } from "#effects/files/text-files.ts";
import { writeChunks } from "#tools/write-chunks.ts";

const large = Number.MAX_SAFE_INTEGER;
const pdfType = "application/pdf";

/** Text of some pages of a PDF. */
export const readPdf: FileOperation = async ({ deps, input, workspace, signal }) => {
  const file = await workspace.resolve(pathIn(input, "file_path", "path"));
  await requireDocument(file);
  const first = countIn(input, "page_start", { preset: 1, min: 1, max: large });
  const last = countIn(input, "page_end", { preset: 0, min: 0, max: large });
  const maxChars = countIn(input, "max_chars", { preset: 0, min: 0, max: large }) || defaultMaxChars;
  const pages = { first, last: last === 0 ? null : last };
  const read = await deps.documents.read(Bun.file(file.path), { kind: "pdf", maxChars, pages }, signal);
  return {
    result: {
      content: read.text,
      pages: read.parts,
      processed_pages: read.partsRead,
      metadata: read.metadata,
      warnings: read.warnings,
      truncated: read.isTruncated,
      content_type: pdfType,
      file_path: file.shown,
    },
  };
};

/** A PDF from text in the manner of Markdown. */
export const writePdf: FileOperation = async ({ deps, input, workspace, signal }) => {
  const file = await workspace.resolve(pathIn(input, "file_path", "path"));
  const bytes = await deps.documents.writePdf(textIn(input, "content"), textIn(input, "title"), signal);
  await writeChunks(file, inOnePiece(bytes), { overwrite: true, makesFolders: true });
  const sha256 = Bun.SHA256.hash(bytes, "hex");
  return { result: { bytes: bytes.length, sha256, content_type: pdfType, file_path: file.shown } };
};

// oxlint-disable-next-line require-await -- whoever writes takes pieces as they come
async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
