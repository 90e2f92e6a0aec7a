import { describe, expect, test } from "bun:test";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type LoadOptions, loadConfiguration, loadSettings } from "#config/load.ts";
import { AppError } from "#core/errors.ts";

const cwd = await mkdtemp(join(tmpdir(), "config-load-"));
const load = (env: LoadOptions["env"] = {}, more: Partial<LoadOptions> = {}) => loadSettings({ env, cwd, ...more });
const folderWith = async (text: string) => {
  const folder = await mkdtemp(join(tmpdir(), "config-env-"));
  await writeFile(join(folder, ".env"), text);
  return folder;
};

test("without anything said, the defaults are in force", () => {
  expect(load()).toEqual({
    host: "127.0.0.1",
    port: 8080,
    dataDir: join(cwd, "runtime"),
    flowsDir: join(cwd, "runtime/flows"),
    visualFlowsDir: join(cwd, "runtime/visualflows"),
    dbPath: join(cwd, "runtime/gateway.sqlite3"),
    ledgerDir: join(cwd, "runtime/ledger"),
    storeBackend: "sqlite",
    runner: true,
    auth: {
      enabled: true,
      tokens: [],
      allowedOrigins: ["http://localhost:*", "http://127.0.0.1:*"],
      protectRead: true,
      protectWrite: true,
      devReadNoAuth: false,
      trustProxy: false,
      lockoutAfter: 5,
      lockoutBaseS: 1,
      lockoutMaxS: 60,
      audit: {
        enabled: true,
        maxBytes: 52_428_800,
        rotations: 10,
        headers: ["x-client-id", "x-client-version", "x-forwarded-for"],
      },
      users: {
        enabled: false,
        file: join(cwd, "runtime/auth/users.sqlite3"),
        adminUsesDefaultRuntime: true,
        mayExecute: false,
        session: {
          ttlS: 28_800,
          idleS: 7200,
          rememberTtlS: 2_592_000,
          rememberIdleS: 604_800,
          max: 1000,
          cookie: "abstractgateway_session",
          csrfCookie: "abstractgateway_csrf",
          header: "x-abstractgateway-session",
          csrfHeader: "x-abstractgateway-csrf",
        },
        bootstrap: {
          enabled: true,
          token: null,
          tokenFile: join(cwd, "runtime/auth/bootstrap-admin-token"),
          printsToken: false,
        },
      },
    },
    limits: {
      maxBodyBytes: 2_097_152,
      maxUploadBodyBytes: 0,
      maxAttachmentBytes: 26_214_400,
      maxBundleBytes: 78_643_200,
      maxChatThreadBytes: 750_000,
      maxConcurrency: 512,
      maxSse: 4096,
      maxInlineBytes: 262_144,
    },
    runtime: {
      maxActiveRuns: 64,
      maxEffects: 64,
      sliceRecords: 64,
      sliceMs: 10,
      leaseMs: 15_000,
      graceMs: 10_000,
      compatNodeErrors: false,
      crashAt: null,
    },
    models: {
      dirs: [join(cwd, "runtime/models")],
      defaultProvider: null,
      defaultModel: null,
      embedding: null,
      media: {},
      endpoints: [],
      quietMs: 600_000,
      localThreads: null,
      local: { memoryBytes: null, maxContextTokens: 8192, idleMs: 900_000, gpu: "auto", llamaDir: null },
      prices: {},
      hub: { url: "https://huggingface.co", token: null },
      promptCache: {
        folder: join(cwd, "runtime/prompt_cache"),
        exportFolder: join(cwd, "runtime/prompt_cache_exports"),
        maxBytes: 4_096_000_000,
      },
      cachesPrompts: null,
      timeouts: { discoveryMs: 1500, listMs: 10_000, probeMs: 700 },
      cacheDir: null,
      probesServers: true,
    },
    workspace: { dir: null, mounts: [], allowsClientScope: false, fileIndex: { ttlMs: 30_000, maxFiles: 50_000 } },
    memory: {
      backend: "lancedb",
      dir: join(cwd, "runtime/abstractmemory"),
      uri: null,
      bucket: null,
      globalId: "global_memory",
      semanticsPath: null,
    },
    s3: null,
    mcpFile: null,
    secretKey: null,
    publicUrl: null,
    telegram: null,
    email: null,
    comms: { email: false, telegram: false },
    webhooks: {
      retryDelaysMs: [5000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000],
      disableAfterMs: 432_000_000,
    },
    telemetry: { metrics: true, gpu: "auto", traces: null },
    toolMode: "approval",
    logLevel: "warn",
    logFormat: "text",
    draftTtlS: 604_800,
    retention: { runsDays: 0, statesDays: 7, artifactsDays: 0, intervalMs: 3_600_000 },
    web: { allowedHosts: [], search: { provider: "duckduckgo", baseUrl: null, apiKey: null } },
    code: { isFullAccessAllowed: false },
  });
});

describe("precedence", () => {
  test("is flags, environment, file, default", async () => {
    const folder = await folderWith("ABSTRACTGATEWAY_PORT=3000\nABSTRACTGATEWAY_HOST=file\nABSTRACTGATEWAY_RUNNER=0\n");
    const settings = load(
      { ABSTRACTGATEWAY_PORT: "2000", ABSTRACTGATEWAY_HOST: "" },
      { cwd: folder, flags: { port: 1000 } },
    );
    expect(settings).toMatchObject({ port: 1000, host: "file", runner: false, dataDir: join(folder, "runtime") });
    expect(load({ ABSTRACTGATEWAY_PORT: "2000" }, { cwd: folder }).port).toBe(2000);
    expect(load({}, { cwd: folder }).port).toBe(3000);
    expect(load({}, { cwd: folder, envFile: null }).port).toBe(8080);
    expect(load({}, { cwd: folder, flags: { runner: true } }).runner).toBe(true);
  });

  test("of an old name in the environment is over a new one in the file", async () => {
    const folder = await folderWith("ABSTRACTGATEWAY_AUTH_TOKEN=new-in-file");
    expect(load({ ABSTRACTFLOW_GATEWAY_AUTH_TOKEN: "old" }, { cwd: folder }).auth.tokens).toEqual(["old"]);
    expect(load({ ABSTRACTFLOW_GATEWAY_AUTH_TOKEN: "old", ABSTRACTGATEWAY_AUTH_TOKEN: "new" }).auth.tokens).toEqual([
      "new",
    ]);
  });

  test("of a flag holds although the variable is nonsense", () => {
    expect(load({ ABSTRACTGATEWAY_PORT: "nonsense" }, { flags: { port: 1 } }).port).toBe(1);
  });

  test("the data folder moves what lies in it", () => {
    const flags = { dataDir: "elsewhere" };
    const settings = load({ ABSTRACTGATEWAY_DATA_DIR: "/from/env" }, { flags });
    expect(settings.dataDir).toBe(join(cwd, "elsewhere"));
    expect(settings.dbPath).toBe(join(cwd, "elsewhere/gateway.sqlite3"));
    expect(settings.models.dirs).toEqual([join(cwd, "elsewhere/models")]);
  });

  test.each([
    ["ABSTRACTGATEWAY_DATA_DIR", "dataDir"],
    ["ABSTRACTFLOW_RUNTIME_DIR", "dataDir"],
    ["ABSTRACTGATEWAY_FLOWS_DIR", "flowsDir"],
    ["ABSTRACTFRAMEWORK_WORKFLOWS_DIR", "flowsDir"],
    ["ABSTRACTFLOW_FLOWS_DIR", "flowsDir"],
    ["ABSTRACTGATEWAY_VISUALFLOWS_DIR", "visualFlowsDir"],
  ] as const)("%s names %s", (name, key) => {
    expect(load({ [name]: "x" })[key]).toBe(join(cwd, "x"));
  });
});

test("texts become what they mean", () => {
  const settings = load({
    ABSTRACTGATEWAY_AUTH_TOKEN: "a, b",
    ABSTRACTGATEWAY_AUTH_TOKENS: "c,,d ",
    ABSTRACTGATEWAY_SECURITY: "off",
    ABSTRACTGATEWAY_TRUST_PROXY: "YES",
    ABSTRACTGATEWAY_LOCKOUT_BASE_S: "0.5",
    ABSTRACTGATEWAY_MAX_BODY_BYTES: "1000",
    ABSTRACTRUNTIME_MAX_INLINE_BYTES: "-1",
    ABSTRACTGATEWAY_WORKSPACE_MOUNTS: "docs=/srv/docs\n\n code = /srv/a=b ",
    ABSTRACTGATEWAY_MODELS_DIR: ["m1", "/m2"].join(delimiter),
    ABSTRACTGATEWAY_CRASH_AT: "after-commit:3",
    ABSTRACTGATEWAY_TOOL_MODE: "local_all",
    ABSTRACTGATEWAY_LOG_LEVEL: "WARNING",
    ABSTRACTGATEWAY_DB_PATH: "runtime/sub/x.sqlite3",
    ABSTRACTGATEWAY_DRAFT_RUN_TTL_S: "60",
    ABSTRACTGATEWAY_PROMPT_CACHE: "off",
    ABSTRACTGATEWAY_DISCOVERY_MODEL_TIMEOUT_S: "2.5",
    ABSTRACTGATEWAY_RETENTION_RUNS_DAYS: "0.5",
    ABSTRACTGATEWAY_GC_INTERVAL_S: "60",
  });
  expect(settings.models).toMatchObject({ cachesPrompts: false, timeouts: { listMs: 2500 } });
  expect(settings.retention).toMatchObject({ runsDays: 0.5, intervalMs: 60_000 });
  expect(settings.auth).toMatchObject({
    tokens: ["a", "b", "c", "d"],
    enabled: false,
    trustProxy: true,
    lockoutBaseS: 0.5,
  });
  expect(settings.limits).toMatchObject({ maxBodyBytes: 1000, maxInlineBytes: -1 });
  expect(settings.workspace.mounts).toEqual([
    { name: "docs", path: "/srv/docs" },
    { name: "code", path: "/srv/a=b" },
  ]);
  expect(settings.models.dirs).toEqual([join(cwd, "m1"), "/m2"]);
  expect(settings.runtime.crashAt).toEqual({ point: "after-commit", count: 3 });
  expect(settings).toMatchObject({ toolMode: "local", logLevel: "warn", draftTtlS: 60 });
  expect(settings.dbPath).toBe(join(cwd, "runtime/sub/x.sqlite3"));
});

test("a key is all that a cloud needs, and what somebody names goes before it", () => {
  const endpoints = (env: Record<string, string>) =>
    load(env).models.endpoints.map(({ id, kind, baseUrl, apiKey }) => [id, kind, baseUrl, apiKey]);
  expect(
    endpoints({
      OPENAI_API_KEY: "a",
      ANTHROPIC_API_KEY: "b",
      GEMINI_API_KEY: "c",
      MISTRAL_API_KEY: "d",
      OPENROUTER_API_KEY: "e",
    }),
  ).toEqual([
    ["openai", "openai", "https://api.openai.com/v1", "a"],
    ["anthropic", "anthropic", "https://api.anthropic.com/v1", "b"],
    ["google", "google", "https://generativelanguage.googleapis.com/v1beta", "c"],
    ["mistral", "openai-compatible", "https://api.mistral.ai/v1", "d"],
    ["openrouter", "openai-compatible", "https://openrouter.ai/api/v1", "e"],
  ]);
  expect(endpoints({ OPENAI_API_KEY: "a", OPENAI_BASE_URL: "http://lab/v1" })).toEqual([
    ["openai-compatible", "openai-compatible", "http://lab/v1", "a"],
  ]);
  const own = JSON.stringify([{ id: "anthropic", baseUrl: "http://proxy/v1" }]);
  expect(endpoints({ ANTHROPIC_API_KEY: "b", ABSTRACTGATEWAY_OPENAI_ENDPOINTS: own })).toEqual([
    ["anthropic", "openai-compatible", "http://proxy/v1", null],
  ]);
  expect(endpoints({ AZURE_RESOURCE_NAME: "acme", AZURE_API_KEY: "z" })).toEqual([
    ["azure", "openai", "https://acme.openai.azure.com/openai/v1", "z"],
  ]);
  expect(endpoints({ AZURE_OPENAI_ENDPOINT: "http://here/", AZURE_OPENAI_API_KEY: "z" })).toEqual([
    ["azure", "openai", "http://here/openai/v1", "z"],
  ]);
  expect(endpoints({ AZURE_API_KEY: "z" })).toEqual([]);
  expect(endpoints({ ANTHROPIC_API_KEY: "b", ANTHROPIC_BASE_URL: "http://here/v1/" })).toEqual([
    ["anthropic", "anthropic", "http://here/v1", "b"],
  ]);
});

test("prices are dollars for a million tokens, and bad ones are named", () => {
  const of = (text: string) => load({ ABSTRACTGATEWAY_MODEL_PRICES: text }).models.prices;
  expect(of('{"openai/gpt-5":{"input":1.25,"output":10,"cachedInput":0.1},"lab/*":{"input":0,"output":0}}')).toEqual({
    "openai/gpt-5": { input: 1.25, output: 10, cachedInput: 0.1 },
    "lab/*": { input: 0, output: 0 },
  });
  for (const bad of ["{", "[]", '{"a/b":{"input":1}}', '{"a/b":{"input":-1,"output":1}}', '{"a/b":3}']) {
    expect(() => of(bad), bad).toThrow(/^ABSTRACTGATEWAY_MODEL_PRICES/);
  }
});

test("model servers come from the names that everybody uses and from a list", () => {
  const { models } = load({
    OPENAI_BASE_URL: "http://localhost:9/v1/",
    OPENAI_API_KEY: "k",
    LMSTUDIO_BASE_URL: "http://localhost:1234/v1",
    OLLAMA_BASE_URL: "http://localhost:11434/v1",
    ABSTRACTGATEWAY_OPENAI_ENDPOINTS:
      '[{"id":"lab","baseUrl":"https://lab/v1","apiKey":"s","label":"Lab"},{"id":"x","baseUrl":"http://x"}]',
    ABSTRACTGATEWAY_DEFAULT_PROVIDER: "lab",
    ABSTRACTGATEWAY_DEFAULT_MODEL: "m",
  });
  expect(models.endpoints.map(({ id, baseUrl, apiKey }) => [id, baseUrl, apiKey])).toEqual([
    ["openai-compatible", "http://localhost:9/v1", "k"],
    ["lmstudio", "http://localhost:1234/v1", null],
    ["ollama", "http://localhost:11434/v1", null],
    ["lab", "https://lab/v1", "s"],
    ["x", "http://x", null],
  ]);
  expect(models).toMatchObject({ defaultProvider: "lab", defaultModel: "m" });
});

describe("a setting that makes no sense is refused with its name, the value and the rule:", () => {
  test.each([
    ["ABSTRACTGATEWAY_PORT", "65536", "must be a whole number from 0 to 65535, not '65536'"],
    ["ABSTRACTGATEWAY_PORT", "80.5", "whole number"],
    ["ABSTRACTGATEWAY_PORT", "Infinity", "whole number"],
    ["ABSTRACTFLOW_GATEWAY_MAX_SSE", "many", "must be a whole number from 1"],
    ["ABSTRACTGATEWAY_MAX_BODY_BYTES", "0", "must be a whole number from 1"],
    ["ABSTRACTGATEWAY_LOCKOUT_BASE_S", "-1", "must be a number from 0"],
    ["ABSTRACTGATEWAY_RUNNER", "maybe", "must be true or false, not 'maybe'"],
    ["ABSTRACTGATEWAY_TOOL_MODE", "free", "must be one of approval, passthrough, delegated, local"],
    ["ABSTRACTGATEWAY_TOOL_MODE", "constructor", "must be one of"],
    ["ABSTRACTGATEWAY_LOG_LEVEL", "loud", "must be one of error, warn"],
    ["ABSTRACTGATEWAY_WORKFLOW_SOURCE", "visualflow", "must be one of bundle"],
    ["ABSTRACTGATEWAY_MEMORY_STORE_BACKEND", "paper", "must be one of lancedb, sqlite, memory"],
    ["ABSTRACTGATEWAY_DB_PATH", "/elsewhere/x.sqlite3", "must lie under the data folder"],
    ["ABSTRACTGATEWAY_DB_PATH", "runtime/../x.sqlite3", "must lie under the data folder"],
    ["ABSTRACTGATEWAY_DB_PATH", "runtime", "must lie under the data folder"],
    ["ABSTRACTGATEWAY_WORKSPACE_MOUNTS", "docs=relative", "is not name=/absolute/path"],
    ["ABSTRACTGATEWAY_CRASH_AT", "x", "must be point:count"],
    ["ABSTRACTGATEWAY_PROMPT_CACHE", "maybe", "must be true or false"],
    ["ABSTRACTGATEWAY_DISCOVERY_TIMEOUT_S", "11", "must be a number from 0.2 to 10"],
    ["ABSTRACTGATEWAY_RETENTION_RUNS_DAYS", "-1", "must be a number from 0"],
    ["ABSTRACTGATEWAY_LOCAL_THREADS", "0", "must be a whole number from 1"],
    ["OPENAI_BASE_URL", "localhost:9", "must be an http or https address"],
    ["ABSTRACTGATEWAY_OPENAI_ENDPOINTS", "{", "is not JSON"],
    ["ABSTRACTGATEWAY_OPENAI_ENDPOINTS", "{}", "must be a list"],
    ["ABSTRACTGATEWAY_OPENAI_ENDPOINTS", "[null]", "[0] must be an object"],
    ["ABSTRACTGATEWAY_OPENAI_ENDPOINTS", '[{"id":"a b","baseUrl":"http://x"}]', "[0].id must be"],
    ["ABSTRACTGATEWAY_OPENAI_ENDPOINTS", '[{"id":"a","baseUrl":"ftp://x"}]', "[0].baseUrl must be an http"],
    [
      "ABSTRACTGATEWAY_OPENAI_ENDPOINTS",
      '[{"id":"a","baseUrl":"http://x"},{"id":"a","baseUrl":"http://y"}]',
      "the id 'a' is there twice",
    ],
  ])("%s=%s", (name, value, rule) => {
    const refuse = () => load({ [name]: value });
    expect(refuse).toThrow(AppError);
    expect(refuse).toThrow(name);
    expect(refuse).toThrow(rule);
  });

  test("a store that is not there", () => {
    expect(() => load({ ABSTRACTGATEWAY_STORE_BACKEND: "paper" })).toThrow("must be one of sqlite, file");
    expect(load({ ABSTRACTGATEWAY_STORE_BACKEND: "FILE" }).storeBackend).toBe("file");
  });
});

describe("a settings file", () => {
  test("that is named must be there, the usual one need not", () => {
    expect(() => load({}, { envFile: join(cwd, "missing.env") })).toThrow("missing.env cannot be read");
    expect(load({}, { cwd: join(cwd, "no-such-folder") }).port).toBe(8080);
  });

  test("that is broken is named with the line", async () => {
    expect(() => load({}, { cwd: "/", envFile: join(cwd, "x.env") })).toThrow("x.env");
    const folder = await folderWith("A=1\nnonsense\n");
    expect(() => load({}, { cwd: folder })).toThrow(`${join(folder, ".env")} line 2 is not KEY=value`);
  });

  test.skipIf(process.getuid?.() === 0)("that may not be read is not passed over (skipped as root)", async () => {
    const folder = await folderWith("A=1");
    await chmod(join(folder, ".env"), 0);
    expect(() => load({}, { cwd: folder })).toThrow("cannot be read");
  });
});

describe("variables that nothing reads are told:", () => {
  const warnings = (env: Record<string, string>) => loadConfiguration({ env, cwd, flags: { port: 1 } }).warnings;

  test("typing errors with the name that was meant", () => {
    expect(
      warnings({
        ABSTRACTGATEWAY_AUTH_TOKN: "secret",
        ABSTRACTGATEWAY_DTAA_DIR: "x",
        ABSTRACTFLOW_GATEWAY_MAX_SEE: "1",
      }),
    ).toEqual([
      "ABSTRACTFLOW_GATEWAY_MAX_SEE is not a setting: did you mean ABSTRACTFLOW_GATEWAY_MAX_SSE?",
      "ABSTRACTGATEWAY_AUTH_TOKN is not a setting: did you mean ABSTRACTGATEWAY_AUTH_TOKEN?",
      "ABSTRACTGATEWAY_DTAA_DIR is not a setting: did you mean ABSTRACTGATEWAY_DATA_DIR?",
    ]);
    expect(warnings({ ABSTRACTGATEWAY_FROBNICATION_LEVEL: "9" })).toEqual([
      "ABSTRACTGATEWAY_FROBNICATION_LEVEL is not a setting",
    ]);
  });

  test("parts that this build does not have", () => {
    expect(warnings({ ABSTRACTGATEWAY_SESSIONS_FILE: "x", ABSTRACTGATEWAY_VOICE_TTS_ENGINE: "x" })).toEqual([
      "ABSTRACTGATEWAY_SESSIONS_FILE is set, but has no effect in this build",
      "ABSTRACTGATEWAY_VOICE_TTS_ENGINE is set, but has no effect in this build",
    ]);
  });

  test("those in the file too", async () => {
    const folder = await folderWith("ABSTRACTGATEWAY_PROT=1");
    expect(loadConfiguration({ env: {}, cwd: folder }).warnings).toHaveLength(1);
  });

  test("but nothing about known, blank and foreign ones", () => {
    const known = {
      ABSTRACTGATEWAY_PORT: "1",
      ABSTRACTGATEWAY_MEMORY_STORE_BACKEND: "sqlite",
      ABSTRACTFLOW_GATEWAY_RUNNER: "1",
    };
    expect(warnings({ ...known, ABSTRACTGATEWAY_PROT: "", PATH: "/bin", ABSTRACTGATEWAY_URL: "http://x" })).toEqual([]);
  });
});

test("web tools search where the operator says, and what a search needs is asked for", () => {
  const web = (env: Record<string, string>) => load(env).web;
  expect(web({ ABSTRACTGATEWAY_ALLOWED_HOSTS: "wiki.local, *.lab:8080" }).allowedHosts).toEqual([
    "wiki.local",
    "*.lab:8080",
  ]);
  const searx = { ABSTRACTGATEWAY_SEARCH_PROVIDER: "searxng", ABSTRACTGATEWAY_SEARCH_URL: "http://searx.local" };
  expect(web(searx).search).toEqual({ provider: "searxng", baseUrl: "http://searx.local", apiKey: null });
  expect(() => web({ ABSTRACTGATEWAY_SEARCH_PROVIDER: "searxng" })).toThrow("needs ABSTRACTGATEWAY_SEARCH_URL");
  expect(() => web({ ABSTRACTGATEWAY_SEARCH_PROVIDER: "brave" })).toThrow("needs ABSTRACTGATEWAY_SEARCH_API_KEY");
  expect(() => web({ ABSTRACTGATEWAY_SEARCH_URL: "searx" })).toThrow("must be an http or https address");
});

test("what lies below the configured data folder goes with it when a flag names another", () => {
  const env = {
    ABSTRACTGATEWAY_DATA_DIR: "./runtime",
    ABSTRACTGATEWAY_FLOWS_DIR: "./runtime/flows",
    ABSTRACTGATEWAY_DB_PATH: "./runtime/db/gateway.sqlite3",
  };
  const moved = loadSettings({ env, flags: { dataDir: "other" }, cwd, envFile: null });
  expect(moved.dbPath).toBe(join(cwd, "other/db/gateway.sqlite3"));
  expect(moved.flowsDir).toBe(join(cwd, "other/flows"));
  const elsewhere = { ...env, ABSTRACTGATEWAY_FLOWS_DIR: "/srv/flows" };
  expect(loadSettings({ env: elsewhere, flags: { dataDir: "other" }, cwd, envFile: null }).flowsDir).toBe("/srv/flows");
  expect(loadSettings({ env, cwd, envFile: null }).dbPath).toBe(join(cwd, "runtime/db/gateway.sqlite3"));
});
