import { AppError, messageOf } from "#core/errors.ts";
import type { DocumentAnswer, DocumentTask, DocumentText } from "#documents/task.ts";

/**
 * The life of a document process: one task, named on the command line, its document on the input, the answer on the output. Documents come
 * from strangers, and libraries that read them are large: both stay out of the gateway's process.
 */
export async function runDocumentWorker(args: string[]): Promise<void> {
  const task = JSON.parse(args[0] ?? "") as DocumentTask;
  const input = await Bun.stdin.bytes();
  try {
    if (task.do === "write_pdf") {
      const { writePdf } = await import("#documents/write-pdf.ts");
      await answer({ ok: true }, await writePdf(new TextDecoder().decode(input), task.title));
    } else await answer({ ok: true, text: await read(task, input) });
  } catch (error) {
    const isTooLarge = error instanceof AppError && error.code === "too_large";
    const words = error instanceof AppError ? error.message : `The document cannot be read: ${messageOf(error)}`;
    await answer({ ok: false, code: isTooLarge ? "too_large" : "unprocessable", error: words });
  }
}

async function read(task: Extract<DocumentTask, { do: "read" }>, bytes: Uint8Array): Promise<DocumentText> {
  const { kind, maxChars } = task;
  if (kind === "pdf") return (await import("#documents/pdf-text.ts")).pdfText(bytes, task);
  if (kind === "html") return (await import("#documents/html-text.ts")).htmlText(bytes, maxChars);
  return (await import("#documents/office-text.ts")).officeText(kind, bytes, maxChars);
}

async function answer(line: DocumentAnswer, bytes: Uint8Array = new Uint8Array()): Promise<void> {
  await Bun.write(Bun.stdout, Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), bytes]));
}
