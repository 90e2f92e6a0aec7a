import { deflateRawSync } from "node:zlib";

/** One entry of a hand-made archive. Whatever is not given is what an honest packer would write. */
export interface RawEntry {
  name: string | Uint8Array;
  content?: string | Uint8Array;
  stored?: boolean;
  flags?: number;
  method?: number;
  mode?: number;
  crc?: number;
  compressedBytes?: number;
  bytes?: number;
  extra?: Uint8Array;
  disk?: number;
  localOffset?: number;
  /** What the local header says instead of the above. */
  local?: Partial<{ name: string; method: number; crc: number; bytes: number; flags: number }>;
  /** Bytes in the archive instead of the compressed content. */
  data?: Uint8Array;
}

export interface RawArchive {
  count?: number;
  directoryBytes?: number;
  directoryOffset?: number;
  disk?: number;
  comment?: string;
  before?: Uint8Array;
  after?: Uint8Array;
  beforeEnd?: Uint8Array;
}

const bytesOf = (text: string | Uint8Array) => (typeof text === "string" ? new TextEncoder().encode(text) : text);

/** An archive byte by byte, so that a test can lie at any place. */
export function rawZip(entries: RawEntry[], archive: RawArchive = {}): Uint8Array {
  const parts: Uint8Array[] = [archive.before ?? new Uint8Array()];
  const directory: Uint8Array[] = [];
  let offset = parts[0]?.length ?? 0;
  for (const entry of entries) {
    const made = makeEntry(entry, offset);
    parts.push(made.local);
    directory.push(made.central);
    offset += made.local.length;
  }
  const central = Buffer.concat(directory);
  const comment = bytesOf(archive.comment ?? "");
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(archive.disk ?? 0, 4);
  end.writeUInt16LE(archive.count ?? entries.length, 8);
  end.writeUInt16LE(archive.count ?? entries.length, 10);
  end.writeUInt32LE(archive.directoryBytes ?? central.length, 12);
  end.writeUInt32LE(archive.directoryOffset ?? offset, 16);
  end.writeUInt16LE(comment.length, 20);
  const tail = [central, archive.beforeEnd ?? new Uint8Array(), end, comment, archive.after ?? new Uint8Array()];
  return new Uint8Array(Buffer.concat([...parts, ...tail]));
}

function makeEntry(entry: RawEntry, offset: number): { local: Uint8Array; central: Uint8Array } {
  const content = bytesOf(entry.content ?? "");
  const data = entry.data ?? (entry.stored ? content : new Uint8Array(deflateRawSync(content)));
  const name = bytesOf(entry.name);
  const extra = entry.extra ?? new Uint8Array();
  const fields = {
    flags: entry.flags ?? 0x800,
    method: entry.method ?? (entry.stored ? 0 : 8),
    crc: entry.crc ?? Bun.hash.crc32(content),
    compressed: entry.compressedBytes ?? data.length,
    bytes: entry.bytes ?? content.length,
  };
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(0x0314, 4);
  central.writeUInt16LE(20, 6);
  writeFields(central, 8, fields);
  central.writeUInt16LE(name.length, 28);
  central.writeUInt16LE(extra.length, 30);
  central.writeUInt16LE(entry.disk ?? 0, 34);
  central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
  central.writeUInt32LE(entry.localOffset ?? offset, 42);
  const localName = bytesOf(entry.local?.name ?? entry.name);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  writeFields(local, 6, { ...fields, ...entry.local });
  local.writeUInt16LE(localName.length, 26);
  return { local: Buffer.concat([local, localName, data]), central: Buffer.concat([central, name, extra]) };
}

interface Fields {
  flags: number;
  method: number;
  crc: number;
  compressed: number;
  bytes: number;
}

function writeFields(header: Buffer, at: number, fields: Fields): void {
  header.writeUInt16LE(fields.flags, at);
  header.writeUInt16LE(fields.method, at + 2);
  header.writeUInt32LE(fields.crc, at + 8);
  header.writeUInt32LE(fields.compressed, at + 12);
  header.writeUInt32LE(fields.bytes, at + 16);
}

/** Seeded, so that a failure can be repeated. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
