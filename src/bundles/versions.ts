import type { Manifest } from "#core/bundle.ts";

type Versioned = { manifest: Pick<Manifest, "bundle_version" | "created_at"> };

export function isDraftVersion(version: string): boolean {
  return version.startsWith("draft.");
}

/**
 * The latest version (contract flow-runtime 1.6): by number when every version is dotted numbers, else by creation and then by name.
 */
export function latestOf<T extends Versioned>(versions: readonly T[]): T | null {
  const isNumeric = versions.every((each) => /^\d+(\.\d+)*$/.test(each.manifest.bundle_version));
  const compare = isNumeric ? compareNumbers : compareCreation;
  return versions.reduce<T | null>((best, each) => (best === null || compare(each, best) > 0 ? each : best), null);
}

/** `1.2` and `1.2.0` are the same number; then the one that sorts later as text, so that the answer does not depend on the order. */
function compareNumbers(a: Versioned, b: Versioned): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const one = left[index] ?? 0n;
    const other = right[index] ?? 0n;
    if (one !== other) return one < other ? -1 : 1;
  }
  return compareText(a.manifest.bundle_version, b.manifest.bundle_version);
}

/** Dates as versions (`20260101123000123`) pass what a number can hold exactly. */
function numbersOf({ manifest }: Versioned): bigint[] {
  return manifest.bundle_version.split(".").map((part) => BigInt(part));
}

function compareCreation({ manifest: a }: Versioned, { manifest: b }: Versioned): number {
  return compareText(a.created_at, b.created_at) || compareText(a.bundle_version, b.bundle_version);
}

export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
