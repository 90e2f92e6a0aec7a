import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInProcessStore } from "#memory/in-process/in-process-store.ts";
import type { StoreShelf } from "#memory/knowledge.ts";
import { openLanceStore } from "#memory/lance/lance-store.ts";
import { filePlace } from "#memory/lance/place.ts";
import { type BucketAccess, openVectorStore } from "#memory/lancedb.ts";
import { type Space, readSpace, spaceKey } from "#memory/space.ts";
import { openSqliteStore } from "#memory/sqlite/sqlite-store.ts";

export interface ShelfOptions {
  backend: "lancedb" | "sqlite" | "memory";
  /** Folder of the graph's files. */
  dir: string;
  /** Where LanceDB's tables lie when not in that folder, such as `s3://bucket/prefix`, and how to reach it. */
  uri: string | null;
  bucket?: BucketAccess | null;
  /** Native libraries are unpacked there; null: the user's cache. */
  cacheDir: string | null;
  env: Record<string, string | undefined>;
}

/** Stores of one data folder: one per space, and a file that names the one in use. */
export function createStoreShelf(options: ShelfOptions): StoreShelf {
  if (options.backend === "memory") {
    return {
      open: ({ dimensions }) => Promise.resolve(createInProcessStore(dimensions)),
      empty,
      drop: () => Promise.resolve(),
      remembered: () => Promise.resolve(null),
      remember: () => Promise.resolve(),
    };
  }
  const inUse = { ...rememberedIn(join(options.dir, `${options.backend}.json`)), empty };
  return options.backend === "sqlite"
    ? { ...inUse, ...sqliteFiles(options.dir) }
    : { ...inUse, ...lanceTables(options) };
}

const empty = () => createInProcessStore(null);

function sqliteFiles(dir: string): Pick<StoreShelf, "open" | "drop"> {
  const fileOf = (space: Space) => join(dir, `kg-${spaceKey(space)}.sqlite3`);
  return {
    // oxlint-disable-next-line require-await -- a file that cannot be opened must reject
    open: async (space) => openSqliteStore(fileOf(space), space.dimensions),
    async drop(space) {
      for (const ending of ["", "-wal", "-shm"]) await rm(fileOf(space) + ending, { force: true });
    },
  };
}

function lanceTables({ dir, uri, bucket, cacheDir, env }: ShelfOptions): Pick<StoreShelf, "open" | "drop"> {
  const path = uri ?? join(dir, "kg");
  const access = bucket ? { bucket } : {};
  const connect = (isShared = false) => openVectorStore({ place: path, ...access, cacheDir, env, isShared });
  const tableOf = (space: Space) => `assertions_${spaceKey(space)}`;
  const placeOf = (space: Space) => join(dir, `place-${spaceKey(space)}`);
  return {
    async open(space, { writes }) {
      const db = await connect(!writes);
      try {
        const place = filePlace(placeOf(space));
        return await openLanceStore({ db, table: tableOf(space), path, dimensions: space.dimensions, place, writes });
      } catch (error) {
        db.close();
        throw error;
      }
    },
    async drop(space) {
      await rm(placeOf(space), { force: true });
      // A damaged table cannot be dropped by the library: its folder can.
      if (uri === null) return rm(join(path, `${tableOf(space)}.lance`), { recursive: true, force: true });
      const db = await connect();
      try {
        if ((await db.tableNames()).includes(tableOf(space))) await db.dropTable(tableOf(space));
      } finally {
        db.close();
      }
    },
  };
}

function rememberedIn(file: string): Pick<StoreShelf, "remembered" | "remember"> {
  return {
    async remembered() {
      try {
        return readSpace(JSON.parse(await readFile(file, "utf8")));
      } catch {
        return null;
      }
    },
    async remember(space) {
      const text = `${JSON.stringify(space)}\n`;
      if ((await readFile(file, "utf8").catch(() => "")) === text) return;
      await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
  };
}
