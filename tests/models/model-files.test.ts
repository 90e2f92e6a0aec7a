import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "#fixtures/rejection.ts";
import { describeModel, findModel, listModelFiles, modelBytes } from "#models/local/model-files.ts";

const tiny = join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf");
const embed = join(import.meta.dirname, "../fixtures/models/tiny-embed.gguf");
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
    architecture: "llama",
    quantization: "F16",
  });
  expect(await describeModel("embed", embed)).toMatchObject({ capabilities: ["embedding"], contextTokens: 512 });
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

test("models in folders below are found, and the parts of a split model are one model", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gateway-split-"));
  const below = join(folder, "org--repo");
  await mkdir(join(below, "a", "b", "c"), { recursive: true });
  for (const [path, size] of [
    ["org--repo/big-Q4_K_M-00001-of-00002.gguf", 10],
    ["org--repo/big-Q4_K_M-00002-of-00002.gguf", 5],
    ["org--repo/a/b/deep.gguf", 1],
    ["org--repo/a/b/c/too-deep.gguf", 1],
    ["half-00001-of-00003.gguf", 1],
  ] as const) {
    await writeFile(join(folder, path), "x".repeat(size));
  }
  try {
    const models = await listModelFiles([folder]);
    expect([...models.keys()].sort()).toEqual(["big-Q4_K_M", "deep", "half"]);
    expect(await modelBytes(models.get("big-Q4_K_M") ?? "")).toBe(15);
    expect(await rejection(modelBytes(models.get("half") ?? ""))).toMatchObject({
      code: "not_found",
      message: expect.stringContaining("half-00002-of-00003.gguf"),
    });
    const first = join(below, "big-Q4_K_M-00001-of-00002.gguf");
    for (const name of ["hf:org/repo:q4_k_m", "org/repo", "org/repo/big-Q4_K_M-00001-of-00002.gguf"]) {
      expect(await findModel(name, [folder])).toBe(first);
    }
    expect(await rejection(findModel("hf:org/repo:Q8_0", [folder]))).toMatchObject({
      message: expect.stringContaining("`abstractgateway models pull hf:org/repo:Q8_0` gets it"),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
