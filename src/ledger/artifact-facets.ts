import { type ArtifactStats, artifactFacets } from "#ledger/ledger.ts";

/** Some artifacts that have the values of these facets in common. */
export interface FacetGroup {
  count: number;
  bytes: number;
  values: Partial<Record<(typeof artifactFacets)[number], string | null>>;
}

/** As many values of one facet are told: ids of runs may be as many as artifacts. */
const maxValues = 1000;

/** Each group counts for the facets that it names. `total` and `bytes` are those of the first groups, which name every artifact once. */
export function countFacets(groups: FacetGroup[], more: FacetGroup[] = []): ArtifactStats {
  const counts = new Map(artifactFacets.map((name) => [name, new Map<string, number>()]));
  for (const { count, values } of [...groups, ...more]) {
    for (const name of artifactFacets) {
      const value = values[name];
      const map = counts.get(name);
      if (typeof value === "string" && map) map.set(value, (map.get(value) ?? 0) + count);
    }
  }
  const facets = Object.fromEntries([...counts].map(([name, map]) => [name, mostFrequent(map)]));
  return {
    total: groups.reduce((sum, { count }) => sum + count, 0),
    total_bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
    facets: facets as ArtifactStats["facets"],
  };
}

function mostFrequent(counts: Map<string, number>): Record<string, number> {
  const entries = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return Object.fromEntries(entries.slice(0, maxValues));
}
