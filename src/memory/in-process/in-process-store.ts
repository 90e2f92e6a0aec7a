import { inOrder, matches } from "#memory/in-process/matches.ts";
import type { Change, KnowledgeStore, StoredAssertion } from "#memory/knowledge-store.ts";
import { VectorMatrix } from "#memory/vector-matrix.ts";
import { wordsOf } from "#memory/words.ts";

interface Entry {
  row: StoredAssertion;
  words: Set<string>;
}

/** Everything in memory, made anew from the memory log by each process. */
export function createInProcessStore(dimensions: number | null): KnowledgeStore {
  let entries = new Map<number, Entry>();
  let vectors = dimensions === null ? null : new VectorMatrix(dimensions);
  let at = 0;
  const all = () => [...entries.values()].map(({ row }) => row);
  const bare = () => all().filter(({ no }) => vectors !== null && !vectors.has(no));

  const applyOne = (change: Change) => {
    if (change.kind === "add") {
      for (const { assertion, text, vector } of change.rows) {
        entries.set(assertion.no, { row: { ...assertion }, words: new Set(wordsOf(text)) });
        if (vector) vectors?.set(assertion.no, vector);
      }
      return;
    }
    for (const { row } of entries.values()) {
      if (row.runtime_id !== change.runtimeId) continue;
      if (change.kind === "invalidate" && change.ids.includes(row.assertion_id)) {
        row.valid_until = change.validUntil;
        row.invalidated_at = change.at;
      }
      if (change.kind === "retract" && row.provenance["writer_run_id"] === change.runId) row.retracted_at = change.at;
    }
  };

  return {
    backend: "memory",
    path: null,
    dimensions,
    position: () => Promise.resolve(at),
    apply(changes, position) {
      for (const change of changes) applyOne(change);
      at = position;
      return Promise.resolve();
    },
    select(filter, { limit, order }) {
      const found = all()
        .filter((row) => matches(row, filter))
        .sort(inOrder(order));
      return Promise.resolve(limit > 0 ? found.slice(0, limit) : found);
    },
    nearest(vector, filter, { limit, minScore }) {
      const rowOf = (no: number) => (entries.get(no) as Entry).row;
      const found = vectors?.nearest(vector, (no) => matches(rowOf(no), filter), limit, minScore) ?? [];
      return Promise.resolve(found.map(({ no, score }) => ({ assertion: rowOf(no), score })));
    },
    search(words, filter, limit) {
      const found = [...entries.values()].filter(
        ({ row, words: own }) => words.some((word) => own.has(word)) && matches(row, filter),
      );
      const rows = found.map(({ row }) => row).sort(inOrder("desc"));
      return Promise.resolve(rows.slice(0, limit));
    },
    withoutVector: (limit) => Promise.resolve(bare().slice(0, limit)),
    setVectors(given) {
      for (const { no, vector } of given) if (entries.has(no)) vectors?.set(no, vector);
      return Promise.resolve();
    },
    counts: () => Promise.resolve({ assertions: entries.size, withoutVector: bare().length }),
    tidy: () => Promise.resolve(),
    clear() {
      entries = new Map();
      vectors = dimensions === null ? null : new VectorMatrix(dimensions);
      at = 0;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
