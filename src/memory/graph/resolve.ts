import { type JsonObject, float } from "#core/value.ts";
import type { Knowledge } from "#memory/knowledge.ts";
import type { AssertionFilter } from "#memory/knowledge-store.ts";
import { type Found, queryKnowledge, toItem } from "#memory/query.ts";

export interface Resolution {
  label: string;
  expectedType: string | null;
  filter: AssertionFilter;
  maxCandidates: number;
  minScore: number | null;
  /** Look by meaning: never, when nothing has this very label, or always. */
  semantic: "never" | "fallback" | "always";
}

const labelPredicates = ["schema:name", "skos:preflabel", "skos:altlabel", "dcterms:title", "dcterms:identifier"];
const evidenceShown = 3;
const mostPerPredicate = 200;
const mostSemantic = 100;

/** Things of the graph that a label may mean, best first (contract flow-runtime 6.4). */
export async function resolveLabel(
  knowledge: Knowledge,
  asked: Resolution,
  options: { nowMs: number; signal: AbortSignal },
): Promise<{ candidates: JsonObject[]; warnings: string[] }> {
  const label = asked.label.toLowerCase().replace(/\s+/g, " ").trim();
  const byTime = { text: null, ranking: "semantic", minScore: null, limit: mostPerPredicate, order: "desc" } as const;
  const warnings: string[] = [];
  const found: Found[] = [];
  for (const predicate of labelPredicates) {
    const query = { ...byTime, filter: { ...asked.filter, predicate, object: label } };
    found.push(...(await queryKnowledge(knowledge, query, options)).items);
  }
  if (asked.semantic === "always" || (asked.semantic === "fallback" && found.length === 0)) {
    const query = { ...byTime, filter: asked.filter, text: asked.label, minScore: asked.minScore, limit: mostSemantic };
    const near = await queryKnowledge(knowledge, query, options);
    found.push(...near.items);
    warnings.push(...near.warnings);
  }
  const things = bySubject(found);
  const candidates: JsonObject[] = [];
  for (const [subject, evidence] of things) {
    const types = await typesOf(knowledge, { ...asked.filter, subject }, options);
    if (asked.expectedType !== null && !types.includes(asked.expectedType.toLowerCase())) continue;
    candidates.push(candidateOf(subject, types, evidence));
    if (candidates.length >= asked.maxCandidates) break;
  }
  return { candidates, warnings: [...new Set(warnings)] };
}

/** Evidence of each thing, best thing first. Only things of ours can be named by a label. */
function bySubject(found: Found[]): [string, Found[]][] {
  const things = new Map<string, Found[]>();
  for (const each of found) {
    const { subject } = each.assertion;
    if (!subject.startsWith("ex:")) continue;
    const evidence = things.get(subject) ?? [];
    if (!evidence.some(({ assertion }) => assertion.no === each.assertion.no)) evidence.push(each);
    things.set(subject, evidence);
  }
  const best = ([, evidence]: [string, Found[]]) => Math.max(...evidence.map(scoreOf));
  const latest = ([, evidence]: [string, Found[]]) =>
    evidence
      .map(({ assertion }) => assertion.observed_at)
      .sort()
      .at(-1) ?? "";
  return [...things].sort((a, b) => best(b) - best(a) || (latest(a) < latest(b) ? 1 : -1));
}

/** The very label is worth more than any likeness. */
function scoreOf({ retrieval }: Found): number {
  return retrieval ? retrieval.score : 1;
}

async function typesOf(
  knowledge: Knowledge,
  filter: AssertionFilter,
  options: { nowMs: number; signal: AbortSignal },
): Promise<string[]> {
  const query = {
    filter: { ...filter, predicate: "rdf:type" },
    text: null,
    ranking: "semantic",
    minScore: null,
    limit: 20,
    order: "desc",
  } as const;
  const { items } = await queryKnowledge(knowledge, query, options);
  return [...new Set(items.map(({ assertion }) => assertion.object))];
}

function candidateOf(id: string, types: string[], evidence: Found[]): JsonObject {
  const [first] = evidence;
  return {
    id,
    label: first?.assertion.object ?? "",
    types,
    scope: first?.assertion.scope ?? null,
    owner_id: first?.assertion.owner_id ?? null,
    score: float(Math.max(...evidence.map(scoreOf))),
    evidence: evidence.slice(0, evidenceShown).map(toItem),
  };
}
