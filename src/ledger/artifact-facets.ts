import { type ArtifactStats, artifactFacets } from "#ledger/ledger.ts";

/** Size, and the value of each facet in the order of `artifactFacets`. */
export type FacetRow = [number, ...(string | null)[]];

/** As many values of one facet are told: ids of runs may be as many as artifacts. */
const maxValues = 1000;

export function countFacets(rows: FacetRow[]): ArtifactStats {
  const counts = artifactFacets.map(() => new Map<string, number>());
  let totalBytes = 0;
  for (const row of rows) {
    totalBytes += row[0];
    for (let index = 0; index < counts.length; index++) {
      const value = row[index + 1];
      const map = counts[index];
      if (typeof value === "string" && map) map.set(value, (map.get(value) ?? 0) + 1);
    }
  }
  const facets = Object.fromEntries(artifactFacets.map((name, index) => [name, mostFrequent(counts[index])]));
  return { total: rows.length, total_bytes: totalBytes, facets: facets as ArtifactStats["facets"] };
}

function mostFrequent(counts: Map<string, number> | undefined): Record<string, number> {
  const entries = [...(counts ?? [])].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return Object.fromEntries(entries.slice(0, maxValues));
}
