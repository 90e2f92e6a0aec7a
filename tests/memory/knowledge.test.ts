import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAssertion } from "#core/assertion.ts";
import type { LoggedMemoryEvent, MemoryEvent } from "#core/memory-event.ts";
import type { Value } from "#core/value.ts";
import type { Embedder } from "#memory/embedder.ts";
import { Knowledge } from "#memory/knowledge.ts";
import { type KnowledgeQuery, queryKnowledge } from "#memory/query.ts";
import { createStoreShelf } from "#memory/shelf.ts";
import { at } from "./sample-assertions.ts";

/** A log as the ledger keeps one. */
function fakeLog() {
  const entries: LoggedMemoryEvent[] = [];
  return {
    entries,
    write: (event: MemoryEvent) => void entries.push({ no: entries.length + 1, event }),
    readMemory: (after: number, limit: number) =>
      Promise.resolve(entries.filter(({ no }) => no > after).slice(0, limit)),
    memoryHead: () => Promise.resolve(entries.length),
  };
}

/** Vectors by topic: texts about the same of these words lie together. */
const topics = ["tea", "engine", "paris", "river"];
function fakeEmbedder(model: string | null = "fake/topics") {
  const state = { model, fails: false, asked: [] as string[], turned: false };
  const embedder: Embedder = {
    current: () => Promise.resolve(state.model),
    embed(_model, texts) {
      if (state.fails) return Promise.reject(new Error("The model is away"));
      state.asked.push(...texts);
      const sizes = state.turned ? [...topics, "more"] : topics;
      return Promise.resolve(
        texts.map((text) => Float32Array.from(sizes.map((topic) => (text.toLowerCase().includes(topic) ? 1 : 0.01)))),
      );
    },
  };
  return { ...embedder, state };
}

const assertion = (subject: string, object: string, more: Record<string, Value> = {}, minutes = 0) =>
  readAssertion({ subject, predicate: "schema:about", object, ...more }, "assertions[0]", {
    assertion_id: `id-${subject}-${object}`,
    scope: "session",
    owner_id: "s1",
    observed_at: at(minutes),
    provenance: { writer_run_id: "r1" },
    attributes: {},
  });

const learnt = (...assertions: ReturnType<typeof assertion>[]): MemoryEvent => ({
  runtime_id: "default",
  at: at(0),
  kind: "assert",
  assertions,
});

const asking = (text: string | null, more: Partial<KnowledgeQuery> = {}): KnowledgeQuery => ({
  filter: { runtimeId: "default", owners: null },
  text,
  ranking: "semantic",
  minScore: null,
  limit: 10,
  order: "asc",
  ...more,
});

for (const backend of ["lancedb", "sqlite", "memory"] as const) {
  describe(`the knowledge graph on ${backend}`, () => {
    let folder: string;
    let log: ReturnType<typeof fakeLog>;
    let embedder: ReturnType<typeof fakeEmbedder>;
    let knowledge: Knowledge;
    let reports: string[];
    const open = () =>
      new Knowledge({
        log,
        embedder,
        stores: createStoreShelf({ backend, dir: folder, uri: null, cacheDir: null, env: {} }),
        applies: () => true,
        report: (message) => void reports.push(message),
      });
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "gateway-graph-"));
      log = fakeLog();
      embedder = fakeEmbedder();
      reports = [];
      knowledge = open();
    });
    afterEach(async () => {
      await knowledge.close();
      await rm(folder, { recursive: true, force: true });
    });
    const ask = async (query: KnowledgeQuery) => {
      const { items, warnings } = await queryKnowledge(knowledge, query, {
        nowMs: Date.parse(at(0)),
        signal: AbortSignal.timeout(10_000),
      });
      return { subjects: items.map(({ assertion }) => assertion.subject), items, warnings };
    };

    test("what was committed is found by the next question, and by one after a restart", async () => {
      log.write(learnt(assertion("ex:ada", "green tea"), assertion("ex:bob", "a train engine", {}, 1)));
      expect((await ask(asking(null))).subjects).toEqual(["ex:ada", "ex:bob"]);
      log.write(learnt(assertion("ex:eve", "the river", {}, 2)));
      expect((await ask(asking(null))).subjects).toEqual(["ex:ada", "ex:bob", "ex:eve"]);
      await knowledge.close();
      knowledge = open();
      expect((await ask(asking(null))).subjects).toEqual(["ex:ada", "ex:bob", "ex:eve"]);
    });

    test("a question finds what is about the same, best first, with its score", async () => {
      log.write(learnt(assertion("ex:ada", "green tea"), assertion("ex:bob", "a train engine")));
      const { items, warnings } = await ask(asking("which engine?", { minScore: 0.5 }));
      expect(items.map(({ assertion }) => assertion.subject)).toEqual(["ex:bob"]);
      expect(items[0]?.retrieval).toMatchObject({ metric: "cosine", words: 0.5 });
      expect(items[0]?.retrieval?.score).toBeGreaterThan(0.99);
      expect(warnings).toEqual([]);
    });

    test("a hybrid ranking shows what its score is made of", async () => {
      log.write(learnt(assertion("ex:ada", "tea in the morning"), assertion("ex:bob", "tea with milk")));
      const { items } = await ask(asking("tea with milk", { ranking: "hybrid" }));
      expect(items.map(({ assertion }) => assertion.subject)).toEqual(["ex:bob", "ex:ada"]);
      const { score, vector, words, recency } = items[0]?.retrieval ?? {};
      expect({ words, recency }).toEqual({ words: 1, recency: 1 });
      expect(score).toBeCloseTo(0.6 * (vector as number) + 0.3 + 0.1, 5);
    });

    test("without a model for embeddings words are searched, and the answer says so", async () => {
      embedder.state.model = null;
      log.write(learnt(assertion("ex:ada", "green tea"), assertion("ex:bob", "a train engine")));
      const { subjects, warnings } = await ask(asking("train", { minScore: 0.9 }));
      expect(subjects).toEqual(["ex:bob"]);
      expect(warnings).toEqual(["No model for embeddings is configured: found by words instead"]);
    });

    test("assertions that came while the model was away get their vectors later", async () => {
      log.write(learnt(assertion("ex:ada", "green tea")));
      await ask(asking(null));
      embedder.state.fails = true;
      log.write(learnt(assertion("ex:bob", "a train engine")));
      const blind = await ask(asking("engine"));
      expect(blind.subjects).toEqual(["ex:bob"]);
      expect(blind.warnings).toEqual(["1 assertions have no vectors yet", "The model is away: found by words instead"]);
      embedder.state.fails = false;
      await knowledge.fill();
      const seeing = await ask(asking("engine", { minScore: 0.5 }));
      expect(seeing).toMatchObject({ subjects: ["ex:bob"], warnings: [] });
    });

    test("another model embeds the graph anew, and the old one answers until then", async () => {
      log.write(learnt(assertion("ex:ada", "green tea"), assertion("ex:bob", "a train engine")));
      await ask(asking(null));
      embedder.state.model = "fake/other";
      embedder.state.turned = true;
      await knowledge.followModel();
      const { subjects, warnings } = await ask(asking("engine", { limit: 1 }));
      expect(subjects).toEqual(["ex:bob"]);
      expect(warnings).toEqual([]);
      expect((await knowledge.view()).space).toEqual({ model: "fake/other", dimensions: 5 });
      expect(reports).toEqual(["2 assertions are embedded anew for fake/other"]);
    });

    test("undo and invalidation come through the log, and the time before is still known", async () => {
      const tea = assertion("ex:ada", "green tea");
      log.write(learnt(tea, assertion("ex:bob", "a train engine", { provenance: { writer_run_id: "r2" } })));
      log.write({
        runtime_id: "default",
        at: at(5),
        kind: "invalidate",
        assertion_ids: [tea.assertion_id],
        valid_until: at(4),
        reason: null,
        by: null,
      });
      expect((await ask(asking(null))).subjects).toEqual(["ex:bob"]);
      const before = asking(null, { filter: { runtimeId: "default", owners: null, activeAt: at(3) } });
      expect((await ask(before)).subjects).toEqual(["ex:ada", "ex:bob"]);
      log.write({ runtime_id: "default", at: at(6), kind: "undo_run", run_id: "r2", reason: null, by: null });
      expect((await ask(before)).subjects).toEqual(["ex:ada"]);
    });

    test("many small entries are folded together, and every one is found", async () => {
      for (let index = 0; index < 130; index++) log.write(learnt(assertion(`ex:n${index}`, "tea", {}, index)));
      await ask(asking(null));
      log.write(learnt(assertion("ex:last", "an engine", {}, 500)));
      await knowledge.tidy();
      expect((await ask(asking(null, { limit: 0 }))).subjects).toHaveLength(131);
      expect((await ask(asking("engine", { limit: 1 }))).subjects).toEqual(["ex:last"]);
    });

    if (backend !== "memory") {
      test("a damaged index is made again from the log, and the answer says so", async () => {
        log.write(learnt(assertion("ex:ada", "green tea")));
        await ask(asking(null));
        await knowledge.close();
        await damage(folder);
        knowledge = open();
        const { subjects, warnings } = await ask(asking(null));
        expect(subjects).toEqual(["ex:ada"]);
        expect(warnings).toEqual(["The index of the graph was damaged and was made again from the ledger"]);
        expect(reports[0]).toContain("damaged");
      });
    }
  });
}

/** Overwrites what the store reads first. */
async function damage(folder: string): Promise<void> {
  const files = await readdir(folder, { recursive: true });
  const wanted = files.filter((file) => /\.(sqlite3|manifest)$/.test(file));
  expect(wanted.length).toBeGreaterThan(0);
  for (const file of files) if (/sqlite3-(wal|shm)$/.test(file)) await rm(join(folder, file));
  for (const file of wanted) await writeFile(join(folder, file), "not what it was ".repeat(500));
}

for (const backend of ["lancedb", "sqlite"] as const) {
  test(`of two processes on one ${backend} store one writes and the other reads, and they may change their parts`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "gateway-graph-pair-"));
    const log = fakeLog();
    const embedder = fakeEmbedder();
    const reports: string[] = [];
    let writer = "first";
    const open = (name: string) =>
      new Knowledge({
        log,
        embedder,
        stores: createStoreShelf({ backend, dir: folder, uri: null, cacheDir: null, env: {} }),
        applies: () => writer === name,
        report: (message) => void reports.push(message),
      });
    const [first, second] = [open("first"), open("second")];
    const ask = async (knowledge: Knowledge, text: string | null = null) => {
      const moment = { nowMs: Date.parse(at(0)), signal: AbortSignal.timeout(20_000) };
      const { items, warnings } = await queryKnowledge(knowledge, asking(text), moment);
      return [items.map(({ assertion: { subject } }) => subject), warnings];
    };
    expect(await ask(second)).toEqual([[], []]);
    log.write(learnt(assertion("ex:ada", "green tea")));
    // Who reads waits until who writes has it.
    const late = ask(second);
    first.soon();
    second.soon();
    expect(await late).toEqual([["ex:ada"], []]);
    // Vectors that come later are found by both.
    embedder.state.fails = true;
    log.write(learnt(assertion("ex:bob", "a river", {}, 1)));
    await ask(first);
    expect((await ask(second))[0]).toEqual(["ex:ada", "ex:bob"]);
    embedder.state.fails = false;
    expect((await ask(second, "the river"))[0]).toEqual(["ex:ada"]);
    expect(await first.fill()).toBe(true);
    expect(await ask(second, "the river")).toEqual([["ex:bob", "ex:ada"], []]);
    writer = "second";
    log.write(learnt(assertion("ex:eve", "paris", {}, 2)));
    expect(await ask(second)).toEqual([["ex:ada", "ex:bob", "ex:eve"], []]);
    expect(await ask(first)).toEqual([["ex:ada", "ex:bob", "ex:eve"], []]);
    expect((await ask(first, "paris"))[0]?.[0]).toBe("ex:eve");
    await second.close();
    await first.close();
    expect(reports.filter((message) => message.includes("damaged"))).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  }, 30_000);
}
