import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInProcessStore } from "#memory/in-process/in-process-store.ts";
import type { KnowledgeStore } from "#memory/knowledge-store.ts";
import { openLanceStore } from "#memory/lance/lance-store.ts";
import { filePlace } from "#memory/lance/place.ts";
import { openVectorStore } from "#memory/lancedb.ts";
import { openSqliteStore } from "#memory/sqlite/sqlite-store.ts";
import { type OpenedStore, exerciseKnowledgeStore } from "./conformance.ts";

async function inFolder(open: (folder: string) => Promise<KnowledgeStore>): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-knowledge-"));
  let store = await open(folder);
  return {
    store,
    async reopen() {
      await store.close();
      store = await open(folder);
      return store;
    },
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

exerciseKnowledgeStore("the store in memory", 500, (dimensions) =>
  inFolder(() => Promise.resolve(createInProcessStore(dimensions))),
);

exerciseKnowledgeStore("the SQLite store", 3000, (dimensions) =>
  inFolder((folder) => Promise.resolve(openSqliteStore(join(folder, "kg.sqlite3"), dimensions))),
);

exerciseKnowledgeStore("the LanceDB store", 500, (dimensions) =>
  inFolder(async (folder) => {
    const db = await openVectorStore({ place: join(folder, "kg"), cacheDir: null, env: {} });
    const place = filePlace(join(folder, "place.json"));
    return openLanceStore({ db, table: "assertions", path: folder, dimensions, place, writes: true });
  }),
);
