import { zipSync } from "fflate";

/** Local time on purpose: zip has no time zone, and fflate writes the local fields. The first moment that zip can name. */
const fixedTime = () => new Date(1980, 0, 1);
const regularFile = 0o100644;

/**
 * An archive whose bytes depend on nothing but names and contents: `manifest.json` first, then by name. `store` leaves the files
 * uncompressed, so that the bytes, and a digest of them, do not depend on a compressor either.
 */
export function packFiles(files: ReadonlyMap<string, Uint8Array>, { store = false } = {}): Uint8Array {
  const rank = (name: string) => (name === "manifest.json" ? 0 : 1);
  const names = [...files.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const content = Object.fromEntries(names.map((name) => [name, files.get(name) ?? new Uint8Array()]));
  return zipSync(content, { level: store ? 0 : 9, mtime: fixedTime(), os: 3, attrs: regularFile * 2 ** 16 });
}
