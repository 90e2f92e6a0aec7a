import type { FileHandle } from "node:fs/promises";
import { stopIfAborted } from "#tools/stop-if-aborted.ts";

const chunkBytes = 64 * 1024;

export interface LinesOptions {
  /** Bytes of the file that are read at most. */
  maxBytes: number;
  /** A longer line is cut: a file may be one line of gigabytes. */
  maxLineLength: number;
  signal: AbortSignal;
}

/** Told in place of a line when `maxBytes` are read and the file goes on. */
export const fileGoesOn = Symbol("the file goes on");

/** The lines of a file from its beginning, in bounded memory, without their ends. Bytes that are not UTF-8 become U+FFFD. */
export async function* linesOf(
  handle: FileHandle,
  { maxBytes, maxLineLength, signal }: LinesOptions,
): AsyncGenerator<string | typeof fileGoesOn> {
  const decoder = new TextDecoder("utf-8");
  const chunk = new Uint8Array(chunkBytes);
  let position = 0;
  let rest = "";
  for (;;) {
    stopIfAborted(signal);
    if (position >= maxBytes) break;
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunkBytes, maxBytes - position), position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const parts = (rest + decoder.decode(chunk.subarray(0, bytesRead), { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    // One character more than is shown, so that the cut is noticed; one more for the carriage return.
    if (rest.length > maxLineLength + 2) rest = rest.slice(0, maxLineLength + 2);
    for (const line of parts) yield cutLine(line.endsWith("\r") ? line.slice(0, -1) : line, maxLineLength);
  }
  // A character whose last bytes never came.
  rest += decoder.decode();
  if (rest !== "") yield cutLine(rest.endsWith("\r") ? rest.slice(0, -1) : rest, maxLineLength);
  const { bytesRead } = await handle.read(chunk, 0, 1, position);
  if (bytesRead > 0) yield fileGoesOn;
}

export function cutLine(line: string, maxLength: number): string {
  return line.length <= maxLength ? line : `${line.slice(0, maxLength)} … [line cut]`;
}
