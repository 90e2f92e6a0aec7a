import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModelConfig } from "#app/model-config.ts";
import { toolCallDependencies } from "#app/tool-wiring.ts";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import { loadSettings } from "#config/load.ts";
import { rejection } from "#fixtures/rejection.ts";
import { layeredConnections, layeredDefaults } from "#models/config/layered.ts";
import { withOwnCaches } from "#models/own-caches.ts";
import type { CachedPrefix } from "#models/prompt-cache.ts";
import type { GenerateRequest, Provider } from "#models/provider.ts";
import { createToolRegistry } from "#tools/registry.ts";

/** What keeps users of one gateway apart beside the ledger: folders, the shell, connections, defaults and prompt caches. */
let dataDir: string;
beforeEach(() => {
  dataDir = realpathSync(mkdtempSync(join(tmpdir(), "user-walls-")));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const settings = (env: Record<string, string> = {}) =>
  loadSettings({ env: { ABSTRACTGATEWAY_DATA_DIR: dataDir, ...env }, cwd: dataDir, envFile: null });
const severalUsers = { ABSTRACTGATEWAY_USER_AUTH: "1" };
const evidence = { blobs: createDiskBlobs(tmpdir()), now: Date.now };
const tools = (env: Record<string, string>) =>
  toolCallDependencies(settings(env), { tools: createToolRegistry({ tools: [] }), evidence });

describe("folders", () => {
  const own = "a".repeat(32);
  const others = "b".repeat(32);
  const workspaces = () => join(dataDir, "workspaces");
  beforeEach(() => {
    mkdirSync(join(workspaces(), others), { recursive: true });
    writeFileSync(join(workspaces(), others, "secret.txt"), "secret");
    mkdirSync(join(dataDir, "auth"));
    writeFileSync(join(dataDir, "auth", "bootstrap-admin-token"), "secret");
  });

  const reads = (vars: Record<string, string>, path: string, runtimeId = "default/bob", env = {}) =>
    tools({ ...severalUsers, ...env })
      .openWorkspace(vars, runtimeId)
      ?.resolve(path) ?? Promise.resolve(null);

  test("a run of a user works in the folder that was made for it", async () => {
    const found = await reads({ workspace_root: join(workspaces(), own) }, "notes.txt");
    expect(found).toMatchObject({ shown: "notes.txt" });
  });

  test.each([
    ["the folder of all workspaces", () => ({ workspace_root: workspaces() })],
    ["the data folder", () => ({ workspace_root: dataDir })],
    ["a folder beside", () => ({ workspace_root: `${workspaces()}/../auth` })],
    ["another's, by way of its own", () => ({ workspace_root: `${workspaces()}/${own}/../${others}/..` })],
    [
      "all workspaces as a further folder",
      () => ({
        workspace_root: join(workspaces(), own),
        workspace_access_mode: "workspace_or_allowed",
        workspace_allowed_paths: workspaces(),
      }),
    ],
    ["everything", () => ({ workspace_root: join(workspaces(), own), workspace_access_mode: "all_except_ignored" })],
  ])("and never in %s, even where clients are trusted with folders", async (_, vars) => {
    for (const env of [{}, { ABSTRACTGATEWAY_ALLOW_CLIENT_WORKSPACE_SCOPE: "1" }]) {
      const path = join(workspaces(), others, "secret.txt");
      const error = await rejection(reads(vars(), path, "default/bob", env));
      expect(error).toMatchObject({ code: expect.stringMatching(/forbidden|not_found/) });
    }
  });

  test("without a folder nothing is open", () => {
    for (const vars of [{}, { workspace_root: " " }]) {
      expect(() => tools(severalUsers).openWorkspace(vars, "default/bob")).toThrow("no workspace_root");
    }
    expect(tools(severalUsers).openWorkspace({}, "default")).toBeNull();
    expect(tools({}).openWorkspace({}, "default")).toBeNull();
  });
});

test("the shell is for the operator's own runs, unless it is opened to users", () => {
  const refusal = (env: Record<string, string>, runtimeId: string) => tools(env).refusal("execute_command", runtimeId);
  expect(refusal(severalUsers, "default/bob")).toContain("ABSTRACTGATEWAY_USERS_MAY_EXECUTE");
  expect(refusal({ ...severalUsers, ABSTRACTGATEWAY_USERS_MAY_EXECUTE: "1" }, "default/bob")).toBeNull();
  expect(refusal(severalUsers, "default")).toBeNull();
  expect(refusal({}, "default")).toBeNull();
  expect(tools(severalUsers).refusal("read_file", "default/bob")).toBeNull();
});

describe("connections and defaults", () => {
  const books = () => {
    const whole = createModelConfig(settings());
    const of = (user: string) => createModelConfig(settings(), join(dataDir, "users/default", user, "config"));
    return { whole, of, ada: of("ada"), bob: of("bob") };
  };
  const input = { baseUrl: "http://127.0.0.1:9/v1" };

  test("of a user are theirs; those for everybody are an administrator's", async () => {
    const { whole, ada, bob } = books();
    await whole.connections.put("admins-own", { ...input, apiKey: "k1" });
    await whole.connections.put("common", { ...input, apiKey: "k2", scope: "gateway" });
    const [adas, bobs] = [ada, bob].map(({ connections }) => layeredConnections(connections, whole.connections));
    await adas?.put("lab", { ...input, apiKey: "adas-key" });
    await adas?.put("common", { ...input, scope: "user", displayName: "mine" });
    expect(adas?.list().map(({ id, displayName }) => [id, displayName])).toEqual([
      ["common", "mine"],
      ["lab", "lab"],
    ]);
    expect(bobs?.list().map(({ id }) => id)).toEqual(["common"]);
    expect(bobs?.get("lab")).toBeNull();
    expect(bobs?.get("admins-own")).toBeNull();
    const common = bobs?.get("common");
    expect(common && bobs?.keyOf(common)).toBe("k2");
    const lab = adas?.get("lab");
    expect(lab && adas?.keyOf(lab)).toBe("adas-key");
    expect(await adas?.remove("common")).toBe(true);
    expect(adas?.get("common")?.displayName).toBe("common");
    expect(await bobs?.remove("lab")).toBe(false);
  });

  test("a user's default goes before that of everybody, and only theirs changes", async () => {
    const { whole, ada, bob } = books();
    await whole.defaults.set("input.text", { provider: "p", model: "everybodys" });
    const [adas, bobs] = [ada, bob].map(({ defaults }) => layeredDefaults(defaults, whole.defaults));
    await adas?.set("input.text", { provider: "p", model: "adas" });
    expect(adas?.get("input.text")?.model).toBe("adas");
    expect(bobs?.get("input.text")?.model).toBe("everybodys");
    expect(whole.defaults.get("input.text")?.model).toBe("everybodys");
    const shown = bobs?.list({}).find(({ key }) => key === "input.text");
    expect(shown).toMatchObject({ model: "everybodys", configured: true });
    await adas?.remove("input.text");
    expect(adas?.get("input.text")?.model).toBe("everybodys");
  });
});

test("prompt caches have names of their own for each owner, in calls too, and none is everybody's default", async () => {
  const stored = new Map<string, boolean>();
  const asked: (string | undefined)[] = [];
  const prefix = (key: string): CachedPrefix => ({
    key,
    tokens: 1,
    bytes: 1,
    createdAtMs: 0,
    lastUsedAtMs: 0,
    expiresAtMs: null,
    isDefault: stored.get(key) ?? false,
  });
  const provider = {
    id: "local",
    label: "local",
    caching: "local_control_plane",
    generate: (request: GenerateRequest) => {
      asked.push(request.cacheKey);
      const cache = { key: request.cacheKey ?? null, source: "none", promptTokens: 1, reusedTokens: 0, reason: "" };
      return Promise.resolve({ content: "", cache });
    },
    promptCache: {
      list: () => Promise.resolve([...stored.keys()].map(prefix)),
      set: (_: string, key: string, { makeDefault }: { makeDefault: boolean }) => {
        stored.set(key, makeDefault);
        return Promise.resolve(prefix(key));
      },
      clear: (_: string, key: string | null) => Promise.resolve(key !== null && stored.delete(key) ? 1 : 0),
    },
  } as unknown as Provider;
  const [ada, bob] = [withOwnCaches("default/ada")(provider), withOwnCaches("default/bob")(provider)];
  await ada.promptCache?.set("m", "k", { makeDefault: true, ttlMs: null });
  await bob.promptCache?.set("m", "k", { makeDefault: false, ttlMs: null });
  expect([...stored.values()]).toEqual([false, false]);
  expect(await bob.promptCache?.list("m")).toMatchObject([{ key: "k" }]);
  const request = { model: "m", messages: [], cacheKey: "k" };
  const results = [ada, bob].map((each) => each.generate(request, { signal: new AbortController().signal }));
  for (const result of await Promise.all(results)) expect(result.cache?.key).toBe("k");
  expect(new Set(asked).size).toBe(2);
  expect(await bob.promptCache?.clear("m", null)).toBe(1);
  expect(await ada.promptCache?.list("m")).toHaveLength(1);
});
