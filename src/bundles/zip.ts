import { inflateRawSync } from "node:zlib";
import { type ArchiveLimits, defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { shown } from "#bundles/entry-path.ts";
import { type ZipEntry, readZipDirectory, refused } from "#bundles/zip-directory.ts";

/** The files of an archive whose directory was found sound. */
export interface ZipArchive {
  names: string[];
  has(name: string): boolean;
  /** Inflates a file and checks its CRC. AppError `invalid_request` when it is not there or damaged. */
  read(name: string): Uint8Array;
}

/** Opens an archive without inflating anything. AppErrors `invalid_request` and `too_large` with the reason. */
export function openZip(archive: Uint8Array, limits: ArchiveLimits = defaultArchiveLimits): ZipArchive {
  const entries = new Map(readZipDirectory(archive, limits).map((entry) => [entry.name, entry]));
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    read(name) {
      const entry = entries.get(name);
      if (!entry) throw refused(`it has no file ${shown(name)}`);
      return readEntry(archive, entry);
    },
  };
}

function readEntry(archive: Uint8Array, entry: ZipEntry): Uint8Array {
  const stored = archive.subarray(entry.dataOffset, entry.dataOffset + entry.compressedBytes);
  const content = entry.isDeflated ? inflate(stored, entry) : stored;
  if (Bun.hash.crc32(content) !== entry.crc32) throw refused(`file ${shown(entry.name)} is damaged (CRC mismatch)`);
  return content;
}

/** zlib stops at the declared size, which is within the limits: more bytes than declared are never made. */
function inflate(stored: Uint8Array, entry: ZipEntry): Uint8Array {
  let result: { buffer: Uint8Array; engine: { bytesWritten: number } };
  try {
    const options = { maxOutputLength: Math.max(1, entry.bytes), info: true };
    // With `info` zlib answers an object; the types know only the plain form.
    result = inflateRawSync(stored, options) as unknown as typeof result;
  } catch (cause) {
    const isLonger = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    throw refused(`file ${shown(entry.name)} is ${isLonger ? "larger than declared" : "damaged"}`);
  }
  const { buffer, engine } = result;
  if (buffer.length !== entry.bytes || engine.bytesWritten !== stored.length) {
    throw refused(`file ${shown(entry.name)} does not have the declared size`);
  }
  return buffer;
}
