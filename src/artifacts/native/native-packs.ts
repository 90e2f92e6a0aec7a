/** A group of native files inside the executable. The build replaces this file; in development the files lie in `node_modules`. */
export interface NativePack {
  /** SHA-256 of the uncompressed content. */
  hash: string;
  path: string;
  unpackedBytes: number;
}

/** What was built. A library is null where the executable has none of it. */
export interface BuildInfo {
  flavour: "light" | "default";
  target: string;
  libraries: Record<"lancedb" | "llama", string | null>;
}

export const nativePacks: Record<string, NativePack | undefined> = {};

/** Null when the sources run. */
export const buildInfo: BuildInfo | null = null as BuildInfo | null;
