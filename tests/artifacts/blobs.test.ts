import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BlobStore, chunksOf } from "#artifacts/blob-store.ts";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import { createS3Blobs } from "#artifacts/s3-blobs.ts";
import { rejection } from "#fixtures/rejection.ts";
import { type S3Server, s3Credentials, startS3Server } from "#fixtures/s3-server.ts";

let folder: string;
let bucket: S3Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "blobs-test-"));
  bucket = startS3Server("things");
});
afterEach(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

const options = () => ({
  ...s3Credentials,
  bucket: "things",
  endpoint: bucket.url,
  region: "eu-1",
  prefix: "gateway/",
});
const stores: [string, () => BlobStore][] = [
  ["on disk", () => createDiskBlobs(folder)],
  ["in a bucket", () => createS3Blobs(options())],
];
const bytesOf = (text: string) => new TextEncoder().encode(text);
const hash = (bytes: Uint8Array) => Bun.SHA256.hash(bytes, "hex");

describe.each(stores)("blobs %s", (_, open) => {
  test("are known by the hash of their bytes, whole and in parts", async () => {
    const blobs = open();
    const id = await blobs.put(bytesOf("0123456789"));
    expect(id).toBe(hash(bytesOf("0123456789")));
    expect(await blobs.put(bytesOf("0123456789"))).toBe(id);
    expect(new TextDecoder().decode((await blobs.get(id)) ?? undefined)).toBe("0123456789");
    const blob = await blobs.open(id);
    expect(blob?.size).toBe(10);
    expect(await new Response(blob?.body()).text()).toBe("0123456789");
    expect(await new Response(blob?.body({ start: 2, end: 4 })).text()).toBe("234");
  });

  test("take over a file, which is gone then, also when they have it", async () => {
    const blobs = open();
    const bytes = bytesOf("from a file");
    for (const name of ["a.part", "b.part"]) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      await blobs.adopt(path, hash(bytes));
      expect(existsSync(path)).toBe(false);
    }
    expect(new TextDecoder().decode((await blobs.get(hash(bytes))) ?? undefined)).toBe("from a file");
  });

  test("that nobody stored are not there, whatever is asked for", async () => {
    const blobs = open();
    for (const id of ["0".repeat(64), "../../etc/passwd", ""]) {
      expect([await blobs.get(id), await blobs.open(id)]).toEqual([null, null]);
      await blobs.delete(id);
    }
  });

  test("can be removed", async () => {
    const blobs = open();
    const id = await blobs.put(bytesOf("x"));
    await blobs.delete(id);
    expect(await blobs.get(id)).toBeNull();
  });

  test("an empty one is one", async () => {
    const blobs = open();
    const blob = await blobs.open(await blobs.put(new Uint8Array()));
    expect(blob?.size).toBe(0);
  });
});

test("a large file goes into the bucket in parts and comes out the same", async () => {
  const blobs = createS3Blobs(options());
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const whole = Buffer.concat(Array.from({ length: 600 }, () => bytes));
  const path = join(folder, "large.part");
  await writeFile(path, whole);
  const id = hash(whole);
  await blobs.adopt(path, id);
  expect(bucket.requests.filter((request) => request.includes("partNumber=")).length).toBeGreaterThan(1);
  expect([...bucket.objects.keys()]).toEqual([`gateway/${id.slice(0, 2)}/${id}`]);
  const blob = await blobs.open(id);
  const seen = new Bun.CryptoHasher("sha256");
  if (blob) for await (const chunk of chunksOf(blob)) seen.update(chunk);
  expect(seen.digest("hex")).toBe(id);
});

test("a bucket that refuses is told with its own words, and nothing is left", async () => {
  const blobs = createS3Blobs(options());
  bucket.refuse("QuotaExceeded");
  const path = join(folder, "a.part");
  await writeFile(path, "x");
  const message = expect.stringContaining("QuotaExceeded");
  expect(await rejection(blobs.adopt(path, hash(bytesOf("x"))))).toMatchObject({ code: "storage", message });
  expect(existsSync(path)).toBe(false);
  expect(await rejection(blobs.put(bytesOf("y")))).toMatchObject({ code: "storage", message });
  const stranger = createS3Blobs({ ...options(), accessKeyId: "other" });
  expect(await rejection(stranger.get("0".repeat(64)))).toMatchObject({ code: "storage" });
});
