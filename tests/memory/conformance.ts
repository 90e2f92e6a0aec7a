import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { inOrder, matches } from "#memory/in-process/matches.ts";
import {
  type AssertionFilter,
  type KnowledgeStore,
  type StoredAssertion,
  rowsPerEntry,
} from "#memory/knowledge-store.ts";
import { at, row, stored } from "./sample-assertions.ts";

export interface OpenedStore {
  store: KnowledgeStore;
  /** Closes and opens the same store again; a store in memory begins anew. */
  reopen(): Promise<KnowledgeStore>;
  close(): Promise<void>;
}

const everything: AssertionFilter = { runtimeId: "default", owners: null };
const vector = (...parts: number[]) => Float32Array.from(parts);

/** What every store of the knowledge graph has to do. `open` makes an empty one. */
export function exerciseKnowledgeStore(
  name: string,
  graphs: number,
  open: (dimensions: number | null) => Promise<OpenedStore>,
): void {
  describe(name, () => {
    let opened: OpenedStore;
    let store: KnowledgeStore;
    beforeEach(async () => {
      opened = await open(3);
      store = opened.store;
    });
    afterEach(() => opened.close());

    let position = 0;
    const add = (rows: ReturnType<typeof row>[]) => store.apply([{ kind: "add", rows }], ++position);
    const ids = async (filter: Partial<AssertionFilter> = {}, order: "asc" | "desc" = "asc", limit = 0) =>
      (await store.select({ ...everything, ...filter }, { limit, order })).map((each) => each.assertion_id);

    test("an assertion comes back as it was written", async () => {
      const full = stored(1, {
        valid_from: at(1),
        valid_until: at(9),
        confidence: 0.25,
        provenance: { writer_run_id: "r1", span_id: "it's" },
        attributes: { literal: true, nested: { a: [1, 2.5, "ü"] } },
      });
      const bare = stored(2, { owner_id: null, scope: "global", provenance: {} });
      await add([row(full), row(bare)]);
      expect(await store.select(everything, { limit: 0, order: "asc" })).toEqual([full, bare]);
    });

    test("terms, owners, times and writers narrow a query, and quotes in them are text", async () => {
      await add([
        row(stored(1, { object: "Green Tea" })),
        row(stored(2, { subject: "ex:o'brien", scope: "run", owner_id: "r1" })),
        row(stored(3, { predicate: "rdf:type", scope: "global", owner_id: "global_memory" })),
        row(stored(4, { provenance: { writer_run_id: "r2" }, runtime_id: "other" })),
      ]);
      expect(await ids({ object: "green tea" })).toEqual(["a1"]);
      expect(await ids({ subject: "ex:o'brien" })).toEqual(["a2"]);
      expect(await ids({ subject: "x' OR '1'='1" })).toEqual([]);
      expect(await ids({ predicate: "rdf:type" })).toEqual(["a3"]);
      expect(await ids({ owners: [{ scope: "run", owner_id: "r1" }] })).toEqual(["a2"]);
      expect(
        await ids({
          owners: [
            { scope: "session", owner_id: null },
            { scope: "global", owner_id: "global_memory" },
          ],
        }),
      ).toEqual(["a1", "a3"]);
      expect(await ids({ owners: [] })).toEqual([]);
      expect(await ids({ since: at(2) })).toEqual(["a2", "a3"]);
      expect(await ids({ until: at(2) })).toEqual(["a1", "a2"]);
      expect(await ids({ writerRunId: "r1" })).toEqual(["a1", "a2", "a3"]);
      expect(await ids({ runtimeId: "other" })).toEqual(["a4"]);
      expect(await ids({ subjects: ["ex:o'brien", "ex:ada"], predicate: "schema:name" })).toEqual(["a1", "a2"]);
      expect(await ids({ subjects: [] })).toEqual([]);
      expect(await ids({ ids: ["a2", "a9"] })).toEqual(["a2"]);
      expect(await ids({ ids: [] })).toEqual([]);
    });

    test("the order is by time, of equal times by writing, and the limit counts from its beginning", async () => {
      await add([
        row(stored(1, { observed_at: at(5) })),
        row(stored(2, { observed_at: at(1) })),
        row(stored(3, { observed_at: at(5) })),
      ]);
      expect(await ids({}, "asc")).toEqual(["a2", "a1", "a3"]);
      expect(await ids({}, "desc")).toEqual(["a3", "a1", "a2"]);
      expect(await ids({}, "desc", 2)).toEqual(["a3", "a1"]);
    });

    test("an invalidated assertion is gone now, and was there before", async () => {
      await add([row(stored(1, { valid_from: at(0) })), row(stored(2)), row(stored(3, { runtime_id: "other" }))]);
      await store.apply(
        [{ kind: "invalidate", runtimeId: "default", ids: ["a1", "a3"], validUntil: at(10), at: at(11) }],
        ++position,
      );
      expect(await ids()).toEqual(["a2"]);
      expect(await ids({ withInvalidated: true })).toEqual(["a1", "a2"]);
      expect(await ids({ activeAt: at(9) })).toEqual(["a1", "a2"]);
      expect(await ids({ activeAt: at(10) })).toEqual(["a2"]);
      expect(await ids({ runtimeId: "other" })).toEqual(["a3"]);
      const [gone] = await store.select(
        { ...everything, ids: ["a1"], withInvalidated: true },
        { limit: 0, order: "asc" },
      );
      expect(gone).toMatchObject({ valid_until: at(10), invalidated_at: at(11) });
    });

    test("undoing a run takes exactly its assertions out of every view, at every time", async () => {
      await add([
        row(stored(1), { vector: vector(1, 0, 0) }),
        row(stored(2, { provenance: { writer_run_id: "r2" } }), { vector: vector(1, 0, 0) }),
        row(stored(3, { runtime_id: "other" })),
      ]);
      await store.apply([{ kind: "retract", runtimeId: "default", runId: "r1", at: at(20) }], ++position);
      expect(await ids()).toEqual(["a2"]);
      expect(await ids({ activeAt: at(5) })).toEqual(["a2"]);
      expect(await ids({ withRetracted: true })).toEqual(["a1", "a2"]);
      expect(await ids({ runtimeId: "other" })).toEqual(["a3"]);
      const near = await store.nearest(vector(1, 0, 0), everything, { limit: 5, minScore: null });
      expect(near.map(({ assertion }) => assertion.assertion_id)).toEqual(["a2"]);
      expect((await store.search(["ada"], everything, 5)).map((each) => each.assertion_id)).toEqual(["a2"]);
    });

    test("the nearest come first with their cosine; filter and smallest score are applied before the limit", async () => {
      await add([
        row(stored(1), { vector: vector(1, 0, 0) }),
        row(stored(2), { vector: vector(0.8, 0.6, 0) }),
        row(stored(3, { owner_id: "s2" }), { vector: vector(2, 0, 0) }),
        row(stored(4), { vector: vector(0, 0, 1) }),
        row(stored(5)),
      ]);
      const near = async (filter: Partial<AssertionFilter>, limit: number, minScore: number | null) =>
        (await store.nearest(vector(5, 0, 0), { ...everything, ...filter }, { limit, minScore })).map(
          ({ assertion, score }) => [assertion.assertion_id, Math.round(score * 100) / 100],
        );
      expect(await near({}, 10, null)).toEqual([
        ["a3", 1],
        ["a1", 1],
        ["a2", 0.8],
        ["a4", 0],
      ]);
      expect(await near({}, 2, null)).toEqual([
        ["a3", 1],
        ["a1", 1],
      ]);
      expect(await near({ owners: [{ scope: "session", owner_id: "s1" }] }, 2, 0.5)).toEqual([
        ["a1", 1],
        ["a2", 0.8],
      ]);
      expect(await near({}, 10, 0.8)).toEqual([
        ["a3", 1],
        ["a1", 1],
        ["a2", 0.8],
      ]);
    });

    test("words find texts that have one of them, whatever their case", async () => {
      await add([
        row(stored(1), { text: "ex:ada schema:knowsabout Analytical-Engine" }),
        row(stored(2), { text: "ex:größe rdf:type ex:maß" }),
        row(stored(3, { owner_id: "s2" }), { text: "the engine" }),
      ]);
      const words = async (asked: string[], filter: Partial<AssertionFilter> = {}) =>
        (await store.search(asked, { ...everything, ...filter }, 10)).map((each) => each.assertion_id).sort();
      expect(await words(["engine"])).toEqual(["a1", "a3"]);
      expect(await words(["engine", "maß"])).toEqual(["a1", "a2", "a3"]);
      expect(await words(["engine"], { owners: [{ scope: "session", owner_id: "s2" }] })).toEqual(["a3"]);
      expect(await words(["nothing"])).toEqual([]);
      expect(await words([])).toEqual([]);
      await add([row(stored(4), { text: "later engine" })]);
      expect(await words(["engine"])).toEqual(["a1", "a3", "a4"]);
    });

    test("vectors that came later are found", async () => {
      await add([row(stored(1)), row(stored(2), { vector: vector(0, 1, 0) })]);
      expect(await store.counts()).toEqual({ assertions: 2, withoutVector: 1 });
      expect((await store.withoutVector(10)).map(({ no }) => no)).toEqual([1]);
      await store.nearest(vector(1, 0, 0), everything, { limit: 1, minScore: null });
      await store.setVectors([{ no: 1, vector: vector(1, 0, 0) }]);
      const [best] = await store.nearest(vector(1, 0, 0), everything, { limit: 1, minScore: null });
      expect(best?.assertion).toEqual(stored(1));
      expect(await store.counts()).toEqual({ assertions: 2, withoutVector: 0 });
    });

    test("a store without vectors has none missing and finds none near", async () => {
      const plain = await open(null);
      await plain.store.apply([{ kind: "add", rows: [row(stored(1))] }], 1);
      expect(await plain.store.counts()).toEqual({ assertions: 1, withoutVector: 0 });
      expect(await plain.store.withoutVector(5)).toEqual([]);
      expect(await plain.store.nearest(vector(1, 0, 0), everything, { limit: 1, minScore: null })).toEqual([]);
      await plain.close();
    });

    test("it goes on where it stood, and the same changes twice are the changes once", async () => {
      const first = stored(rowsPerEntry + 1);
      const second = stored(2 * rowsPerEntry);
      await store.apply([{ kind: "add", rows: [row(first)] }], 1);
      await store.apply([{ kind: "add", rows: [row(second)] }], 2);
      store = await opened.reopen();
      const stands = await store.position();
      if (stands < 1) await store.apply([{ kind: "add", rows: [row(first)] }], 1);
      if (stands < 2) await store.apply([{ kind: "add", rows: [row(second)] }], 2);
      expect(await store.position()).toBe(2);
      expect(await store.select(everything, { limit: 0, order: "asc" })).toEqual([first, second]);
    });

    test("cleared, it is empty and begins at the first entry", async () => {
      await add([row(stored(1), { vector: vector(1, 0, 0) })]);
      await store.nearest(vector(1, 0, 0), everything, { limit: 1, minScore: null });
      await store.clear();
      expect(await store.position()).toBe(0);
      expect(await ids()).toEqual([]);
      expect(await store.nearest(vector(1, 0, 0), everything, { limit: 1, minScore: null })).toEqual([]);
      await add([row(stored(1), { vector: vector(1, 0, 0) })]);
      expect(await ids()).toEqual(["a1"]);
    });

    test("tidying changes no answer", async () => {
      await store.tidy();
      await add(
        Array.from({ length: 300 }, (_, index) =>
          row(stored(index + 1, { owner_id: `s${index % 3}` }), { vector: vector(index, 1, 1) }),
        ),
      );
      const before = await ids({ owners: [{ scope: "session", owner_id: "s1" }] });
      await store.tidy();
      await store.tidy();
      expect(await ids({ owners: [{ scope: "session", owner_id: "s1" }] })).toEqual(before);
      expect(before.length).toBe(100);
    });

    test(`queries over ${graphs} random graphs answer as a plain model does`, async () => {
      const random = seeded(20261127);
      for (let from = 0; from < graphs; from += graphsPerEntry) {
        const entry = from / graphsPerEntry + 1;
        const worlds = Array.from({ length: Math.min(graphsPerEntry, graphs - from) }, (_, index) =>
          randomGraph(random, `runtime-${from + index}`, entry * rowsPerEntry + index * mostInGraph),
        );
        await store.apply([{ kind: "add", rows: worlds.flat().map((each) => row({ ...each })) }], entry);
        const victim = pick(random, pick(random, worlds));
        const change = { runtimeId: victim.runtime_id, validUntil: at(30), at: at(500) };
        await store.apply([{ kind: "invalidate", ids: [victim.assertion_id], ...change }], entry);
        Object.assign(victim, { valid_until: change.validUntil, invalidated_at: change.at });
        for (const world of worlds) {
          const filter = randomFilter(random, pick(random, random() < 0.95 ? world : pick(random, worlds)).runtime_id);
          const order = random() < 0.5 ? "asc" : "desc";
          const limit = random() < 0.5 ? 0 : 1 + Math.floor(random() * 5);
          const expected = worlds
            .flat()
            .filter((each) => matches(each, filter))
            .sort(inOrder(order));
          const found = await store.select(filter, { limit, order });
          expect(found).toEqual(limit > 0 ? expected.slice(0, limit) : expected);
        }
      }
    }, 60_000);
  });
}

const graphsPerEntry = 50;
const mostInGraph = 20;

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

const subjects = ["ex:ada", "ex:o'brien", "ex:größe", "ex:bob"];
const predicates = ["rdf:type", "schema:name", "schema:knowsabout"];
const objects = ["Ada", "ex:person", "Ünïcode", "a 'quoted' one"];
const owners = [
  { scope: "run", owner_id: "r1" },
  { scope: "session", owner_id: "s1" },
  { scope: "session", owner_id: "s2" },
  { scope: "global", owner_id: "global_memory" },
] as const;

function randomGraph(random: () => number, runtimeId: string, firstNo: number): StoredAssertion[] {
  const size = 1 + Math.floor(random() * mostInGraph);
  return Array.from({ length: size }, (_, index) => ({
    ...randomAssertion(random, firstNo + index),
    runtime_id: runtimeId,
  }));
}

function randomAssertion(random: () => number, no: number): StoredAssertion {
  const from = random() < 0.3 ? Math.floor(random() * 60) : null;
  return stored(no, {
    ...pick(random, owners),
    subject: pick(random, subjects),
    predicate: pick(random, predicates),
    object: pick(random, objects),
    observed_at: at(Math.floor(random() * 100)),
    valid_from: from === null ? null : at(from),
    valid_until: random() < 0.3 ? at((from ?? 0) + 1 + Math.floor(random() * 60)) : null,
    provenance: { writer_run_id: pick(random, ["r1", "r2"]) },
  });
}

function randomFilter(random: () => number, runtimeId: string): AssertionFilter {
  const maybe = <T>(make: () => T): T | undefined => (random() < 0.3 ? make() : undefined);
  return {
    runtimeId,
    owners: maybe(() => owners.filter(() => random() < 0.5).map((each) => ({ ...each }))) ?? null,
    subject: maybe(() => pick(random, subjects)),
    predicate: maybe(() => pick(random, predicates)),
    object: maybe(() => pick(random, objects).toLowerCase()),
    since: maybe(() => at(Math.floor(random() * 100))),
    until: maybe(() => at(Math.floor(random() * 100))),
    activeAt: maybe(() => at(Math.floor(random() * 100))),
    writerRunId: maybe(() => pick(random, ["r1", "r2"])),
    withInvalidated: maybe(() => true),
  };
}
