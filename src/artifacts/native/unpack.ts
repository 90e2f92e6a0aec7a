import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import type { NativePack } from "#artifacts/native/native-packs.ts";

export interface PackedFile {
  name: string;
  bytes: number;
}

/** Zstandard of Bun's `node:zlib`, which the types of Node 20 do not know. */
const { createZstdDecompress } = zlib as unknown as { createZstdDecompress(options: { chunkSize: number }): Transform };

/**
 * Writes a pack's files into an empty folder, each flushed to the disk. A piece at a time: LanceDB's 200 MB at once would be more memory
 * than a small container has. Throws when the content is not what the hash says.
 */
export async function unpack(pack: NativePack, folder: string): Promise<PackedFile[]> {
  const writer = new PackWriter(folder);
  const hash = createHash("sha256");
  const packed = Bun.file(pack.path).stream() as AsyncIterable<Uint8Array>;
  try {
    await pipeline(packed, createZstdDecompress({ chunkSize: 1 << 20 }), async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) {
        hash.update(piece);
        await writer.write(piece);
      }
    });
  } finally {
    await writer.close();
  }
  if (!writer.isComplete || hash.digest("hex") !== pack.hash) throw new Error("the packed files are damaged");
  return writer.files;
}

/** `[header length, u32 little-endian][header: JSON][bytes of the files, one after the other]`, in pieces of any size. */
class PackWriter {
  #folder: string;
  #head: Uint8Array = new Uint8Array();
  #files: PackedFile[] | null = null;
  #index = 0;
  #left = 0;
  #file: FileHandle | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get files(): PackedFile[] {
    return this.#files ?? [];
  }

  get isComplete(): boolean {
    return this.#files !== null && this.#index === this.#files.length && this.#file === null;
  }

  async write(piece: Uint8Array): Promise<void> {
    let rest = this.#files === null ? this.#takeHeader(piece) : piece;
    while (rest.length > 0) {
      const file = this.#file ?? (await this.#openNext());
      const part = rest.subarray(0, this.#left);
      await file.writeFile(part);
      this.#left -= part.length;
      rest = rest.subarray(part.length);
      if (this.#left === 0) await this.#finish(file);
    }
  }

  /** What follows the header, nothing until the header is whole. */
  #takeHeader(piece: Uint8Array): Uint8Array {
    this.#head = Buffer.concat([this.#head, piece]);
    if (this.#head.length < 4) return new Uint8Array();
    const end = 4 + new DataView(this.#head.buffer, this.#head.byteOffset).getUint32(0, true);
    if (this.#head.length < end) return new Uint8Array();
    const header = JSON.parse(new TextDecoder().decode(this.#head.subarray(4, end))) as { files: PackedFile[] };
    this.#files = header.files;
    const rest = this.#head.subarray(end);
    this.#head = new Uint8Array();
    return rest;
  }

  async #openNext(): Promise<FileHandle> {
    const next = this.files[this.#index];
    if (!next || next.name !== basename(next.name)) throw new Error("the packed files are damaged");
    this.#left = next.bytes;
    this.#file = await open(join(this.#folder, next.name), "wx", 0o700);
    return this.#file;
  }

  async #finish(file: FileHandle): Promise<void> {
    await file.sync();
    await file.close();
    this.#file = null;
    this.#index += 1;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}
