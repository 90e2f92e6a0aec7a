import type { AssertionFilter } from "#memory/knowledge-store.ts";
import type { Knowledge } from "#memory/knowledge.ts";
import { type Found, queryKnowledge } from "#memory/query.ts";

export interface Neighborhood {
  /** Canonical term where it begins. */
  term: string;
  /** Steps from there, 1 to 3. */
  depth: number;
  /** Assertions at most. */
  limit: number;
  filter: AssertionFilter;
}

/** What is said of a thing, and of the things that this names, breadth first. `terms` have their distance in steps. */
export async function neighborhood(
  knowledge: Knowledge,
  { term, depth, limit, filter }: Neighborhood,
  options: { nowMs: number; signal: AbortSignal },
): Promise<{ items: Found[]; terms: Map<string, number>; isWhole: boolean; warnings: string[] }> {
  const terms = new Map([[term, 0]]);
  const items = new Map<number, Found>();
  let warnings: string[] = [];
  let edge = [term];
  for (let distance = 1; distance <= depth && edge.length > 0; distance++) {
    const next: string[] = [];
    for (const each of edge) {
      for (const side of ["subject", "object"] as const) {
        const query = {
          filter: { ...filter, [side]: each },
          text: null,
          ranking: "semantic",
          minScore: null,
          limit: limit - items.size + 1,
          order: "desc",
        } as const;
        const answer = await queryKnowledge(knowledge, query, options);
        warnings = answer.warnings;
        for (const found of answer.items) {
          if (items.size >= limit && !items.has(found.assertion.no))
            return { items: [...items.values()], terms, isWhole: false, warnings };
          items.set(found.assertion.no, found);
          const { subject, object } = found.assertion;
          for (const other of [subject, object.toLowerCase()]) {
            if (terms.has(other)) continue;
            terms.set(other, distance);
            next.push(other);
          }
        }
      }
    }
    edge = next;
  }
  return { items: [...items.values()], terms, isWhole: true, warnings };
}
