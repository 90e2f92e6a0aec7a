import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "#fixtures/rejection.ts";
import { backendsBeside, candidatesFor, expectedCompute, llamaKinds } from "#models/local/llama-kinds.ts";
import { createLocalProvider } from "#models/local/provider.ts";
import type { WorkerSettings } from "#models/local/protocol.ts";
import type { Provider, Residency } from "#models/provider.ts";

/*
 * Which build of llama.cpp computes, and what happens when the one for a card does not work. There is no card here: the builds for one are a
 * folder whose library the system cannot load, and a folder whose library works and finds no card.
 */
const models = join(import.meta.dirname, "../fixtures/models");
const command = [process.execPath, join(import.meta.dirname, "../../src/cli/main.ts"), "inference-worker"];
const { signal } = new AbortController();
const cpu = llamaKinds({ cacheDir: null, env: process.env });

let folder: string;
const broken = () => join(folder, "broken");
const idle = () => join(folder, "idle");
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-llama-"));
  const metadata = JSON.stringify({ buildOptions: { gpu: "cuda", llamaCpp: { repo: "r", release: "b1" } } });
  await mkdir(broken());
  await writeFile(join(broken(), "_nlcBuildMetadata.json"), metadata);
  await writeFile(join(broken(), "llama-addon.node"), "no library");
  await cp(await cpu.folderOf("cpu"), idle(), { recursive: true, dereference: true });
  const own = await Bun.file(join(idle(), "_nlcBuildMetadata.json")).json();
  own.buildOptions.gpu = "cuda";
  await writeFile(join(idle(), "_nlcBuildMetadata.json"), JSON.stringify(own));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function within<T>(
  options: { llamaDir: string; gpu: WorkerSettings["gpu"] },
  work: (provider: Provider & { residency: Residency }) => Promise<T>,
): Promise<T> {
  const provider = createLocalProvider({ folders: [models], command, threads: 1, ...options });
  try {
    return await work(provider as Provider & { residency: Residency });
  } finally {
    await provider.close();
  }
}

const capital = {
  model: "tiny-chat",
  temperature: 0,
  messages: [{ role: "user" as const, content: "What is the capital of France?" }],
};

test("a build for a card that cannot be loaded gives way to the processor, and the model says why", async () => {
  await within({ llamaDir: broken(), gpu: "auto" }, async (provider) => {
    const { content } = await provider.generate(capital, { signal });
    expect(content).toBe("Paris.");
    const [loaded] = await provider.residency.loaded(signal);
    expect(loaded).toMatchObject({
      backend: "cpu",
      gpuLayers: 0,
      note: expect.stringContaining("llama.cpp could not be loaded"),
    });
  });
});

test("a build for a card that finds none computes on the processor, and the model says so", async () => {
  await within({ llamaDir: idle(), gpu: "auto" }, async (provider) => {
    expect((await provider.generate(capital, { signal })).content).toBe("Paris.");
    const [loaded] = await provider.residency.loaded(signal);
    expect(loaded).toMatchObject({ backend: "cpu", note: "llama.cpp for cuda found no graphics card that it can use" });
  });
});

test("whoever asks for a card by name gets that or a reason, and never the processor instead", async () => {
  const ask = (llamaDir: string, gpu: WorkerSettings["gpu"]) =>
    within({ llamaDir, gpu }, (provider) => rejection(provider.generate(capital, { signal })));
  expect(await ask(broken(), "cuda")).toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("could not be loaded"),
  });
  expect(await ask(idle(), "cuda")).toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("found no graphics card"),
  });
  expect(await ask(idle(), "metal")).toMatchObject({
    message: expect.stringMatching(/no llama.cpp for metal \(there is: cuda/),
  });
});

test("with the card switched off, its build is not even looked at", async () => {
  await within({ llamaDir: broken(), gpu: "off" }, async (provider) => {
    expect((await provider.generate(capital, { signal })).content).toBe("Paris.");
    expect((await provider.residency.loaded(signal))[0]).toMatchObject({ backend: "cpu", note: null });
  });
});

describe("what models will run on is told without loading anything", () => {
  const told = (gpu: WorkerSettings["gpu"], llamaDir: string | null = null) =>
    expectedCompute({ gpu, llamaDir, cacheDir: null, env: {} });

  test("when it is switched off", () => {
    expect(told("off", broken())).toMatchObject({
      setting: "off",
      expected: "cpu",
      reason: "ABSTRACTGATEWAY_LOCAL_GPU is off",
    });
  });

  test("when there is a build for a card", () => {
    const { builds, reason } = told("auto", idle());
    expect(builds[0]).toBe("cuda");
    expect(reason).not.toBe("");
  });

  test("in the order in which they are tried", () => {
    const llamas = llamaKinds({ cacheDir: null, llamaDir: broken(), env: process.env });
    expect(candidatesFor(llamas, "auto")[0]).toBe("folder");
    expect(candidatesFor(llamas, "auto").at(-1)).toBe("cpu");
    expect(candidatesFor(llamas, "cuda")[0]).toBe("folder");
    expect(candidatesFor(llamas, "off")).toEqual(["cpu"]);
  });
});

test("libraries that a driver does not bring are found in the package beside", async () => {
  const build = join(folder, "linux-x64-cuda", "bins", "linux-x64-cuda");
  expect(backendsBeside(build)).toEqual({});
  const beside = join(folder, "linux-x64-cuda-ext", "bins", "linux-x64-cuda");
  await mkdir(join(beside, "fallback"), { recursive: true });
  expect(backendsBeside(build)).toEqual({ extBackendsPath: beside });
});
