/** A group of native files inside the executable. The build replaces this file; in development the files lie in `node_modules`. */
export interface NativePack {
  /** SHA-256 of the uncompressed content. */
  hash: string;
  path: string;
  unpackedBytes: number;
}

export const nativePacks: Record<string, NativePack | undefined> = {};
