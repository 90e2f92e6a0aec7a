import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "#fixtures/rejection.ts";
import { createLocalProvider } from "#models/local/provider.ts";
import { PrefixStore } from "#models/local/cache/prefix-store.ts";
import type { PromptCache } from "#models/prompt-cache.ts";
import type { GenerateRequest, Message, Provider } from "#models/provider.ts";

/** Saved beginnings of conversations, with the tiny chat model in its own process. */
const tiny = join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf");
const command = [process.execPath, join(import.meta.dirname, "../../src/cli/main.ts"), "inference-worker"];
const { signal } = new AbortController();
const usual = { makeDefault: false, ttlMs: null };

let folder: string;
let states: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-prefix-models-"));
  await copyFile(tiny, join(folder, "tiny-chat.gguf"));
});
beforeEach(async () => {
  states = await mkdtemp(join(tmpdir(), "gateway-prefix-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Caching = Provider & { promptCache: PromptCache };

async function within(work: (provider: Caching) => Promise<void>, maxBytes = 1e9): Promise<void> {
  const provider = createLocalProvider({
    folders: [folder],
    command,
    threads: 1,
    gpu: "off",
    prefixes: { folder: join(states, "states"), exportFolder: join(states, "exports"), maxBytes },
  }) as Caching;
  try {
    await work(provider);
  } finally {
    await provider.close();
  }
}

const system: Message = { role: "system", content: `The secret word is river. ${"The sky is wide. ".repeat(30)}` };
const user = (content: string): Message => ({ role: "user", content });
const ask = (content: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: "tiny-chat",
  messages: [system, user(content)],
  temperature: 0,
  maxOutputTokens: 24,
  ...more,
});

/** A saving goes on after the answer. */
async function savedUnder(provider: Caching, key: string) {
  for (;;) {
    const found = (await provider.promptCache.list("tiny-chat")).find((each) => each.key === key);
    if (found && found.tokens > 0) return found;
    await Bun.sleep(10);
  }
}

test("without a name, the place that holds most of a conversation goes on with it", async () => {
  await within(async (provider) => {
    const first = await provider.generate(ask("What is the secret word?"), { signal });
    expect(first.cache).toMatchObject({ key: null, source: "none", reusedTokens: 0 });
    expect(first.cache?.reason).toBe("no earlier conversation begins like this one; no cache was named");
    const other = await provider.generate({ ...ask(""), messages: [user("Hello")] }, { signal });
    expect(other.cache?.reusedTokens).toBeLessThan(10);
    const again = await provider.generate(ask("Hello"), { signal });
    expect(again.cache?.source).toBe("memory");
    expect(again.cache?.reusedTokens).toBeGreaterThan(150);
  });
}, 60_000);

test("a named conversation goes on after a restart where it was, with the same answers", async () => {
  let plain = "";
  let promptTokens = 0;
  await within(async (provider) => {
    const first = await provider.generate(ask("What is the secret word?", { cacheKey: "talk" }), { signal });
    expect(first.cache).toMatchObject({ key: "talk", source: "none" });
    expect(first.cache?.reason).toContain("there is no cache of that name");
    promptTokens = first.cache?.promptTokens ?? 0;
    const saved = await savedUnder(provider, "talk");
    expect(saved.tokens).toBeGreaterThan(promptTokens);
    expect(saved.bytes).toBeGreaterThan(saved.tokens * 1000);
    plain = (await provider.generate(ask("Hello"), { signal })).content;
  });
  await within(async (provider) => {
    const again = await provider.generate(ask("Hello", { cacheKey: "talk" }), { signal });
    expect(again.cache).toMatchObject({ key: "talk", source: "saved" });
    expect(again.cache?.reusedTokens).toBeGreaterThan(150);
    expect(again.content).toBe(plain);
    const turns: Message[] = [system, user("What is the secret word?"), { role: "assistant", content: "x" }];
    const next = await provider.generate(
      { ...ask(""), messages: [...turns, user("Hello")], cacheKey: "talk" },
      { signal },
    );
    expect(next.cache?.reusedTokens).toBeGreaterThan(150);
  });
}, 60_000);

describe("named caches", () => {
  test("are built from content, forked, made the default and cleared", async () => {
    await within(async (provider) => {
      const { promptCache } = provider;
      const tools = [{ name: "get_time", description: "The time", parameters: { type: "object", properties: {} } }];
      const built = await promptCache.build("tiny-chat", "base", { messages: [system], tools }, { ...usual, signal });
      expect(built).toMatchObject({ key: "base", isDefault: false, expiresAtMs: null });
      expect(built.tokens).toBeGreaterThan(150);
      const forked = await promptCache.fork("tiny-chat", "base", "session", { makeDefault: true, ttlMs: 60_000 });
      expect(forked).toMatchObject({ key: "session", tokens: built.tokens, isDefault: true });
      expect(await promptCache.set("tiny-chat", "later", usual)).toMatchObject({ key: "later", tokens: 0 });
      const listed = await promptCache.list("tiny-chat");
      expect(listed.map(({ key }) => key).sort()).toEqual(["base", "later", "session"]);
      expect(await promptCache.clear("tiny-chat", "base")).toBe(1);
      expect(await promptCache.clear("tiny-chat", "base")).toBe(0);
      expect(await promptCache.clear("tiny-chat", null)).toBe(2);
      expect(await promptCache.list("tiny-chat")).toEqual([]);
    });
  }, 60_000);

  test("one that was built is taken over by a conversation with that content, with tools or without", async () => {
    await within(({ promptCache }) =>
      promptCache
        .build("tiny-chat", "base", { messages: [system], tools: [] }, { makeDefault: true, ttlMs: null, signal })
        .then(() => undefined),
    );
    await within(async (provider) => {
      const { cache } = await provider.generate(ask("Hello"), { signal });
      expect(cache).toMatchObject({ key: "base", source: "saved", reason: "the saved state was taken over" });
    });
    await within(async (provider) => {
      const messages = [user(`Something else. ${"word ".repeat(100)}`)];
      const { cache } = await provider.generate({ ...ask(""), messages }, { signal });
      expect(cache).toMatchObject({ key: "base", source: "none", reusedTokens: 0 });
      expect(cache?.reason).toContain("differs from the saved state early on");
    });
  }, 60_000);

  test("copies by name outlive them", async () => {
    await within(async ({ promptCache }) => {
      const built = await promptCache.build(
        "tiny-chat",
        "base",
        { messages: [system], tools: [] },
        { ...usual, signal },
      );
      expect(await promptCache.export("tiny-chat", "monday", "base")).toMatchObject({
        name: "monday",
        tokens: built.tokens,
      });
      await promptCache.clear("tiny-chat", null);
      expect(await promptCache.exported("tiny-chat")).toMatchObject([{ name: "monday", tokens: built.tokens }]);
      expect(await promptCache.import("tiny-chat", "monday", "back", usual)).toMatchObject({
        key: "back",
        tokens: built.tokens,
        bytes: built.bytes,
      });
      const missing = await rejection(promptCache.import("tiny-chat", "friday", "back", usual));
      expect(missing).toMatchObject({
        code: "not_found",
        message: expect.stringMatching(/no saved prompt cache 'friday'/),
      });
      for (const name of ["../evil", "", "a/b", "x".repeat(101)]) {
        expect(await rejection(promptCache.export("tiny-chat", name, "back"))).toMatchObject({
          code: "invalid_request",
        });
      }
      expect(await rejection(promptCache.fork("tiny-chat", "nobody", "x", usual))).toMatchObject({ code: "not_found" });
    });
  }, 60_000);
});

test("a saved state that is damaged is a miss that says so", async () => {
  await within(async (provider) => {
    await provider.promptCache.build("tiny-chat", "base", { messages: [system], tools: [] }, { ...usual, signal });
  });
  const [model = ""] = await readdir(join(states, "states"));
  const state = (await readdir(join(states, "states", model))).find((name) => name.endsWith(".state")) ?? "";
  await truncate(join(states, "states", model, state), 1000);
  await within(async (provider) => {
    const { cache, content } = await provider.generate(ask("What is the secret word?", { cacheKey: "base" }), {
      signal,
    });
    expect(cache).toMatchObject({ source: "none", reusedTokens: 0 });
    expect(cache?.reason).toMatch(/^the saved state cannot be read/);
    expect(content).toContain("river");
  });
}, 60_000);

describe("the store of states", () => {
  const write = (bytes: number) => (path: string) => writeFile(path, new Uint8Array(bytes));
  const label = (key: string, more: object = {}) => ({ key, tokens: [1, 2, 3], release: "b1", ttlMs: null, ...more });
  let nowMs = Date.now();
  const storeOf = (maxBytes: number) =>
    new PrefixStore({ folder: join(states, "s"), exportFolder: join(states, "e"), maxBytes, now: () => nowMs });

  test("lets what was used longest ago go when there is no room", async () => {
    const store = storeOf(250);
    for (const key of ["one", "two"]) await store.put(tiny, label(key), write(100));
    const one = await store.get(tiny, "one");
    await utimes((await store.get(tiny, "two"))?.statePath ?? "", 1, 1);
    if (one) await store.touch(one);
    await store.put(tiny, label("three"), write(100));
    expect((await store.list(tiny)).map(({ key }) => key).sort()).toEqual(["one", "three"]);
    const larger = await rejection(store.put(tiny, label("four"), write(300)));
    expect(larger).toMatchObject({ code: "storage", message: expect.stringMatching(/larger than all caches/) });
    expect(await store.get(tiny, "four")).toBeNull();
  });

  test("forgets what has expired", async () => {
    const store = storeOf(1000);
    await store.put(tiny, label("short", { ttlMs: 1000 }), write(10));
    expect(await store.get(tiny, "short")).toMatchObject({ tokens: [1, 2, 3], bytes: 10 });
    nowMs += 1001;
    expect(await store.get(tiny, "short")).toBeNull();
    expect(await readdir(join(states, "s")).then(([model = ""]) => readdir(join(states, "s", model)))).toEqual([]);
  });

  test("sees what another process has changed", async () => {
    const [mine, theirs] = [storeOf(1000), storeOf(1000)];
    await mine.put(tiny, label("shared"), write(10));
    expect(await theirs.get(tiny, "shared")).not.toBeNull();
    await Bun.sleep(5);
    await theirs.clear(tiny, null);
    expect(await mine.get(tiny, "shared")).toBeNull();
  });

  test("keeps nothing of a writing that failed, and refuses keys that are none", async () => {
    const store = storeOf(1000);
    const failing = store.put(tiny, label("bad"), async (path) => {
      await writeFile(path, "half");
      throw new Error("the disk is full");
    });
    expect(await rejection(failing)).toMatchObject({ message: "the disk is full" });
    expect(await store.list(tiny)).toEqual([]);
    for (const key of ["", "  ", "x".repeat(301)]) {
      expect(await rejection(store.put(tiny, label(key), null))).toMatchObject({ code: "invalid_request" });
    }
    await store.put(tiny, label("../../etc/passwd \n \u0000"), write(1));
    expect((await store.list(tiny)).map(({ key }) => key)).toEqual(["../../etc/passwd \n \u0000"]);
  });
});
