import {
  existsSync,
  readdirSync,
  statSync,
  closeSync,
  fdatasync,
  fsync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const dataSync = promisify(fdatasync);
const fullSync = promisify(fsync);

/** Flushes what was written to an open file, off this thread. */
export function flush(file: number): Promise<void> {
  return dataSync(file);
}

/** Makes new, renamed and removed names in a folder durable. Windows has no such call and needs none. */
export async function flushFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    await fullSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Writes all bytes at a place of an open file; `write` may take only a part of them. */
export function writeAll(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, at + done);
  }
}

/** Opens a file to be continued at byte `at`: what a crash left behind it is cut off. */
export function openAt(path: string, at: number): number {
  const file = openSync(path, "a+", 0o600);
  closeSync(file);
  const writable = openSync(path, "r+");
  if (fstatSync(writable).size > at) ftruncateSync(writable, at);
  return writable;
}

/** Puts a whole file in the place of another: after a crash there is one of the two. The folder has to be flushed after it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const file = openSync(`${path}.tmp`, "w", 0o600);
  try {
    writeAll(file, Buffer.from(text), 0);
    await flush(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.tmp`, path);
}

export function folderBytes(path: string): number {
  let bytes = 0;
  for (const name of existsSync(path) ? readdirSync(path) : []) {
    bytes += statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** The bytes of a part of an open file, as text. Shorter than asked where the file ends. */
export function readText(file: number, at: number, length: number): string {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(file, bytes, done, length - done, at + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.toString("utf8", 0, done);
}
