import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openVectorStore } from "#memory/lancedb.ts";

const folder = await mkdtemp(join(tmpdir(), "gateway-vectors-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (dir: string) => openVectorStore({ place: dir, cacheDir: null, env: {} });

test("a vector store is made where there is none, and its rows are there when it is opened again", async () => {
  const dir = join(folder, "new", "store");
  const first = await open(dir);
  await first.createTable("places", [
    { name: "north", vector: [0, 1] },
    { name: "east", vector: [1, 0] },
  ]);
  first.close();
  const again = await open(dir);
  const table = await again.openTable("places");
  const rows = (await table.vectorSearch([0.9, 0.1]).limit(1).toArray()) as { name: string }[];
  expect(rows.map(({ name }) => name)).toEqual(["east"]);
  again.close();
});

test("a folder that cannot be made is a storage error that names it", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  await expect(open(join(file, "store"))).rejects.toMatchObject({
    code: "storage",
    message: expect.stringContaining(join(file, "store")),
  });
});
