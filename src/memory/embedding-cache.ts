import { Database } from "bun:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Embedder } from "#memory/embedder.ts";

/** More than these are forgotten, oldest first. */
const keptVectors = 200_000;
/** Texts of one call to the model. */
const portion = 128;

export interface CachedEmbedder extends Embedder {
  close(): void;
}

/** The same embedder, which asks for each text once: vectors are kept by the SHA-256 of model and text. A damaged file is begun anew. */
export function cachedEmbedder(inner: Embedder, path: string): CachedEmbedder {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = openCache(path);
  const find = db.query<{ vector: Uint8Array }, [string]>("SELECT vector FROM vectors WHERE hash=?");
  const put = db.query("INSERT OR IGNORE INTO vectors(hash, vector) VALUES(?,?)");
  const keep = db.transaction((made: { hash: string; vector: Float32Array }[]) => {
    for (const { hash, vector } of made)
      put.run(hash, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
    db.query("DELETE FROM vectors WHERE no <= (SELECT max(no) FROM vectors) - ?").run(keptVectors);
  });

  return {
    current: (signal) => inner.current(signal),
    async embed(model, texts, signal) {
      const hashes = texts.map((text) => Bun.SHA256.hash(`${model}\0${text}`, "hex"));
      const known = new Map<string, Float32Array>();
      for (const hash of hashes) {
        const row = find.get(hash);
        if (row) known.set(hash, new Float32Array(row.vector.slice().buffer));
      }
      const missing = [...new Map(hashes.map((hash, index) => [hash, texts[index] as string]))].filter(
        ([hash]) => !known.has(hash),
      );
      for (let at = 0; at < missing.length; at += portion) {
        const some = missing.slice(at, at + portion);
        const vectors = await inner.embed(
          model,
          some.map(([, text]) => text),
          signal,
        );
        const made = some.map(([hash], index) => ({ hash, vector: vectors[index] as Float32Array }));
        keep(made);
        for (const { hash, vector } of made) known.set(hash, vector);
      }
      return hashes.map((hash) => known.get(hash) as Float32Array);
    },
    close: () => db.close(true),
  };
}

function openCache(path: string): Database {
  try {
    return prepared(path);
  } catch {
    // Nothing but time is lost with it.
    for (const ending of ["", "-wal", "-shm"]) rmSync(path + ending, { force: true });
    return prepared(path);
  }
}

function prepared(path: string): Database {
  const db = new Database(path, { create: true });
  try {
    db.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000");
    db.run(
      "CREATE TABLE IF NOT EXISTS vectors(no INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, vector BLOB NOT NULL)",
    );
    return db;
  } catch (error) {
    db.close(true);
    throw error;
  }
}
