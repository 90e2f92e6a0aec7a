import { AppError, messageOf } from "#core/errors.ts";
import { type JsonObject, type Value, float } from "#core/value.ts";
import type { AssertionFilter, StoredAssertion } from "#memory/knowledge-store.ts";
import type { Knowledge, View } from "#memory/knowledge.ts";
import { queryWords, wordsOf } from "#memory/words.ts";
import { textOfAssertion } from "#core/assertion.ts";

export const rankings = ["semantic", "words", "hybrid"] as const;
export type Ranking = (typeof rankings)[number];

export interface KnowledgeQuery {
  filter: AssertionFilter;
  /** A question in words; null: no ranking, by time. */
  text: string | null;
  ranking: Ranking;
  /** Smallest score of what is found by `text`. */
  minScore: number | null;
  /** 0 or less: all. */
  limit: number;
  order: "asc" | "desc";
}

/** How an assertion was found by a question: the score that ranks it and what it is made of, each 0 to 1 (a cosine may be negative). */
export interface Retrieval {
  score: number;
  metric: "cosine" | "words" | "hybrid";
  vector: number | null;
  words: number;
  recency: number;
}

export interface Found {
  assertion: StoredAssertion;
  retrieval: Retrieval | null;
}

/** Candidates of each kind that a hybrid ranking looks at. */
const candidates = 500;
const mostFound = 10_000;
const weights = { vector: 0.6, words: 0.3, recency: 0.1 };
/** Age at which recency counts half. */
const halfLifeMs = 30 * 86_400_000;

/** Answers a query; an answer by words says in `warnings` why. AppErrors of the store are `storage`. */
export async function queryKnowledge(
  knowledge: Knowledge,
  query: KnowledgeQuery,
  options: { nowMs: number; signal: AbortSignal },
): Promise<{ items: Found[]; warnings: string[]; view: View }> {
  const view = await knowledge.view();
  const warnings = [...view.warnings];
  try {
    if (query.text === null) {
      const rows = await view.store.select(query.filter, { limit: Math.max(0, query.limit), order: query.order });
      return { items: rows.map((assertion) => ({ assertion, retrieval: null })), warnings, view };
    }
    const vector = query.ranking === "words" ? null : await knowledge.vectorOf(query.text, view, options.signal);
    if (typeof vector === "string") warnings.push(vector);
    const asked = { ...query, text: query.text, vector: vector instanceof Float32Array ? vector : null };
    return { items: await ranked(view, asked, options.nowMs), warnings, view };
  } catch (error) {
    if (error instanceof AppError || options.signal.aborted) throw error;
    throw new AppError("storage", `The knowledge graph could not be read: ${messageOf(error)}`, { cause: error });
  }
}

type Asked = KnowledgeQuery & { text: string; vector: Float32Array | null };

async function ranked({ store }: View, query: Asked, nowMs: number): Promise<Found[]> {
  const limit = query.limit > 0 ? query.limit : mostFound;
  const words = queryWords(query.text);
  if (query.vector && query.ranking === "semantic") {
    const near = await store.nearest(query.vector, query.filter, { limit, minScore: query.minScore });
    return near.map(({ assertion, score }) => ({
      assertion,
      retrieval: retrieval({ assertion, words, nowMs, vector: score }, "cosine"),
    }));
  }
  const found = new Map<number, Found>();
  const metric = query.vector ? "hybrid" : "words";
  const wanted = Math.max(candidates, limit);
  if (query.vector) {
    for (const { assertion, score } of await store.nearest(query.vector, query.filter, {
      limit: wanted,
      minScore: null,
    })) {
      found.set(assertion.no, { assertion, retrieval: retrieval({ assertion, words, nowMs, vector: score }, metric) });
    }
  }
  for (const assertion of await store.search(words, query.filter, wanted)) {
    if (found.has(assertion.no)) continue;
    found.set(assertion.no, { assertion, retrieval: retrieval({ assertion, words, nowMs, vector: null }, metric) });
  }
  const least = metric === "hybrid" ? query.minScore : null;
  return [...found.values()]
    .filter(({ retrieval }) => least === null || (retrieval?.score ?? 0) >= least)
    .sort(byScore)
    .slice(0, limit);
}

function byScore(a: Found, b: Found): number {
  const difference = (b.retrieval?.score ?? 0) - (a.retrieval?.score ?? 0);
  if (difference !== 0) return difference;
  if (a.assertion.observed_at !== b.assertion.observed_at) {
    return a.assertion.observed_at < b.assertion.observed_at ? 1 : -1;
  }
  return b.assertion.no - a.assertion.no;
}

function retrieval(
  {
    assertion,
    words,
    nowMs,
    vector,
  }: { assertion: StoredAssertion; words: string[]; nowMs: number; vector: number | null },
  metric: Retrieval["metric"],
): Retrieval {
  const own = new Set(wordsOf(textOfAssertion(assertion)));
  const matched = words.length === 0 ? 0 : words.filter((word) => own.has(word)).length / words.length;
  const ageMs = Math.max(0, nowMs - Date.parse(assertion.observed_at));
  const recency = Number.isNaN(ageMs) ? 0 : 0.5 ** (ageMs / halfLifeMs);
  const mixed = weights.vector * Math.max(0, vector ?? 0) + weights.words * matched + weights.recency * recency;
  const score = metric === "cosine" ? (vector ?? 0) : metric === "words" ? matched : mixed;
  return { score, metric, vector, words: matched, recency };
}

/** An assertion as the API and flows show it (contract flow-runtime 6.1): without what is null, with how it was found. */
export function toItem({ assertion, retrieval }: Found): JsonObject {
  const { no: _, runtime_id: __, provenance, attributes, ...fields } = assertion;
  const item: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) if (value !== null) item[name] = value as Value;
  if (Object.keys(provenance).length > 0) item["provenance"] = provenance;
  const shown = retrieval ? { ...attributes, _retrieval: toRetrieval(retrieval) } : attributes;
  if (Object.keys(shown).length > 0) item["attributes"] = shown;
  return item;
}

function toRetrieval({ score, metric, vector, words, recency }: Retrieval): JsonObject {
  return {
    score: float(score),
    ...(metric === "cosine" ? { distance: float(1 - score) } : {}),
    metric,
    parts: { ...(vector === null ? {} : { vector: float(vector) }), words: float(words), recency: float(recency) },
  };
}
