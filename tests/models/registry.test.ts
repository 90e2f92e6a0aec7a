import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { createProbedServers } from "#models/remote/probed-servers.ts";
import { createProviderRegistry } from "#models/registry.ts";

const never = new AbortController().signal;
const settings = {
  dirs: [],
  defaultProvider: null,
  defaultModel: null,
  endpoints: [],
  probesServers: false,
  localThreads: null,
  cacheDir: null,
};
const portOf = (url: string) => Number(new URL(url).port);

test("without anything there is the local provider, and no route", async () => {
  const registry = createProviderRegistry(settings, { inferenceCommand: ["false"] });
  expect(registry.list().map(({ id }) => id)).toEqual(["local"]);
  expect(registry.get("openai")).toBeNull();
  expect(await registry.defaultRoute(never)).toBeNull();
  await registry.close();
});

test("a server on this machine appears by itself, is asked again only after a while, and disappears", async () => {
  const server = await startOpenAiServer();
  let nowMs = 0;
  const servers = [
    { id: "lmstudio", label: "LM Studio", port: portOf(server.url) },
    { id: "nobody", label: "Nobody", port: 1 },
  ];
  const probed = createProbedServers({ configured: new Set(), ownPort: 0, now: () => nowMs, probeMs: 700, servers });
  expect(probed.known()).toEqual([]);
  const [first, second] = await Promise.all([probed.look(), probed.look()]);
  expect([first, second].map((found) => found?.map(({ id }) => id))).toEqual([["lmstudio"], ["lmstudio"]]);
  expect(server.requests).toHaveLength(1);
  nowMs = 29_000;
  await probed.look();
  expect(server.requests).toHaveLength(1);
  await server.close();
  nowMs = 31_000;
  expect(await probed.look()).toEqual([]);
});

test("what is configured, and the gateway itself, are not looked for", async () => {
  const server = await startOpenAiServer();
  const port = portOf(server.url);
  const servers = [{ id: "lmstudio", label: "LM Studio", port }];
  const known = createProbedServers({
    configured: new Set(["lmstudio"]),
    ownPort: 0,
    now: Date.now,
    probeMs: 700,
    servers,
  });
  const own = createProbedServers({ configured: new Set(), ownPort: port, now: Date.now, probeMs: 700, servers });
  expect([await known.look(), await own.look()]).toEqual([[], []]);
  expect(server.requests).toEqual([]);
  await server.close();
});

const openai = "openai-compatible" as const;
const endpointAt = (id: string, url: string) => ({ id, kind: openai, baseUrl: `${url}/v1`, apiKey: null, label: id });

test("a provider is got by its id, and an unknown one is nobody", async () => {
  const endpoints = [endpointAt("lab", "http://127.0.0.1:1"), endpointAt("attic", "http://127.0.0.1:1")];
  const registry = createProviderRegistry({ ...settings, endpoints }, { inferenceCommand: ["false"] });
  expect(registry.list().map(({ id }) => id)).toEqual(["local", "lab", "attic"]);
  expect(registry.get("attic")?.label).toBe("attic");
  expect([registry.get("Attic"), registry.get("")]).toEqual([null, null]);
  await registry.close();
  await registry.close();
});

describe("the default", () => {
  let folder: string;
  let server: OpenAiServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gateway-registry-"));
    await writeFile(join(folder, "small.gguf"), "not looked into");
    server = await startOpenAiServer();
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const local = { provider: "local", model: "small" };
  const lab = { provider: "lab", model: "test-model" };
  const cases: [string, string | null, string | null, boolean, object | null][] = [
    ["is the first model there is", null, null, true, local],
    ["is the first model of the first server when no file is there", null, null, false, lab],
    ["is what is configured, whether it is there or not", "attic", "huge", true, { provider: "attic", model: "huge" }],
    ["is a configured provider's first model", "lab", null, true, lab],
    ["does not mind how the provider is written", "LAB", null, true, lab],
    ["is nothing when the configured provider is unknown", "attic", null, true, null],
    ["is a configured model at the provider that has it", null, "test-model", true, lab],
    [
      "is a model that nobody lists at the first provider, which can say so",
      null,
      "huge",
      true,
      { ...local, model: "huge" },
    ],
  ];
  test.each(cases)("%s", async (_what, defaultProvider, defaultModel, hasFile, expected) => {
    const registry = createProviderRegistry(
      {
        ...settings,
        dirs: hasFile ? [folder] : [],
        endpoints: [endpointAt("lab", server.url)],
        defaultProvider,
        defaultModel,
      },
      { inferenceCommand: ["false"] },
    );
    expect(await registry.defaultRoute(never)).toEqual(expected as never);
  });

  test("passes over servers that are not there, that hang, and that answer nonsense", async () => {
    const silent = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch: () => new Promise(() => undefined),
    });
    const page = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<html>") });
    const empty = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ data: [] }) });
    const urls = ["127.0.0.1:1", ...[silent, page, empty].map(({ port }) => `127.0.0.1:${port}`)];
    const endpoints = [
      ...urls.map((url, index) => endpointAt(`odd-${index}`, `http://${url}`)),
      endpointAt("lab", server.url),
    ];
    const registry = createProviderRegistry({ ...settings, endpoints }, { inferenceCommand: ["false"] });
    expect(await registry.defaultRoute(never)).toEqual(lab);
    await Promise.all([silent, page, empty].map((each) => each.stop(true)));
  });

  test("is nothing for a caller who has left", async () => {
    const endpoints = [endpointAt("lab", server.url)];
    const registry = createProviderRegistry({ ...settings, endpoints }, { inferenceCommand: ["false"] });
    expect(await registry.defaultRoute(AbortSignal.abort())).toBeNull();
  });
});
