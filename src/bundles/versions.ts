import type { InstalledBundle } from "#bundles/registry.ts";

export function isDraftVersion(version: string): boolean {
  return version.startsWith("draft.");
}

/**
 * The newest of several versions (contract flow-runtime 1.6, 1.7): published ones before drafts; by number when every version is dotted
 * numbers, else by creation time, then by text.
 */
export function newest(versions: InstalledBundle[]): InstalledBundle | null {
  const published = versions.filter((each) => !each.isDraft);
  const candidates = published.length > 0 ? published : versions;
  const areNumeric = candidates.every((each) => /^\d+(\.\d+)*$/.test(each.manifest.bundle_version));
  const sorted = [...candidates].sort(areNumeric ? byNumber : byCreation);
  return sorted.at(-1) ?? null;
}

function byNumber(a: InstalledBundle, b: InstalledBundle): number {
  const left = a.manifest.bundle_version.split(".").map(Number);
  const right = b.manifest.bundle_version.split(".").map(Number);
  for (let index = 0; index < Math.max(left.length, right.length, 3); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function byCreation(a: InstalledBundle, b: InstalledBundle): number {
  const text = (each: InstalledBundle) => `${each.manifest.created_at}\u0000${each.manifest.bundle_version}`;
  return text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
}
