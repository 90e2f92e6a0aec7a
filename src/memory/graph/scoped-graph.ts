import type { Assertion } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import { defaultRuntime } from "#core/scope.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import { type NewAssertions, readAssertions, withoutKnown } from "#memory/graph/new-assertions.ts";
import { type Neighborhood, neighborhood } from "#memory/graph/neighbors.ts";
import { type Resolution, resolveLabel } from "#memory/graph/resolve.ts";
import type { AssertionFilter, StoredAssertion } from "#memory/knowledge-store.ts";
import { type KnowledgeQuery, queryKnowledge } from "#memory/query.ts";
import type { SemanticsRegistry } from "#memory/semantics.ts";

type OwnFilter = Omit<AssertionFilter, "runtimeId">;
type Own<T extends { filter: AssertionFilter }> = Omit<T, "filter"> & { filter: OwnFilter };

interface Moment {
  nowMs: number;
  signal: AbortSignal;
}

/** The knowledge graph as one caller sees it: what was written in other runtimes is not there. */
export interface ScopedGraph {
  readonly globalId: string;
  readonly semantics: SemanticsRegistry;
  query(query: Own<KnowledgeQuery>, moment: Moment): ReturnType<typeof queryKnowledge>;
  resolve(asked: Own<Resolution>, moment: Moment): ReturnType<typeof resolveLabel>;
  neighbors(asked: Own<Neighborhood>, moment: Moment): ReturnType<typeof neighborhood>;
  /** Null for an id that is not here. Also finds what was invalidated or undone. */
  find(assertionId: string): Promise<StoredAssertion | null>;
  assert(given: Omit<NewAssertions, "newId">, options: { dedupe: boolean; at: string }): Promise<Asserted>;
  /** AppError `not_found` names an id that is not here: then nothing is written. */
  invalidate(change: Omit<Extract<MemoryEvent, { kind: "invalidate" }>, "runtime_id" | "kind">): Promise<void>;
  /** Takes back what these runs wrote. Answers how many assertions that were. */
  undo(runIds: string[], change: { at: string; reason: string | null; by: string | null }): Promise<number>;
}

export interface Asserted {
  assertions: Assertion[];
  attempted: number;
  skipped: number;
}

export function scopedGraph(memory: GraphMemory & { semantics: SemanticsRegistry }, ledger: ScopedLedger): ScopedGraph {
  const runtimeId = ledger.scope.runtimeId ?? defaultRuntime;
  const { knowledge } = memory;
  const own = <T extends { filter: OwnFilter }>(asked: T) => ({ ...asked, filter: { ...asked.filter, runtimeId } });
  const select = async (filter: OwnFilter) => {
    const { store } = await knowledge.view();
    return store.select({ ...filter, runtimeId }, { limit: 0, order: "asc" });
  };
  return {
    globalId: memory.globalId,
    semantics: memory.semantics,
    query: (query, moment) => queryKnowledge(knowledge, own(query), moment),
    resolve: (asked, moment) => resolveLabel(knowledge, own(asked), moment),
    neighbors: (asked, moment) => neighborhood(knowledge, own(asked), moment),
    async find(assertionId) {
      const [found] = await select({ owners: null, ids: [assertionId], withInvalidated: true, withRetracted: true });
      return found ?? null;
    },
    async assert(given, { dedupe, at }) {
      const assertions = readAssertions({ ...given, newId: memory.newId }, memory.readPredicate);
      const { fresh, skipped } = dedupe
        ? await withoutKnown(knowledge, runtimeId, assertions)
        : { fresh: assertions, skipped: 0 };
      if (fresh.length > 0) {
        await ledger.commit({ memory: [{ runtime_id: runtimeId, at, kind: "assert", assertions: fresh }] });
        knowledge.soon();
      }
      return { assertions: fresh, attempted: assertions.length, skipped };
    },
    async invalidate(change) {
      const ids = [...new Set(change.assertion_ids)];
      const found = await select({ owners: null, ids, withInvalidated: true });
      const there = new Set(found.map(({ assertion_id }) => assertion_id));
      const missing = ids.find((id) => !there.has(id));
      if (missing !== undefined) throw new AppError("not_found", `Assertion '${missing.slice(0, 100)}' not found`);
      await ledger.commit({ memory: [{ ...change, runtime_id: runtimeId, kind: "invalidate" }] });
      knowledge.soon();
    },
    async undo(runIds, change) {
      const { store } = await knowledge.view();
      const memoryEvents: MemoryEvent[] = [];
      let undone = 0;
      for (const runId of runIds) {
        const filter = { runtimeId, owners: null, writerRunId: runId, withInvalidated: true };
        const { length } = await store.select(filter, { limit: 0, order: "asc" });
        if (length === 0) continue;
        undone += length;
        memoryEvents.push({ ...change, runtime_id: runtimeId, kind: "undo_run", run_id: runId });
      }
      if (memoryEvents.length > 0) await ledger.commit({ memory: memoryEvents });
      knowledge.soon();
      return undone;
    },
  };
}
