import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "#fixtures/rejection.ts";
import { assertModelFile, describeModel, findModel, listModelFiles } from "#models/local/model-files.ts";

const tiny = join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf");
let first: string;
let second: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "gateway-model-files-"));
  [first, second] = [join(folder, "first"), join(folder, "second")];
  await mkdir(join(first, "folder.gguf"), { recursive: true });
  await mkdir(second);
  await copyFile(tiny, join(first, "tiny.gguf"));
  await symlink("tiny.gguf", join(first, "link.gguf"));
  await symlink("/not/there", join(first, "dangling.gguf"));
  await Bun.$`mkfifo ${join(first, "pipe.gguf")}`.quiet();
  await writeFile(join(first, "notes.txt"), "no model");
  await writeFile(join(second, "tiny.gguf"), "another of the same name");
  await writeFile(join(second, "#1 50% ünïcode?.gguf"), "GGUF");
});
afterAll(() => rm(join(first, ".."), { recursive: true }));

test("models are the files of that kind, the first folder's before the others'", async () => {
  const files = await listModelFiles(["/not/there", first, second]);
  expect([...files]).toEqual([
    ["link", join(first, "link.gguf")],
    ["tiny", join(first, "tiny.gguf")],
    ["#1 50% ünïcode?", join(second, "#1 50% ünïcode?.gguf")],
  ]);
  expect(await listModelFiles([])).toEqual(new Map());
});

test("a model is found by its name, with and without the ending, and by its own path", async () => {
  const folders = [first, second];
  expect(await findModel("tiny", folders)).toBe(join(first, "tiny.gguf"));
  expect(await findModel("tiny.gguf", folders)).toBe(join(first, "tiny.gguf"));
  expect(await findModel("#1 50% ünïcode?", folders)).toBe(join(second, "#1 50% ünïcode?.gguf"));
  expect(await findModel(tiny, [])).toBe(tiny);
});

test.each([
  ["dangling", /^There is no local model 'dangling' in .*first, .*second \(there are: link, tiny, #1 /],
  ["folder", /no local model 'folder'/],
  ["pipe", /no local model 'pipe'/],
  ["notes.txt", /no local model 'notes\.txt'/],
  ["/not/there/x.gguf", /no local model '\/not\/there\/x\.gguf'/],
  ["", /no local model ''/],
])("%j is none, and what there is is told", async (name, message) => {
  expect(await rejection(findModel(name, [first, second]))).toMatchObject({
    code: "not_found",
    message: expect.stringMatching(message),
  });
});

test("without folders there is none", async () => {
  expect(await rejection(findModel("tiny", []))).toMatchObject({
    code: "not_found",
    message: "There is no local model 'tiny' (there are: none)",
  });
});

test("a model is described by its size and window, one without a header by its size", async () => {
  expect(await describeModel("tiny", tiny)).toEqual({
    id: "tiny",
    provider: "local",
    capabilities: ["text", "tools", "json"],
    sizeBytes: Bun.file(tiny).size,
    contextTokens: 2048,
  });
  const odd = await describeModel("odd", join(second, "#1 50% ünïcode?.gguf"));
  expect([odd.sizeBytes, "contextTokens" in odd]).toEqual([4, false]);
});

const isRoot = process.getuid?.() === 0;
if (isRoot) console.warn("A model that may not be read is not tried: root may read everything.");

test.skipIf(isRoot)("a model that may not be read is listed without its window", async () => {
  const path = join(second, "tiny.gguf");
  await chmod(path, 0o000);
  expect(await describeModel("tiny", path)).not.toHaveProperty("contextTokens");
});

describe("what cannot be a model file is refused by its first bytes", () => {
  const header = (version: number, tensors: bigint, entries: bigint): Buffer => {
    const bytes = Buffer.alloc(24);
    bytes.write("GGUF");
    bytes.writeUInt32LE(version, 4);
    bytes.writeBigUInt64LE(tensors, 8);
    bytes.writeBigUInt64LE(entries, 16);
    return bytes;
  };
  test.each([
    ["nothing", Buffer.alloc(0), /not a GGUF file/],
    ["text", Buffer.from("a text about something else entirely"), /not a GGUF file/],
    ["a beginning", header(3, 1n, 1n).subarray(0, 23), /not a GGUF file/],
    ["version 1", header(1, 1n, 1n), /version 1 is not known/],
    ["version 4", header(4, 1n, 1n), /version 4 is not known/],
    ["too many tensors", header(3, 2n ** 63n, 1n), /header is damaged/],
    ["too many entries", header(3, 1n, 1_000_001n), /header is damaged/],
  ])("%s", async (_what, bytes, message) => {
    const path = join(second, "case.bin");
    await writeFile(path, bytes);
    expect(await rejection(assertModelFile(path))).toMatchObject({ message: expect.stringMatching(message) });
  });

  test("and what can be one is not", async () => {
    const path = join(second, "case.bin");
    await writeFile(path, header(3, 1_000_000n, 1_000_000n));
    await assertModelFile(path);
    await assertModelFile(tiny);
  });
});
