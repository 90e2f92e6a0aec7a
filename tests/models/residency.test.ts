import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "#fixtures/rejection.ts";
import { InferenceHost } from "#models/local/host.ts";
import { createLocalProvider, type LocalProviderOptions } from "#models/local/provider.ts";
import { workerDefaults } from "#models/local/protocol.ts";
import type { GenerateRequest, Provider, Residency } from "#models/provider.ts";

const models = join(import.meta.dirname, "../fixtures/models");
const command = [process.execPath, join(import.meta.dirname, "../../src/cli/main.ts"), "inference-worker"];
const { signal } = new AbortController();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-residency-"));
  for (const name of ["first", "second", "third"]) {
    await copyFile(join(models, "tiny-chat.gguf"), join(folder, `${name}.gguf`));
  }
  await copyFile(join(models, "tiny-embed.gguf"), join(folder, "vectors.gguf"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a test with a provider of its own, in which one tiny chat model with all its conversations fits, and two do not. */
async function within(
  options: Partial<LocalProviderOptions>,
  work: (provider: Provider & { residency: Residency }) => Promise<void>,
): Promise<void> {
  const provider = createLocalProvider({
    folders: [folder],
    command,
    threads: 1,
    memoryBytes: 120_000_000,
    gpu: "off",
    ...options,
  }) as Provider & { residency: Residency };
  try {
    await work(provider);
  } finally {
    await provider.close();
  }
}

const ask = (model: string, content = "What is the capital of France?"): GenerateRequest => ({
  model,
  messages: [{ role: "user", content }],
  temperature: 0,
});
const names = async ({ residency }: { residency: Residency }) =>
  (await residency.loaded(signal)).map(({ model }) => model);

test("a model is loaded, told of, used and unloaded", async () => {
  await within({}, async (provider) => {
    const { residency } = provider;
    expect(await residency.loaded(signal)).toEqual([]);
    expect(await residency.unload("first", signal)).toBeNull();
    const loaded = await residency.load("first", { pin: true, signal });
    expect(loaded).toMatchObject({
      model: "first",
      path: join(folder, "first.gguf"),
      task: "text_generation",
      backend: "cpu",
      gpuLayers: 0,
      contextTokens: 2048,
      sequences: 4,
      pinned: true,
      uses: 0,
    });
    expect(loaded.bytes).toBeGreaterThan(64_000_000);
    expect((await provider.generate(ask("first"), { signal })).content).toBe("Paris.");
    const [used] = await residency.loaded(signal);
    expect(used?.lastUsedAtMs).toBeGreaterThan(loaded.lastUsedAtMs);
    // Loading again with nothing said of the pin leaves it.
    expect(await residency.load("first", { pin: null, signal })).toMatchObject({ pinned: true });
    expect(await residency.unload("first", signal)).toMatchObject({ model: "first" });
    expect(await residency.loaded(signal)).toEqual([]);
  });
}, 60_000);

describe("where memory is short", () => {
  test("the model that was used longest ago makes room, a pinned one does not", async () => {
    await within({}, async (provider) => {
      await provider.residency.load("first", { pin: null, signal });
      await provider.residency.load("second", { pin: null, signal });
      expect(await names(provider)).toEqual(["second"]);
      await provider.residency.load("second", { pin: true, signal });
      const refused = await rejection(provider.residency.load("third", { pin: null, signal }));
      expect(refused).toMatchObject({
        code: "unavailable",
        retryable: true,
        message: expect.stringMatching(/^There is no room for another model: .* take 0\.1 of 0\.1 GB$/),
      });
      expect(await names(provider)).toEqual(["second"]);
    });
  }, 60_000);

  test("a model that can never fit is refused, with what it would take", async () => {
    await within({ memoryBytes: 1_000_000 }, async (provider) => {
      const refused = await rejection(provider.generate(ask("first"), { signal }));
      expect(refused).toMatchObject({
        code: "unavailable",
        retryable: false,
        message: expect.stringMatching(/needs about 0\.1 GB of memory, and models may take 0\.0 GB here/),
      });
      expect(await names(provider)).toEqual([]);
    });
  }, 60_000);

  test("there are fewer conversations and a smaller window", async () => {
    await within({ memoryBytes: 72_000_000 }, async ({ residency }) => {
      expect(await residency.load("first", { pin: null, signal })).toMatchObject({ contextTokens: 2048, sequences: 1 });
    });
  }, 60_000);

  test("a model in use stays, and further calls wait for it", async () => {
    await within({}, async (provider) => {
      const controller = new AbortController();
      const started = Promise.withResolvers<void>();
      const story = provider.generate(ask("first", "Tell me a long story"), {
        signal: controller.signal,
        onDelta: () => started.resolve(),
      });
      const left = rejection(story);
      await started.promise;
      expect(await rejection(provider.residency.unload("first", signal))).toMatchObject({
        code: "conflict",
        message: expect.stringMatching(/first\.gguf is in use by 1 calls$/),
      });
      controller.abort();
      expect(await left).toMatchObject({ code: "cancelled" });
    });
  }, 60_000);
});

test("after a while without work the process ends, and the next call starts another", async () => {
  await within({ idleMs: 200 }, async (provider) => {
    const before = childrenOf(process.pid);
    expect((await provider.generate(ask("first"), { signal })).content).toBe("Paris.");
    const [pid] = childrenOf(process.pid).filter((each) => !before.includes(each));
    expect(pid).toBeGreaterThan(1);
    expect(await Bun.spawn(["tail", `--pid=${pid}`, "-f", "/dev/null"]).exited).toBe(0);
    expect(await names(provider)).toEqual([]);
    expect((await provider.generate(ask("first"), { signal })).content).toBe("Paris.");
  });
}, 60_000);

test("a pinned model outlives the while", async () => {
  await within({ idleMs: 100, memoryBytes: 400_000_000 }, async (provider) => {
    await provider.residency.load("first", { pin: true, signal });
    await provider.residency.load("vectors", { pin: null, signal });
    // The other model goes; that it went shows that the clock has struck for both.
    while ((await names(provider)).includes("vectors")) await Bun.sleep(20);
    expect(await names(provider)).toEqual(["first"]);
  });
}, 60_000);

test("a process that hangs is killed when its call is left", async () => {
  const hangs = [process.execPath, "-e", "process.on('message', () => { for (;;); })"];
  const host = new InferenceHost({ command: hangs, settings: workerDefaults, maxLeaveMs: 100 });
  const controller = new AbortController();
  const call = host.ask("loaded", {}, { signal: controller.signal });
  const left = rejection(call);
  const { pid } = host;
  expect(pid).toBeGreaterThan(1);
  controller.abort();
  expect(await left).toMatchObject({ code: "cancelled" });
  expect(await Bun.spawn(["tail", `--pid=${pid}`, "-f", "/dev/null"]).exited).toBe(0);
  await host.close();
}, 30_000);

describe("embeddings", () => {
  const cosine = (a: number[], b: number[]) => {
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const embed = (provider: Provider, texts: string[]) => provider.embed?.(texts, { model: "vectors", signal });

  test("texts on one subject lie nearer to each other than to others", async () => {
    await within({}, async (provider) => {
      const pairs = [
        ["The doctor treats the patient in the hospital.", "A nurse works at the clinic with the physician."],
        ["The guitar plays a song at the concert.", "A piano and a violin make music."],
        ["The rain falls from the cloud in the storm.", "Snow and wind come with cold weather."],
      ];
      const made = await embed(provider, pairs.flat());
      const vectors = made?.vectors ?? [];
      expect(vectors.map(({ length }) => length)).toEqual([96, 96, 96, 96, 96, 96]);
      expect(made?.inputTokens).toBeGreaterThan(40);
      for (const [index] of pairs.entries()) {
        const asked = vectors[2 * index] ?? [];
        const ranked = vectors
          .map((vector, other) => ({ other, near: cosine(asked, vector) }))
          .filter(({ other }) => other !== 2 * index)
          .sort((a, b) => b.near - a.near);
        expect(ranked[0]?.other).toBe(2 * index + 1);
      }
    });
  }, 60_000);

  test("the same text makes the same vector, alone and among others, at once", async () => {
    await within({}, async (provider) => {
      const texts = ["one", "two words", "three little words"];
      const [together, ...alone] = await Promise.all([
        embed(provider, texts),
        ...texts.map((text) => embed(provider, [text])),
      ]);
      for (const [index, vector] of (together?.vectors ?? []).entries()) {
        expect(cosine(vector, alone[index]?.vectors[0] ?? [])).toBeGreaterThan(0.9999);
      }
    });
  }, 60_000);

  test("a model of the wrong kind, and a text that is too long, are refused", async () => {
    await within({ memoryBytes: 400_000_000 }, async (provider) => {
      expect(await rejection(provider.generate(ask("vectors"), { signal }))).toMatchObject({
        code: "invalid_request",
        message: "The model 'vectors' makes embeddings and cannot answer",
      });
      expect(
        await rejection(provider.embed?.(["text"], { model: "first", signal }) ?? Promise.resolve()),
      ).toMatchObject({
        code: "invalid_request",
        message: expect.stringMatching(/is for conversations and makes no embeddings$/),
      });
      expect(await rejection(embed(provider, ["short", "word ".repeat(5000)]) ?? Promise.resolve())).toMatchObject({
        code: "invalid_request",
        message: expect.stringMatching(/^Text 2 has \d+ tokens; the model's window holds \d+$/),
      });
    });
  }, 60_000);
});

/** Living children of a process. */
function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=,stat=,comm=", "--ppid", String(pid)]);
  const lines = stdout.toString().trim().split("\n").filter(Boolean);
  return lines.filter((line) => !/ Z| ps$/.test(line)).map((line) => Number(line.trim().split(/\s+/)[0]));
}
