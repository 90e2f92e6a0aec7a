import { AppError } from "#core/errors.ts";
import { type ArchiveLimits, ratioFreeBytes } from "#bundles/archive-limits.ts";
import { foldedPath, pathProblem, shown } from "#bundles/entry-path.ts";

/** A file of an archive. Its bytes lie at `dataOffset`; nothing of it was inflated yet. */
export interface ZipEntry {
  name: string;
  isDeflated: boolean;
  crc32: number;
  compressedBytes: number;
  bytes: number;
  dataOffset: number;
}

/** An entry as the central directory tells it. */
interface DirectoryEntry extends Omit<ZipEntry, "dataOffset"> {
  isFolder: boolean;
  rawName: Uint8Array;
  method: number;
  flags: number;
  localOffset: number;
}

// Signatures and fixed header sizes of APPNOTE.TXT 4.3.
const endSignature = 0x06054b50;
const zip64LocatorSignature = 0x07064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const zip64LocatorBytes = 20;
const entryBytes = 46;
const localBytes = 30;
const maxCommentBytes = 0xffff;

const flagEncrypted = 0x1;
const flagSizesFollow = 0x8;
const flagPatched = 0x20;
const flagStronglyEncrypted = 0x40;
const flagMasked = 0x2000;

/**
 * Reads and checks the whole directory of an archive before any of its content: names, kinds, sizes, ratios, places.
 * AppError `invalid_request` with the reason, `too_large` when a limit is passed.
 */
export function readZipDirectory(archive: Uint8Array, limits: ArchiveLimits): ZipEntry[] {
  if (archive.length > limits.maxArchiveBytes) {
    throw tooLarge(`it has ${archive.length} bytes, more than ${limits.maxArchiveBytes}`);
  }
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(view);
  const { count, from, to } = directoryPlace(view, end);
  if (count > limits.maxEntries) throw tooLarge(`it has ${count} entries, more than ${limits.maxEntries}`);
  const entries = readEntries(view, { count, from, to });
  checkNames(entries);
  checkSizes(entries, limits);
  return checkPlaces(view, entries, from);
}

export function refused(reason: string): AppError {
  return new AppError("invalid_request", `The bundle archive is refused: ${reason}`);
}

export function tooLarge(reason: string): AppError {
  return new AppError("too_large", `The bundle archive is too large: ${reason}`);
}

/** The end record must reach exactly to the last byte: nothing may hide behind it. */
function findEnd(view: DataView): number {
  const lowest = Math.max(0, view.byteLength - endBytes - maxCommentBytes);
  for (let at = view.byteLength - endBytes; at >= lowest; at--) {
    if (view.getUint32(at, true) !== endSignature) continue;
    if (at + endBytes + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  throw refused("it is not a zip file, or its end is missing");
}

interface DirectoryPlace {
  count: number;
  from: number;
  to: number;
}

function directoryPlace(view: DataView, end: number): DirectoryPlace {
  const [disk, startDisk, onDisk, count] = [4, 6, 8, 10].map((offset) => view.getUint16(end + offset, true));
  const size = view.getUint32(end + 12, true);
  const from = view.getUint32(end + 16, true);
  const locator = end - zip64LocatorBytes;
  const hasLocator = locator >= 0 && view.getUint32(locator, true) === zip64LocatorSignature;
  if (hasLocator || count === 0xffff || size === 0xffffffff || from === 0xffffffff) {
    throw refused("zip64 archives are not supported");
  }
  if (disk !== 0 || startDisk !== 0 || onDisk !== count) throw refused("it is one part of several");
  if (from + size !== end) throw refused("its directory is truncated or not where it is said to be");
  return { count: count ?? 0, from, to: end };
}

function readEntries(view: DataView, { count, from, to }: DirectoryPlace): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let at = from;
  for (let index = 0; index < count; index++) {
    if (at + entryBytes > to || view.getUint32(at, true) !== entrySignature) {
      throw refused(`its directory is truncated or damaged at entry ${index + 1} of ${count}`);
    }
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const next = at + entryBytes + lengths.reduce((sum, length) => sum + length, 0);
    if (next > to) throw refused(`its directory is truncated or damaged at entry ${index + 1} of ${count}`);
    entries.push(readEntry(view, at));
    at = next;
  }
  if (at !== to) throw refused("its directory holds more than its entries");
  return entries;
}

function readEntry(view: DataView, at: number): DirectoryEntry {
  const nameBytes = view.getUint16(at + 28, true);
  const rawName = bytesAt(view, at + entryBytes, nameBytes);
  const name = decodeName(rawName);
  const entry: DirectoryEntry = {
    name,
    rawName,
    isFolder: name.endsWith("/"),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    isDeflated: view.getUint16(at + 10, true) === 8,
    crc32: view.getUint32(at + 16, true),
    compressedBytes: view.getUint32(at + 20, true),
    bytes: view.getUint32(at + 24, true),
    localOffset: view.getUint32(at + 42, true),
  };
  const extra = bytesAt(view, at + entryBytes + nameBytes, view.getUint16(at + 30, true));
  const problem =
    kindProblem(entry, { mode: view.getUint16(at + 40, true), disk: view.getUint16(at + 34, true) }) ??
    (hasZip64Field(extra) ? "uses zip64, which is not supported" : null);
  if (problem) throw refused(`entry ${shown(name)} ${problem}`);
  return entry;
}

function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function decodeName(raw: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw refused("the name of an entry is not UTF-8");
  }
}

function kindProblem(entry: DirectoryEntry, { mode, disk }: { mode: number; disk: number }): string | null {
  if (entry.flags & (flagEncrypted | flagStronglyEncrypted | flagMasked)) return "is encrypted";
  if (entry.flags & flagPatched) return "is a patch, not a file";
  if (entry.method !== 0 && entry.method !== 8) return `uses the unknown compression method ${entry.method}`;
  if (disk !== 0) return "lies in another part of the archive";
  if ([entry.compressedBytes, entry.bytes, entry.localOffset].includes(0xffffffff)) {
    return "uses zip64, which is not supported";
  }
  // The upper half of the external attributes: the Unix mode, when the packer had one.
  const fileType = mode & 0xf000;
  if (fileType === 0xa000) return "is a symbolic link";
  if (fileType !== 0 && fileType !== (entry.isFolder ? 0x4000 : 0x8000)) return "is not a plain file";
  if (entry.isFolder && entry.bytes > 0) return "is a folder with content";
  return entry.method === 0 && entry.compressedBytes !== entry.bytes ? "is stored, but its two sizes differ" : null;
}

function hasZip64Field(extra: Uint8Array): boolean {
  for (let at = 0; at + 4 <= extra.length;) {
    if (extra[at] === 1 && extra[at + 1] === 0) return true;
    at += 4 + (extra[at + 2] ?? 0) + 256 * (extra[at + 3] ?? 0);
  }
  return false;
}

function checkNames(entries: DirectoryEntry[]): void {
  const seen = new Map<string, string>();
  for (const { name, isFolder } of entries) {
    const path = isFolder ? name.slice(0, -1) : name;
    const problem = pathProblem(path);
    if (problem) throw refused(`the name of entry ${shown(name)} ${problem}`);
    const twin = seen.get(foldedPath(path));
    if (twin === name) throw refused(`it has two entries with the name ${shown(name)}`);
    if (twin !== undefined) throw refused(`entries ${shown(twin)} and ${shown(name)} differ only in letter case`);
    seen.set(foldedPath(path), name);
  }
}

function checkSizes(entries: DirectoryEntry[], limits: ArchiveLimits): void {
  let total = 0;
  for (const { name, bytes, compressedBytes } of entries) {
    if (bytes > limits.maxEntryBytes) {
      throw tooLarge(`entry ${shown(name)} has ${bytes} bytes, more than ${limits.maxEntryBytes}`);
    }
    if (bytes > ratioFreeBytes && bytes > compressedBytes * limits.maxRatio) {
      throw tooLarge(`entry ${shown(name)} is compressed more than ${limits.maxRatio} times`);
    }
    total += bytes;
    if (total > limits.maxTotalBytes) throw tooLarge(`its entries have more than ${limits.maxTotalBytes} bytes`);
  }
}

/** Every entry has its own header, which says the same as the directory, and its own bytes. */
function checkPlaces(view: DataView, entries: DirectoryEntry[], directoryAt: number): ZipEntry[] {
  let free = 0;
  const checked = new Map<DirectoryEntry, ZipEntry>();
  for (const entry of entries.toSorted((a, b) => a.localOffset - b.localOffset)) {
    if (entry.localOffset < free) throw refused(`entry ${shown(entry.name)} overlaps another one`);
    const dataOffset = dataOffsetOf(view, entry, directoryAt);
    free = dataOffset + entry.compressedBytes;
    if (free > directoryAt) throw refused(`entry ${shown(entry.name)} is truncated`);
    const { name, isDeflated, crc32, compressedBytes, bytes } = entry;
    checked.set(entry, { name, isDeflated, crc32, compressedBytes, bytes, dataOffset });
  }
  return entries.filter((entry) => !entry.isFolder).flatMap((entry) => checked.get(entry) ?? []);
}

function dataOffsetOf(view: DataView, entry: DirectoryEntry, directoryAt: number): number {
  const at = entry.localOffset;
  if (at + localBytes > directoryAt || view.getUint32(at, true) !== localSignature) {
    throw refused(`entry ${shown(entry.name)} has no header where the directory says`);
  }
  const nameBytes = view.getUint16(at + 26, true);
  const dataOffset = at + localBytes + nameBytes + view.getUint16(at + 28, true);
  if (dataOffset > directoryAt) throw refused(`entry ${shown(entry.name)} is truncated`);
  const name = bytesAt(view, at + localBytes, nameBytes);
  const flags = view.getUint16(at + 6, true);
  const isSame =
    Buffer.compare(name, entry.rawName) === 0 &&
    flags === entry.flags &&
    view.getUint16(at + 8, true) === entry.method &&
    ((flags & flagSizesFollow) !== 0 || hasSameSizes(view, at, entry));
  if (!isSame) throw refused(`entry ${shown(entry.name)} is described differently in its header and in the directory`);
  return dataOffset;
}

function hasSameSizes(view: DataView, at: number, entry: DirectoryEntry): boolean {
  const [crc32, compressedBytes, bytes] = [14, 18, 22].map((offset) => view.getUint32(at + offset, true));
  return crc32 === entry.crc32 && compressedBytes === entry.compressedBytes && bytes === entry.bytes;
}
