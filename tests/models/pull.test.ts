import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HubServer, type HubServerOptions, startHub } from "#fixtures/hub-server.ts";
import { rejection } from "#fixtures/rejection.ts";
import { chooseFiles } from "#models/hub/choose-files.ts";
import { parseHubName } from "#models/hub/hub-name.ts";
import { pullModel } from "#models/hub/pull.ts";
import { findModel } from "#models/local/model-files.ts";

let folder: string;
const hubs: HubServer[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-pull-"));
});
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.stop();
  await rm(folder, { recursive: true });
});

const weights = crypto.getRandomValues(new Uint8Array(60_000));
const files = {
  "lab/tiny-GGUF/tiny-Q4_K_M.gguf": weights,
  "lab/tiny-GGUF/tiny-Q8_0.gguf": crypto.getRandomValues(new Uint8Array(1000)),
  "lab/tiny-GGUF/mmproj-tiny-F16.gguf": new Uint8Array(10),
  "lab/tiny-GGUF/README.md": new Uint8Array(10),
  "lab/large/q4/large-00002-of-00002.gguf": new Uint8Array(200).fill(2),
  "lab/large/q4/large-00001-of-00002.gguf": new Uint8Array(100).fill(1),
  "lab/none/README.md": new Uint8Array(10),
};

function hubOf(options: Partial<HubServerOptions> = {}): HubServer {
  const hub = startHub({ files, ...options });
  hubs.push(hub);
  return hub;
}

interface PullMore {
  token?: string;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number | null) => void;
}

function pull(hub: HubServer, name: string, { token, signal, onProgress }: PullMore = {}) {
  return pullModel(name, {
    hubUrl: hub.url,
    token: token ?? null,
    folder,
    pauseMs: 10,
    signal: signal ?? new AbortController().signal,
    onProgress: ({ doneBytes, totalBytes }) => onProgress?.(doneBytes, totalBytes),
  });
}

const target = () => join(folder, "lab--tiny-GGUF", "tiny-Q4_K_M.gguf");
const bytesOf = (path: string) => Bun.file(path).bytes();

test("the usual file of a repository comes, is found by its hub name, and is not fetched twice", async () => {
  const hub = hubOf();
  const seen: number[] = [];
  const pulled = await pull(hub, "lab/tiny-GGUF", { onProgress: (done) => seen.push(done) });
  expect(pulled).toEqual([{ path: target(), bytes: 60_000, isOld: false, isChecked: true }]);
  expect(await bytesOf(target())).toEqual(weights);
  expect(seen.at(-1)).toBe(60_000);
  expect(await findModel("hf:lab/tiny-GGUF:Q4_K_M", [folder])).toBe(target());
  expect(await findModel("lab/tiny-GGUF", [folder])).toBe(target());
  expect(await pull(hub, "lab/tiny-GGUF:q4_k_m")).toEqual([
    { path: target(), bytes: 60_000, isOld: true, isChecked: false },
  ]);
  expect(hub.ranges).toEqual([""]);
  expect(await readdir(join(folder, "lab--tiny-GGUF"))).toEqual(["tiny-Q4_K_M.gguf"]);
});

test("a split model comes with all its parts", async () => {
  const pulled = await pull(hubOf(), "lab/large");
  expect(pulled.map(({ bytes }) => bytes)).toEqual([100, 200]);
  expect(await findModel("lab/large", [folder])).toBe(join(folder, "lab--large", "large-00001-of-00002.gguf"));
});

describe("a download that breaks", () => {
  test("goes on by itself where it stopped", async () => {
    const hub = hubOf();
    hub.breakAfter = { bytes: 20_000, times: 2 };
    await pull(hub, "lab/tiny-GGUF");
    expect(hub.ranges).toEqual(["", "bytes=20000-", "bytes=40000-"]);
    expect(await bytesOf(target())).toEqual(weights);
  });

  test("goes on with what an earlier command left", async () => {
    await mkdir(join(folder, "lab--tiny-GGUF"));
    await writeFile(`${target()}.part`, weights.slice(0, 12_345));
    const hub = hubOf();
    await pull(hub, "lab/tiny-GGUF");
    expect(hub.ranges).toEqual(["bytes=12345-"]);
    expect(await bytesOf(target())).toEqual(weights);
  });

  test("starts again with a server that knows no ranges, and with what is too long to be a part", async () => {
    await mkdir(join(folder, "lab--tiny-GGUF"));
    await writeFile(`${target()}.part`, weights.slice(0, 12_345));
    await pull(hubOf({ isPlain: true }), "lab/tiny-GGUF");
    expect(await bytesOf(target())).toEqual(weights);
    await rm(target());
    await writeFile(`${target()}.part`, new Uint8Array(70_000));
    await pull(hubOf(), "lab/tiny-GGUF");
    expect(await bytesOf(target())).toEqual(weights);
  });

  test("gives up when nothing comes any more, and keeps what came", async () => {
    const hub = hubOf();
    hub.breakAfter = { bytes: 0, times: 100 };
    await mkdir(join(folder, "lab--tiny-GGUF"));
    await writeFile(`${target()}.part`, weights.slice(0, 500));
    expect(await rejection(pull(hub, "lab/tiny-GGUF"))).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/ended early$/),
    });
    expect(await bytesOf(`${target()}.part`)).toEqual(weights.slice(0, 500));
  });

  test("is stopped by its caller, and the next one goes on", async () => {
    const hub = hubOf();
    hub.breakAfter = { bytes: 20_000, times: 1 };
    const controller = new AbortController();
    const stopped = pull(hub, "lab/tiny-GGUF", { signal: controller.signal, onProgress: () => controller.abort() });
    expect(await rejection(stopped)).toMatchObject({ code: "cancelled" });
    expect((await pull(hub, "lab/tiny-GGUF"))[0]?.isOld).toBe(false);
    expect(hub.ranges.at(-1)).toMatch(/^bytes=[1-9]\d+-$/);
    expect(await bytesOf(target())).toEqual(weights);
  });
});

describe("one file", () => {
  const gguf = Buffer.concat([Buffer.from("GGUF"), Buffer.from(weights)]);
  const other = { "lab/tiny-GGUF/own.gguf": gguf, "lab/tiny-GGUF/page.gguf": Buffer.from("<html></html>") };

  test("comes by its URL, going on where the connection broke, and no stranger gets the hub's token", async () => {
    const hub = hubOf({ files: other });
    const stranger = hubOf({ files: other, refusesTokens: true });
    const path = "lab/tiny-GGUF/resolve/main/own.gguf";
    hub.breakAfter = { bytes: 20_000, times: 2 };
    expect(await pull(hub, `${hub.url}/${path}`)).toEqual([
      { path: join(folder, "own.gguf"), bytes: gguf.length, isOld: false, isChecked: false },
    ]);
    expect(Buffer.from(await bytesOf(join(folder, "own.gguf")))).toEqual(gguf);
    expect((await pull(hub, `${hub.url}/${path}`))[0]).toMatchObject({ isOld: true });
    expect(hub.ranges).toContain("bytes=20000-");
    await rm(join(folder, "own.gguf"));
    await pullModel(`${stranger.url}/${path}`, {
      hubUrl: hub.url,
      token: "secret",
      folder,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(await bytesOf(join(folder, "own.gguf"))).toHaveLength(gguf.length);
  });

  test("comes by its path, and leaves the other where it is", async () => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "mine.gguf"), gguf);
    expect((await pull(hubOf(), join(elsewhere, "mine.gguf")))[0]).toMatchObject({ path: join(folder, "mine.gguf") });
    expect(await readdir(elsewhere)).toEqual(["mine.gguf"]);
  });

  test.each([
    ["is a web page", "page.gguf", { code: "unprocessable", message: expect.stringContaining("is no GGUF file") }],
    ["has another ending", "README.md", { code: "invalid_request" }],
    ["is not there", "none.gguf", { code: "not_found" }],
  ])("that %s is refused, and nothing is left of it", async (_what, file, expected) => {
    const hub = hubOf({ files: other });
    expect(await rejection(pull(hub, `${hub.url}/lab/tiny-GGUF/resolve/main/${file}`))).toMatchObject(expected);
    expect(await readdir(folder)).toEqual([]);
  });

  test("that no path leads to is not there", async () => {
    expect(await rejection(pull(hubOf(), "./nothing.gguf"))).toMatchObject({ code: "not_found" });
  });
});

test("what came damaged is removed", async () => {
  const hub = hubOf();
  hub.isLying = true;
  expect(await rejection(pull(hub, "lab/tiny-GGUF"))).toMatchObject({
    code: "unprocessable",
    message: expect.stringMatching(/came damaged \(its checksum is wrong\)/),
  });
  expect(await readdir(join(folder, "lab--tiny-GGUF"))).toEqual([]);
});

describe("refusals are one sentence", () => {
  test.each([
    ["not a name", "invalid_request", /^'not a name' is no name of a model/],
    ["lab/../../etc", "invalid_request", /no name of a model/],
    ["lab/unknown", "not_found", /The hub has no \/api\/models\/lab\/unknown/],
    ["lab/none", "not_found", /has no GGUF file/],
    ["lab/tiny-GGUF:Q2_K", "not_found", /no file for 'Q2_K' \(there are: tiny-Q4_K_M.gguf, tiny-Q8_0.gguf\)/],
    ["lab/tiny-GGUF/other.gguf", "not_found", /no file for 'other.gguf'/],
  ])("%s", async (name, code, message) => {
    expect(await rejection(pull(hubOf(), name))).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readdir(folder)).toEqual([]);
  });

  test("a repository that wants a token", async () => {
    const hub = hubOf({ token: "secret" });
    expect(await rejection(pull(hub, "lab/tiny-GGUF"))).toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/HF_TOKEN/),
    });
    expect((await pull(hub, "lab/tiny-GGUF", { token: "secret" })).length).toBe(1);
  });

  test("a hub that is not there", async () => {
    const hub = hubOf();
    await hub.stop();
    expect(await rejection(pull(hub, "lab/tiny-GGUF"))).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/does not answer/),
    });
  });
});

test("a quantisation is a word of its own in the file's name", () => {
  const names = ["m-Q4_K_M.gguf", "m-Q4_K_S.gguf", "m-IQ4_XS.gguf", "m-Q4_0.gguf"];
  const choose = (name: string) =>
    chooseFiles(
      names.map((path) => ({ path, bytes: 1, sha256: null })),
      parseHubName(name) ?? { owner: "", repository: "", file: null, tag: null },
    ).map(({ path }) => path);
  expect(choose("a/b:Q4_K_S")).toEqual(["m-Q4_K_S.gguf"]);
  expect(choose("a/b")).toEqual(["m-Q4_K_M.gguf"]);
  expect(() => choose("a/b:Q4")).toThrow(/no file for 'Q4'/);
  expect(() => choose("a/b:Q4_K")).toThrow(/no file/);
});
