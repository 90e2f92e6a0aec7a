import { Inflate } from "fflate";
import { AppError } from "#core/errors.ts";

export interface ZipLimits {
  maxEntries: number;
  /** Inflated bytes of one entry, and of all. */
  maxEntryBytes: number;
  maxTotalBytes: number;
  /** Inflated to deflated; small entries are let off. */
  maxRatio: number;
}

export const zipLimits: ZipLimits = {
  maxEntries: 2000,
  maxEntryBytes: 64 * 1024 * 1024,
  maxTotalBytes: 256 * 1024 * 1024,
  maxRatio: 200,
};

interface Entry {
  name: string;
  method: number;
  crc: number;
  compressedBytes: number;
  bytes: number;
  offset: number;
}

const smallBytes = 64 * 1024;

/** Files of an archive by name. AppError `invalid_request` with the reason for everything that is not a plain, bounded zip. */
export function readZip(archive: Uint8Array, limits: ZipLimits = zipLimits): Map<string, Uint8Array> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries = readDirectory(archive, view, limits);
  checkTotals(entries, limits);
  const files = new Map<string, Uint8Array>();
  const spans: [number, number][] = [];
  for (const entry of entries) {
    const start = dataStart(view, entry);
    spans.push([entry.offset, start + entry.compressedBytes]);
    files.set(entry.name, inflate(archive.subarray(start, start + entry.compressedBytes), entry));
  }
  checkOverlap(spans);
  for (const name of files.keys()) if (name.endsWith("/")) files.delete(name);
  return files;
}

function refuse(reason: string): AppError {
  return new AppError("invalid_request", `The bundle archive is refused: ${reason}`);
}

function readDirectory(archive: Uint8Array, view: DataView, limits: ZipLimits): Entry[] {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) throw refuse("zip64 is not supported");
  if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count)
    throw refuse("it spans several disks");
  if (count > limits.maxEntries) throw refuse(`it has ${count} entries, more than ${limits.maxEntries}`);
  if (start + size > end) throw refuse("its directory is cut off");
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = start;
  for (let index = 0; index < count; index++) {
    const { entry, next } = readEntry(archive, view, { at, end: start + size });
    const folded = entry.name.toLowerCase();
    if (names.has(folded)) throw refuse(`it holds '${entry.name}' twice`);
    names.add(folded);
    entries.push(entry);
    at = next;
  }
  return entries;
}

function findEnd(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) === 0x06054b50 && at + 22 + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  }
  throw refuse("it is not a zip file");
}

function readEntry(
  archive: Uint8Array,
  view: DataView,
  { at, end }: { at: number; end: number },
): { entry: Entry; next: number } {
  if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw refuse("its directory is damaged");
  const nameLength = view.getUint16(at + 28, true);
  const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) throw refuse("its directory is cut off");
  const name = decodeName(archive.subarray(at + 46, at + 46 + nameLength));
  const flags = view.getUint16(at + 8, true);
  if (flags & 0x41) throw refuse(`'${name}' is encrypted`);
  const method = view.getUint16(at + 10, true);
  if (method !== 0 && method !== 8) throw refuse(`'${name}' uses the unknown compression method ${method}`);
  checkMode(name, view.getUint16(at + 4, true) >> 8, view.getUint32(at + 38, true) >>> 16);
  const entry = {
    name,
    method,
    crc: view.getUint32(at + 16, true),
    compressedBytes: view.getUint32(at + 20, true),
    bytes: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
  };
  return { entry, next };
}

function decodeName(bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refuse("a file name is not UTF-8");
  }
  const problem = pathProblem(name.endsWith("/") ? name.slice(0, -1) : name);
  if (problem) throw refuse(`the name '${name.slice(0, 100)}' ${problem}`);
  return name;
}

/** Why a path inside a bundle cannot be trusted, or null (contract flow-runtime 1.1). */
export function pathProblem(path: string): string | null {
  if (path === "") return "is empty";
  if (path.includes("\0") || path.includes("\\")) return "has a character that is not allowed";
  if (path.startsWith("/")) return "is absolute";
  const segments = path.split("/");
  if (segments[0]?.includes(":")) return "names a drive";
  return segments.some((segment) => segment === "" || segment === "." || segment === "..") ? "leaves the bundle" : null;
}

/** Only plain files and folders: the mode is there when the archive was made on a Unix. */
function checkMode(name: string, host: number, mode: number): void {
  const kind = mode & 0o170000;
  if (host === 3 && kind !== 0 && kind !== 0o100000 && kind !== 0o040000)
    throw refuse(`'${name}' is a link or a special file`);
}

function checkTotals(entries: Entry[], limits: ZipLimits): void {
  let total = 0;
  for (const { name, bytes, compressedBytes } of entries) {
    total += bytes;
    if (bytes > limits.maxEntryBytes) throw refuse(`'${name}' is ${bytes} bytes, more than ${limits.maxEntryBytes}`);
    if (bytes > smallBytes && bytes > compressedBytes * limits.maxRatio)
      throw refuse(`'${name}' is compressed suspiciously well`);
  }
  if (total > limits.maxTotalBytes) throw refuse(`its files are ${total} bytes, more than ${limits.maxTotalBytes}`);
}

function dataStart(view: DataView, { name, offset, compressedBytes, method }: Entry): number {
  if (offset + 30 > view.byteLength || view.getUint32(offset, true) !== 0x04034b50)
    throw refuse(`'${name}' has no header`);
  if (view.getUint16(offset + 8, true) !== method) throw refuse(`'${name}' contradicts the directory`);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressedBytes > view.byteLength) throw refuse(`'${name}' is cut off`);
  return start;
}

function checkOverlap(spans: [number, number][]): void {
  spans.sort((a, b) => a[0] - b[0]);
  for (let index = 1; index < spans.length; index++) {
    if ((spans[index - 1]?.[1] ?? 0) > (spans[index]?.[0] ?? 0)) throw refuse("its entries overlap");
  }
}

function inflate(data: Uint8Array, entry: Entry): Uint8Array {
  const bytes = entry.method === 0 ? data : inflateBounded(data, entry);
  if (bytes.length !== entry.bytes) throw refuse(`'${entry.name}' has ${bytes.length} bytes instead of ${entry.bytes}`);
  if (Bun.hash.crc32(bytes) !== entry.crc) throw refuse(`'${entry.name}' is damaged (checksum)`);
  return bytes;
}

/** Stops as soon as more comes out than the directory promised. */
function inflateBounded(data: Uint8Array, { name, bytes }: Entry): Uint8Array {
  const out = new Uint8Array(bytes);
  let at = 0;
  const stream = new Inflate((chunk) => {
    if (at + chunk.length > bytes) throw refuse(`'${name}' is larger than it says`);
    out.set(chunk, at);
    at += chunk.length;
  });
  try {
    // In pieces, so that a bomb is noticed long before it is blown up.
    for (let from = 0; from < data.length; from += 65_536)
      stream.push(data.subarray(from, from + 65_536), from + 65_536 >= data.length);
    if (data.length === 0) throw refuse(`'${name}' is empty`);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refuse(`'${name}' cannot be inflated`);
  }
  return out.subarray(0, at);
}
