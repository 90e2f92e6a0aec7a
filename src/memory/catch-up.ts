import { textOfAssertion } from "#core/assertion.ts";
import { messageOf } from "#core/errors.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { changesOf, rowsOf } from "#memory/changes.ts";
import type { Embedder } from "#memory/embedder.ts";
import type { KnowledgeStore } from "#memory/knowledge-store.ts";
import type { Space } from "#memory/space.ts";

export type MemoryLog = Pick<Ledger, "readMemory" | "memoryHead">;

export interface Follower {
  log: MemoryLog;
  embedder: Embedder;
  space: Space;
  store: KnowledgeStore;
  signal: AbortSignal;
  report: (message: string) => void;
}

/** Log entries that are applied together. */
const portion = 256;
/** A model that does not answer within this is asked again later: the assertions are there without vectors until then. */
const embedMs = 30_000;

/** Applies to the store what the memory log has beyond its position. Answers how many entries that were, and how many assertions came without a vector. */
export async function catchUp(follower: Follower): Promise<{ entries: number; bare: number }> {
  const { log, store, signal } = follower;
  const done = { entries: 0, bare: 0 };
  for (;;) {
    const entries = await log.readMemory(await store.position(), portion);
    const last = entries.at(-1);
    if (!last) return done;
    signal.throwIfAborted();
    const changes = changesOf(entries);
    const rows = rowsOf(changes);
    await addVectors(rows, follower);
    if (follower.space.model !== null) done.bare += rows.filter(({ vector }) => vector === null).length;
    await store.apply(changes, last.no);
    done.entries += entries.length;
  }
}

async function addVectors(rows: ReturnType<typeof rowsOf>, follower: Follower): Promise<void> {
  if (follower.space.model === null || rows.length === 0) return;
  const vectors = await embed(
    rows.map(({ text }) => text),
    follower,
  );
  for (const [index, row] of rows.entries()) row.vector = vectors?.[index] ?? null;
}

/** Gives vectors to what was added while the model did not answer. Answers whether all have one now. */
export async function fillVectors(follower: Follower): Promise<boolean> {
  const { store, space } = follower;
  if (space.model === null) return true;
  for (;;) {
    const bare = await store.withoutVector(portion);
    if (bare.length === 0) return true;
    const vectors = await embed(bare.map(textOfAssertion), follower);
    if (!vectors) return false;
    await store.setVectors(bare.map(({ no }, index) => ({ no, vector: vectors[index] as Float32Array })));
  }
}

/** Null when the model failed, or answered with vectors of another length. */
async function embed(texts: string[], { embedder, space, signal, report }: Follower): Promise<Float32Array[] | null> {
  if (space.model === null) return null;
  try {
    const vectors = await embedder.embed(space.model, texts, AbortSignal.any([signal, AbortSignal.timeout(embedMs)]));
    const odd = vectors.find(({ length }) => length !== space.dimensions);
    if (vectors.length === texts.length && !odd) return vectors;
    report(`${space.model} answered with vectors of another length than before: assertions are kept without vectors`);
  } catch (error) {
    if (signal.aborted) throw error;
    report(`Assertions have no vectors yet: ${messageOf(error)}`);
  }
  return null;
}
