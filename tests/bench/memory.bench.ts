import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Assertion } from "#core/assertion.ts";
import { isoTime, systemClock } from "#core/time.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { changesOf, rowsOf } from "#memory/changes.ts";
import type { Embedder } from "#memory/embedder.ts";
import { Knowledge } from "#memory/knowledge.ts";
import { createTable, indexedColumns } from "#memory/lance/table.ts";
import { openVectorStore } from "#memory/lancedb.ts";
import { type KnowledgeQuery, queryKnowledge } from "#memory/query.ts";
import { createStoreShelf } from "#memory/shelf.ts";
import { toRow } from "#memory/stored-row.ts";
import { type Row, print, quantile, round } from "./measure.ts";

/*
 * The knowledge graph on LanceDB beside LanceDB called directly, in the same run: `bun tests/bench/memory.bench.ts [assertions]`. What is
 * written goes through the durable memory log and is counted when a question finds it. Vectors come from a function, so that no model is measured.
 */

const assertions = Number(process.argv[2] ?? 100_000);
const perCommit = 500;
const dimensions = 96;
const questions = 200;
const dir = mkdtempSync(join(tmpdir(), "memory-bench-"));

function vectorOf(text: string): Float32Array {
  let state = 2_166_136_261;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 16_777_619);
  return Float32Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const embedder: Embedder = {
  current: () => Promise.resolve("bench/vectors"),
  embed: (_model, texts) => Promise.resolve(texts.map(vectorOf)),
};

function assertion(index: number): Assertion {
  return {
    assertion_id: crypto.randomUUID(),
    subject: `ex:person-${index % 5000}`,
    predicate: ["rdf:type", "schema:name", "schema:knowsabout"][index % 3] as string,
    object: `ex:thing-${index % 20_000}`,
    scope: "session",
    owner_id: `session_memory_s${index % 100}`,
    observed_at: isoTime(1_700_000_000_000 + index * 1000),
    valid_from: null,
    valid_until: null,
    confidence: 0.5,
    provenance: { writer_run_id: `run-${index % 1000}`, writer_workflow_id: "bench:flow" },
    attributes: { evidence_quote: `somebody said that it is so, for the ${index}th time` },
  };
}

const given = Array.from({ length: assertions }, (_, index) => assertion(index));
const batches = Array.from({ length: Math.ceil(assertions / perCommit) }, (_, index) =>
  given.slice(index * perCommit, (index + 1) * perCommit),
);

async function timesOf(ask: (index: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < questions; index++) {
    const from = performance.now();
    await ask(index);
    times.push(performance.now() - from);
  }
  return times;
}

async function floor() {
  const db = await openVectorStore({ place: join(dir, "floor"), cacheDir: null, env: process.env });
  const table = await createTable(db, "assertions", dimensions);
  const from = performance.now();
  for (const [index, batch] of batches.entries()) {
    const rows = rowsOf(
      changesOf([{ no: index + 1, event: { runtime_id: "default", at: "", kind: "assert", assertions: batch } }]),
    );
    await table.add(rows.map((row) => ({ ...toRow(row), vector: [...vectorOf(row.text)] })));
  }
  const seconds = (performance.now() - from) / 1000;
  const { Index } = await import("@lancedb/lancedb");
  for (const [column, kind] of Object.entries(indexedColumns))
    await table.createIndex(column, { config: Index[kind]() });
  await table.createIndex("vector", { config: Index.ivfFlat({ distanceType: "cosine" }) });
  await table.optimize();
  const columns = ["no", "subject", "predicate", "object", "observed_at", "provenance", "attributes"];
  const structured = await timesOf((index) =>
    table
      .query()
      .where(`subject = 'ex:person-${index * 7}'`)
      .select(columns)
      .limit(100)
      .toArray(),
  );
  const semantic = await timesOf((index) =>
    table
      .query()
      .nearestTo(vectorOf(`question ${index}`))
      .distanceType("cosine")
      .nprobes(24)
      .select([...columns, "_distance"])
      .limit(20)
      .toArray(),
  );
  db.close();
  return { perSecond: assertions / seconds, structured, semantic };
}

async function graph() {
  const ledger = await openSqliteLedger({ path: join(dir, "ledger.sqlite3"), now: systemClock });
  const knowledge = new Knowledge({
    log: ledger,
    stores: createStoreShelf({
      backend: "lancedb",
      dir: join(dir, "graph"),
      uri: null,
      cacheDir: null,
      env: process.env,
    }),
    embedder,
    applies: () => true,
    report: (message) => console.warn(message),
  });
  const ask = (query: Partial<KnowledgeQuery>) =>
    queryKnowledge(
      knowledge,
      {
        filter: { runtimeId: "default", owners: null },
        text: null,
        ranking: "semantic",
        minScore: null,
        limit: 100,
        order: "desc",
        ...query,
      },
      { nowMs: Date.now(), signal: AbortSignal.timeout(60_000) },
    );
  const from = performance.now();
  for (const batch of batches) {
    const at = isoTime(systemClock());
    await ledger.commit({ memory: [{ runtime_id: "default", at, kind: "assert", assertions: batch }] });
    knowledge.soon();
  }
  const { items } = await ask({ limit: 1 });
  const seconds = (performance.now() - from) / 1000;
  if (items.length !== 1) throw new Error("what was written is not found");
  await knowledge.tidy();
  const structured = await timesOf((index) =>
    ask({ filter: { runtimeId: "default", owners: null, subject: `ex:person-${index * 7}` } }),
  );
  const semantic = await timesOf((index) => ask({ text: `question ${index}`, limit: 20 }));
  await knowledge.close();
  await ledger.close();
  return { perSecond: assertions / seconds, structured, semantic };
}

try {
  const bare = await floor();
  const ours = await graph();
  const query = (what: string, kind: "structured" | "semantic", mostMs: number): Row => {
    const [measured, least] = [quantile(ours[kind], 0.95), quantile(bare[kind], 0.95)];
    const unit = "ms";
    const isGood = measured <= mostMs;
    const ratio = round(measured / least);
    return { what, measured: round(measured), unit, floor: round(least), ratio, target: `<= ${mostMs} ms`, ok: isGood };
  };
  print([
    {
      what: `assertions written durably and found, of ${assertions}`,
      measured: Math.round(ours.perSecond),
      unit: "/s",
      floor: Math.round(bare.perSecond),
      ratio: round(ours.perSecond / bare.perSecond),
      target: ">= 1000/s, >= 0.7",
      ok: ours.perSecond >= 1000 && ours.perSecond / bare.perSecond >= 0.7,
    },
    query("structured query, p95", "structured", 20),
    query("semantic top 20, p95", "semantic", 50),
  ]);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
