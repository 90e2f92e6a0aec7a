import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectBlobs } from "#artifacts/collect-blobs.ts";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "collect-test-"));
});
afterEach(() => rm(dir, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const folder = () => join(dir, "blobs");
const long = new Date(0);
const all = (blobIds: string[]) => Promise.resolve(blobIds);
const beforeMs = Date.now() - 3_600_000;

async function oldBlob(text: string): Promise<string> {
  const blobId = await createDiskBlobs(dir).put(bytes(text));
  await utimes(join(folder(), `${blobId}.bin`), long, long);
  return blobId;
}

test("only old blobs that nobody needs go, and what interrupted writes left", async () => {
  const [needed, unused] = [await oldBlob("needed"), await oldBlob("unused")];
  const young = await createDiskBlobs(dir).put(bytes("young"));
  await writeFile(join(folder(), `${unused}.bin.x.tmp`), "left");
  await writeFile(join(folder(), `${needed}.bin.y.tmp`), "under way");
  await utimes(join(folder(), `${unused}.bin.x.tmp`), long, long);
  const unusedOf = (blobIds: string[]) => Promise.resolve(blobIds.filter((blobId) => blobId !== needed));
  const plan = await collectBlobs(dir, { beforeMs, unused: unusedOf, isDryRun: true });
  expect(plan).toEqual({ count: 2, bytes: 10 });
  expect((await readdir(folder())).length).toBe(5);
  expect(await collectBlobs(dir, { beforeMs, unused: unusedOf, isDryRun: false })).toEqual(plan);
  const names = [`${needed}.bin`, `${needed}.bin.y.tmp`, `${young}.bin`];
  expect((await readdir(folder())).toSorted()).toEqual(names.toSorted());
});

test("bytes that are stored again while they are about to go stay", async () => {
  const blobId = await oldBlob("wanted again");
  const blobs = createDiskBlobs(dir);
  // Somebody stores them between the question and the removal.
  const unused = async (blobIds: string[]) => {
    expect(await blobs.put(bytes("wanted again"))).toBe(blobId);
    return blobIds;
  };
  expect(await collectBlobs(dir, { beforeMs, unused, isDryRun: false })).toEqual({ count: 0, bytes: 0 });
  expect(await blobs.get(blobId)).toEqual(bytes("wanted again"));
});

test("bytes that are stored again after they went are there again", async () => {
  const blobId = await oldBlob("gone and back");
  await collectBlobs(dir, { beforeMs, unused: all, isDryRun: false });
  const blobs = createDiskBlobs(dir);
  expect(await blobs.get(blobId)).toBeNull();
  await blobs.put(bytes("gone and back"));
  expect(await blobs.get(blobId)).toEqual(bytes("gone and back"));
});

test("stored and collected at the same time, over and over, whoever has stored bytes can read them", async () => {
  const blobs = createDiskBlobs(dir);
  for (let round = 0; round < 200; round++) {
    const blobId = await oldBlob("contended");
    const collecting = collectBlobs(dir, { beforeMs, unused: all, isDryRun: false });
    await blobs.put(bytes("contended"));
    await collecting;
    expect(await blobs.get(blobId), `round ${round}`).toEqual(bytes("contended"));
  }
});

test("a folder that is not there is empty", async () => {
  expect(await collectBlobs(dir, { beforeMs, unused: all, isDryRun: false })).toEqual({ count: 0, bytes: 0 });
});
