import { afterAll, afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "#core/errors.ts";
import { rejection } from "#fixtures/rejection.ts";
import { cacheFolders, ensurePack } from "#artifacts/native/extract-pack.ts";
import type { NativePack } from "#artifacts/native/native-packs.ts";

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-pack-"));
  made.push(folder);
  return folder;
}

const bodies: Record<string, Uint8Array> = {
  "a.node": new Uint8Array(3_000_000).map((_, index) => (index * 7) % 251),
  "b.so": new TextEncoder().encode("a library"),
};

/** A pack as the build writes it. */
async function makePack(change: (content: Buffer) => Buffer = (content) => content): Promise<NativePack> {
  const files = Object.entries(bodies).map(([name, body]) => ({ name, bytes: body.length }));
  const header = Buffer.from(JSON.stringify({ kind: "sample", files }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const content = Buffer.concat([length, header, ...Object.values(bodies)]);
  const path = join(await newFolder(), "sample.pack");
  await writeFile(path, Bun.zstdCompressSync(change(Buffer.from(content))));
  return { hash: createHash("sha256").update(content).digest("hex"), path, unpackedBytes: content.length };
}

async function expectWhole(folder: string): Promise<void> {
  for (const [name, body] of Object.entries(bodies)) {
    expect(Buffer.compare(await readFile(join(folder, name)), body), name).toBe(0);
  }
}

test("files come out as they went in, once, in a folder named by their content", async () => {
  const [pack, cache] = [await makePack(), await newFolder()];
  const folder = await ensurePack("sample", pack, [cache]);
  expect(folder).toBe(join(cache, "native", `sample-${pack.hash.slice(0, 16)}`));
  await expectWhole(folder);
  const { ino } = await stat(folder);
  expect(await ensurePack("sample", pack, [cache])).toBe(folder);
  expect((await stat(folder)).ino).toBe(ino);
});

test("many who begin together get the same folder, and nothing else is left", async () => {
  const [pack, cache] = [await makePack(), await newFolder()];
  const folders = await Promise.all(Array.from({ length: 8 }, () => ensurePack("sample", pack, [cache])));
  expect(new Set(folders).size).toBe(1);
  expect(await readdir(join(cache, "native"))).toHaveLength(1);
  await expectWhole(folders[0]!);
});

test.each([
  ["a file is missing", (folder: string) => rm(join(folder, "b.so"))],
  ["a file is cut short", (folder: string) => truncate(join(folder, "a.node"), 10)],
  ["the list of files is missing", (folder: string) => rm(join(folder, "pack.json"))],
])("when %s, everything is unpacked again", async (_, damage) => {
  const [pack, cache] = [await makePack(), await newFolder()];
  await damage(await ensurePack("sample", pack, [cache]));
  await expectWhole(await ensurePack("sample", pack, [cache]));
  expect(await readdir(join(cache, "native"))).toHaveLength(1);
});

test("a pack found in a later folder is used from there", async () => {
  const [pack, first, second] = [await makePack(), await newFolder(), await newFolder()];
  const folder = await ensurePack("sample", pack, [second]);
  expect(await ensurePack("sample", pack, [first, second])).toBe(folder);
  expect(await readdir(first)).toEqual([]);
});

test.each([
  ["has a changed byte", (content: Buffer) => content.fill(255, content.length - 1)],
  ["ends too early", (content: Buffer) => content.subarray(0, -1)],
  ["goes on too long", (content: Buffer) => Buffer.concat([content, Buffer.from([1])])],
  [
    "names a file outside",
    (content: Buffer) => Buffer.from(content.toString("latin1").replace("a.node", "../x.y"), "latin1"),
  ],
])("a pack that %s is refused, and leaves nothing", async (_, change) => {
  const [pack, cache] = [await makePack(change), await newFolder()];
  await expect(ensurePack("sample", pack, [cache])).rejects.toMatchObject({
    code: "storage",
    message: expect.stringContaining("the packed files are damaged"),
  });
  expect(await readdir(join(cache, "native"))).toEqual([]);
});

test("a pack file that was cut short is refused, and leaves nothing", async () => {
  const [pack, cache] = [await makePack(), await newFolder()];
  const whole = await stat(pack.path);
  for (const bytes of [0, 3, Math.floor(whole.size / 2), whole.size - 1]) {
    await truncate(pack.path, bytes);
    const error = (await rejection(ensurePack("sample", pack, [cache]))) as AppError;
    expect([error.code, error.message], `${bytes} bytes`).toEqual(["storage", expect.stringContaining(`${cache}: `)]);
    expect(await readdir(join(cache, "native"))).toEqual([]);
    await writeFile(pack.path, await readFile((await makePack()).path));
  }
  await expectWhole(await ensurePack("sample", pack, [cache]));
});

test("processes that begin together get the same folder, and nothing else is left", async () => {
  const [pack, cache] = [await makePack(), await newFolder()];
  const source = JSON.stringify(join(import.meta.dirname, "../../../src/artifacts/native/extract-pack.ts"));
  const program = `import { ensurePack } from ${source};
    process.stdout.write(await ensurePack("sample", ${JSON.stringify(pack)}, ${JSON.stringify([cache])}));`;
  const processes = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" }),
  );
  const folders = await Promise.all(processes.map((each) => new Response(each.stdout).text()));
  expect(new Set(folders)).toEqual(new Set([join(cache, "native", `sample-${pack.hash.slice(0, 16)}`)]));
  expect(await readdir(join(cache, "native"))).toHaveLength(1);
  await expectWhole(folders[0]!);
});

/** A file system of its own, which only root may mount, and not in every container. Null where that is refused. */
async function mountSmall(options: string): Promise<string | null> {
  const folder = await newFolder();
  const { exitCode } = await Bun.$`mount -t tmpfs -o ${options} tmpfs ${folder}`.quiet().nothrow();
  if (exitCode !== 0) return null;
  mounted.push(folder);
  return folder;
}
const mounted: string[] = [];
afterEach(async () => {
  for (const folder of mounted.splice(0)) await Bun.$`umount ${folder}`.quiet();
});
const probe = await mountSmall("size=1m");
const mayMount = probe !== null;
if (probe) await Bun.$`umount ${mounted.pop()}`.quiet();
if (!mayMount) console.warn("Full and read-only file systems are not tried: this needs the right to mount one.");

test.skipIf(!mayMount).each([
  ["full", "size=1m", /no space/i],
  ["read-only", "ro", /read-only/i],
])("a cache on a %s file system is passed over, or named with its reason", async (_, options, reason) => {
  const [pack, bad, good] = [await makePack(), (await mountSmall(options))!, await newFolder()];
  const error = (await rejection(ensurePack("sample", pack, [bad]))) as AppError;
  expect(error.code).toBe("storage");
  expect(error.message).toMatch(reason);
  expect(error.message).toContain(`${bad}: `);
  const folder = await ensurePack("sample", pack, [bad, good]);
  expect(folder).toStartWith(good);
  await expectWhole(folder);
  const left = await readdir(join(bad, "native")).catch(() => []);
  expect(left).toEqual([]);
});

test("an old unfinished folder of a killed process is removed, a young one is left to its maker", async () => {
  const [pack, cache] = [await makePack(), await newFolder()];
  const [old, young] = [join(cache, "native", ".tmp-old"), join(cache, "native", ".tmp-young")];
  for (const folder of [old, young]) await mkdir(folder, { recursive: true });
  const yesterday = new Date(Date.now() - 86_400_000);
  await utimes(old, yesterday, yesterday);
  const folder = await ensurePack("sample", pack, [cache]);
  expect((await readdir(join(cache, "native"))).sort()).toEqual([".tmp-young", folder.split("/").at(-1)!]);
});

test("every folder that fails is named in one sentence with the variable to set", async () => {
  const [pack, folder] = [await makePack(), await newFolder()];
  const file = join(folder, "file");
  await writeFile(file, "");
  const failed = ensurePack("sample", pack, [file, join(file, "below")]);
  await expect(failed).rejects.toMatchObject({
    code: "storage",
    message: expect.stringMatching(/^Native files .*file: .*; .*below: .*ABSTRACTGATEWAY_CACHE_DIR$/),
  });
});

test("a cache that others may write to is not trusted, even when it is complete", async () => {
  const [pack, open, own] = [await makePack(), await newFolder(), await newFolder()];
  await ensurePack("sample", pack, [open]);
  await chmod(join(open, "native"), 0o777);
  expect(await ensurePack("sample", pack, [open, own])).toStartWith(own);
});

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn("Folders of other users are not tried: this needs root.");

test.skipIf(!isRoot)("a cache of another user is not trusted, nor a link of theirs", async () => {
  const [pack, theirs, linked, own] = [await makePack(), await newFolder(), await newFolder(), await newFolder()];
  await ensurePack("sample", pack, [theirs]);
  await symlink(join(theirs, "native"), join(linked, "native"));
  await Bun.$`chown -h 4242 ${join(linked, "native")}`.quiet();
  expect(await ensurePack("sample", pack, [linked, own])).toStartWith(own);
  await rm(join(own, "native"), { recursive: true });
  await chown(theirs, 4242, 4242);
  expect(await ensurePack("sample", pack, [theirs, own])).toStartWith(own);
});

test("the folders are the configured one, the user's caches and the one for temporary files, in this order", () => {
  const folders = cacheFolders("/configured", { XDG_CACHE_HOME: "/xdg", HOME: "/home/ada" });
  expect(folders.slice(0, 3)).toEqual(["/configured", "/xdg/abstractgateway", "/home/ada/.cache/abstractgateway"]);
  expect(folders[3]).toStartWith(join(tmpdir(), "abstractgateway-"));
  expect(cacheFolders(null, { HOME: "" })).toHaveLength(1);
});
