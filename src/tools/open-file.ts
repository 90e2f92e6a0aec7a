import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { AppError } from "#core/errors.ts";
import { fileError } from "#tools/file-error.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

/** As much of a file's beginning as is looked at to tell text from anything else. */
const probeBytes = 8192;
const chunkBytes = 256 * 1024;

/**
 * Opens a text file for `use` and closes it afterwards. AppError `not_found` or `forbidden`; `invalid_request` for a folder, a pipe or a device
 * (reading those could last for ever); `unprocessable` for a binary file.
 */
export async function withTextFile<T>(
  file: ResolvedPath,
  use: (handle: FileHandle, sizeBytes: number) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    const facts = await requireFile(file);
    handle = await open(file.path, "r");
    if (isBinary(await probe(handle))) {
      throw new AppError("unprocessable", `'${file.shown}' is a binary file of ${facts.size} bytes, not text`);
    }
    return await use(handle, facts.size);
  } catch (error) {
    throw fileError(error, file.shown);
  } finally {
    await handle?.close();
  }
}

/** Size of a file. AppError `not_found` or `forbidden`; `invalid_request` for a folder, a pipe or a device. */
export async function requireFile(file: ResolvedPath): Promise<{ size: number }> {
  try {
    const facts = await stat(file.path);
    if (facts.isDirectory()) throw new AppError("invalid_request", `'${file.shown}' is a folder, not a file`);
    if (!facts.isFile()) throw new AppError("invalid_request", `'${file.shown}' is not a regular file`);
    return { size: facts.size };
  } catch (error) {
    throw fileError(error, file.shown);
  }
}

/** The bytes of a file in pieces. AppErrors as those of `requireFile`. */
export async function* fileChunks(file: ResolvedPath): AsyncGenerator<Uint8Array> {
  await requireFile(file);
  try {
    for await (const chunk of createReadStream(file.path, { highWaterMark: chunkBytes })) yield chunk as Uint8Array;
  } catch (error) {
    throw fileError(error, file.shown);
  }
}

/** The whole text of a file that is not larger than `maxBytes`. AppError `too_large`, and `unprocessable` when it is not UTF-8. */
export async function readWholeText(file: ResolvedPath, maxBytes: number): Promise<string> {
  return withTextFile(file, async (handle, sizeBytes) => {
    if (sizeBytes > maxBytes) {
      throw new AppError("too_large", `'${file.shown}' has ${sizeBytes} bytes; the limit here is ${maxBytes}`);
    }
    const bytes = await handle.readFile();
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      throw new AppError("unprocessable", `'${file.shown}' is not UTF-8 text`, { cause: error });
    }
  });
}

async function probe(handle: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(probeBytes), 0, probeBytes, 0);
  return buffer.subarray(0, bytesRead);
}

/** Text has no NUL and few other control characters; bytes above 127 may be any encoding. */
function isBinary(bytes: Uint8Array): boolean {
  let strange = 0;
  for (const byte of bytes) {
    if (byte === 0) return true;
    if (byte < 7 || (byte > 13 && byte < 32 && byte !== 27)) strange += 1;
  }
  return strange > bytes.length / 10;
}
