import { createReadStream, createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

interface Entry {
  /** Inside the archive, with `/`. */
  name: string;
  path: string;
}

const blockBytes = 512;
/** Every file is as old as the epoch of tar, so that the same files make the same archive. */
const modified = 0;

/** Packs files and folders as .tar.gz, in a fixed order and without owners or times: the same content gives the same bytes. */
export async function writeArchive(outfile: string, entries: Entry[]): Promise<void> {
  const files = (await Promise.all(entries.map(filesOf))).flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  await pipeline(Readable.from(blocks(files)), createGzip({ level: 6 }), createWriteStream(outfile));
}

async function filesOf({ name, path }: Entry): Promise<Entry[]> {
  if (!(await stat(path)).isDirectory()) return [{ name, path }];
  const children = await readdir(path);
  return (
    await Promise.all(children.map((child) => filesOf({ name: `${name}/${child}`, path: join(path, child) })))
  ).flat();
}

async function* blocks(files: Entry[]): AsyncGenerator<Buffer> {
  for (const { name, path } of files) {
    const { size } = await stat(path);
    yield header(name, size);
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) yield piece as Buffer;
    yield Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
  }
  yield Buffer.alloc(2 * blockBytes);
}

/** A header of POSIX ustar. Names of up to 100 bytes are all that we need. */
function header(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`the name '${name}' is too long for the archive`);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  block.write(name, 0, "utf8");
  octal(0o755, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(modified, 136, 12);
  block.write("        ", 148, "latin1");
  block.write("0", 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
