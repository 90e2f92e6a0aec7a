import { expect, test } from "bun:test";
import { startOpenAiServer } from "#fixtures/openai-server.ts";
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
  const probed = createProbedServers({ configured: new Set(), ownPort: 0, now: () => nowMs, servers });
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
  const known = createProbedServers({ configured: new Set(["lmstudio"]), ownPort: 0, now: Date.now, servers });
  const own = createProbedServers({ configured: new Set(), ownPort: port, now: Date.now, servers });
  expect([await known.look(), await own.look()]).toEqual([[], []]);
  expect(server.requests).toEqual([]);
  await server.close();
});

test("the default is what is configured, else the first model there is", async () => {
  const server = await startOpenAiServer();
  const endpoint = {
    id: "lab",
    kind: "openai-compatible" as const,
    baseUrl: `${server.url}/v1`,
    apiKey: null,
    label: "Lab",
  };
  const first = createProviderRegistry({ ...settings, endpoints: [endpoint] }, { inferenceCommand: ["false"] });
  expect(await first.defaultRoute(never)).toEqual({ provider: "lab", model: "test-model" });
  const chosen = { ...settings, endpoints: [endpoint], defaultProvider: "lab", defaultModel: "other" };
  const second = createProviderRegistry(chosen, { inferenceCommand: ["false"] });
  expect(await second.defaultRoute(never)).toEqual({ provider: "lab", model: "other" });
  await server.close();
});
